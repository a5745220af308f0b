"""The shared vocabulary: values, units, tables of states, ports and errors.

Nothing here reads a clock, a file, the network or the environment, and nothing but the standard library and numpy is
imported. Every other folder speaks in these types, so that `ingest`, `models` and `maintenance` need not know one
another.
"""

VERSION = "0.1.0"
"""Version of Forewarn; `pyproject.toml` says the same, a test compares them."""
