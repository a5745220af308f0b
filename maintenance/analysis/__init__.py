"""Figures about maintenance, each with its written definition and the rows behind it."""
