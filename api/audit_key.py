"""The key that signs heads of the audit: a file of its own, kept as the key of the model files is."""

from __future__ import annotations

from pathlib import Path

from forewarn.maintenance.audit_heads import HeadKey


def head_key(file: Path) -> HeadKey:
    """The key in a file, made on first use with mode 0600. Raises Rejected "bad_key" for one that others may read."""
    from forewarn.models.registry.signing import signing_key

    return HeadKey(signing_key(file).secret)
