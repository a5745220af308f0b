"""The package that an XLSX file is: what is refused before anything in it is read, and what damage is called. Pure."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import Limits

OLD_OFFICE = b"\xd0\xcf\x11\xe0"
MOST_ENTRIES = 2_000
MOST_RATIO, SMALL = 300, 20_000_000
"""A table packs to a tenth, one of equal rows to a hundredth; what packs to less is made to fill a memory."""

DAMAGES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, OSError, ValueError,
    LookupError, OverflowError, TypeError, AttributeError,
)  # fmt: skip
"""What zipfile and openpyxl raise for bytes that are no workbook; a search with changed bytes found each kind."""


@contextmanager
def opened(data: bytes, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """The package. Raises Rejected for one that is old, locked, too large or holds macros; and for damage and XML that
    is not allowed, whenever it shows while the package is read."""
    if data.startswith(OLD_OFFICE):
        raise Rejected("table_old", "this is an old .xls file or one with a password: save it as .xlsx without one")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            guard(package, limits)
            yield package
    except _xml_errors() as error:  # first: some of them are ValueErrors too
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        problem = f"the file holds XML that is damaged or not allowed ({told}): save it again"
        raise Rejected("table_damaged", problem) from None
    except DAMAGES as error:
        met = error.__cause__ or error  # openpyxl wraps what it met into a paragraph
        raise Rejected("table_damaged", f"the file is no XLSX that can be read ({met}): save it again") from None


def _xml_errors() -> tuple[type[Exception], ...]:
    from xml.etree.ElementTree import ParseError
    from xml.sax import SAXException

    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

    return (ParseError, SAXException, DefusedXmlException)


def guard(package: zipfile.ZipFile, limits: Limits) -> None:
    """Raises Rejected for a package that is not to be read."""
    entries = package.infolist()
    if len(entries) > MOST_ENTRIES:
        raise Rejected("table_size", f"the file holds {len(entries)} parts, a workbook has at most {MOST_ENTRIES}")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > limits.unpacked_bytes or (unpacked > SMALL and unpacked > MOST_RATIO * packed):
        raise Rejected("table_size", f"unpacked the file has {unpacked:,} bytes: split it, or save it again")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Rejected("table_locked", "the file has a password: save it without one")
    if any(entry.filename.lower().endswith(("vbaproject.bin", ".vbs")) for entry in entries):
        raise Rejected("table_macros", "the file holds macros: save it as .xlsx, without them")
