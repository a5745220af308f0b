"""The catalogue of bad inputs: what senders do wrong, and what must come of it (tests/system/test_bad_input.py)."""
