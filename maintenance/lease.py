"""A lease: of several programs on one database, one does a thing, until it stops doing it.

A program that stood still (SIGSTOP, a long pause of its machine) finds its lease taken when it asks again.
"""

from __future__ import annotations

from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.settings_table import keep_setting, setting

SECOND_US = 1_000_000


def take_lease(records: Records, name: str, owner: str, now_us: int, for_s: float) -> bool:
    """Take or keep a lease until `now_us` + `for_s` of wall time; False while somebody else has it.

    Written only when less than half of it is left. A lease that ends farther away than `for_s` is of a clock that ran
    ahead, and is free.

    >>> import tempfile
    >>> from forewarn.maintenance.records import open_records
    >>> records = open_records(f"sqlite:///{tempfile.mkdtemp()}/records.db")
    >>> [take_lease(records, "x", who, at_us, 60) for who, at_us in (("a", 0), ("b", 59_000_000), ("b", 60_000_000))]
    [True, False, True]
    >>> records.close()
    """
    key = f"lease:{name}"
    if _is_mine(setting(records, key), owner, now_us + round(for_s * SECOND_US / 2)):
        return True
    with records.write() as connection:
        in_turn(connection, key)
        held = setting(records, key)
        if _stands(held, now_us, for_s) and not _is_mine(held, owner, now_us):
            return False
        keep_setting(records, key, {"owner": owner, "until_us": now_us + round(for_s * SECOND_US)})
        return True


def _stands(held: object, now_us: int, for_s: float) -> bool:
    return isinstance(held, dict) and now_us < held["until_us"] <= now_us + round(for_s * SECOND_US)


def _is_mine(held: object, owner: str, until_us: int) -> bool:
    return isinstance(held, dict) and held["owner"] == owner and held["until_us"] > until_us
