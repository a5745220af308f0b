"""Versions of models as records: which there are, which decides, and which should be taught again."""
