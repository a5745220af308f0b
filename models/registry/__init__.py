"""Trained models as files that are signed, described and never run as code, and the versions of them."""
