"""Small facts that the program keeps between runs, by key: the digest of the plant file, the origin of the clock."""

from __future__ import annotations

import json

import sqlalchemy as sa

from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import SETTING


def setting(records: Records, key: str) -> object:
    """The JSON value under a key, or None."""
    with records.read() as connection:
        text = connection.execute(sa.select(SETTING.c.value).where(SETTING.c.key == key)).scalar()
    return None if text is None else json.loads(text)


def keep_setting(records: Records, key: str, value: object) -> None:
    """Put a JSON value under a key, in place of the one before."""
    with records.write() as connection:
        in_turn(connection, "setting", key)
        updated = connection.execute(SETTING.update().where(SETTING.c.key == key).values(value=canonical(value)))
        if updated.rowcount == 0:
            connection.execute(SETTING.insert(), {"key": key, "value": canonical(value)})
