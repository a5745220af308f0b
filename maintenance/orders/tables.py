"""Tables of this folder; `maintenance/schema.py` puts all together."""
