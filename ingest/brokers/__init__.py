"""Somebody else's broker as a source: a persistent session, ordered acknowledgements, and what it can lose."""
