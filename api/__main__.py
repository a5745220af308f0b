"""`python -P -m forewarn.api ...` is `forewarn ...`."""

from forewarn.api.cli import main

main()
