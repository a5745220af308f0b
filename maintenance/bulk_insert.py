"""Thousands of rows of one table in a few statements: the same rows as `connection.execute(table.insert(), rows)`.

That road prepares every value of every row in Python and sends PostgreSQL row after row. Here SQLite's driver gets
plain tuples, and PostgreSQL a block of rows as one JSON text, which it takes apart itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter

import sqlalchemy as sa

BLOCK = 1_000
"""Rows of one statement on PostgreSQL: about a megabyte of orders."""


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows that all name the same columns, two or more.

    A column that they leave out needs a default of the database, and one of JSON holds an object or a list. Raises what
    an insert raises; numbers that JSON does not know (NaN) are a ValueError on PostgreSQL.
    """
    if not rows:
        return
    columns = [column for column in table.c if column.name in rows[0]]
    if connection.dialect.name == "postgresql":
        _in_blocks(connection, table, columns, rows)
    else:
        _by_its_driver(connection, table, columns, rows)


def _in_blocks(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.Column[object]],
    rows: Sequence[Mapping[str, object]],
) -> None:
    quoted = connection.dialect.identifier_preparer
    name, names = quoted.format_table(table), ", ".join(quoted.format_column(column) for column in columns)
    statement = sa.text(
        f"INSERT INTO {name} ({names})"
        f" SELECT {names} FROM json_populate_recordset(CAST(NULL AS {name}), CAST(:rows AS json))"
    )
    for first in range(0, len(rows), BLOCK):
        connection.execute(statement, {"rows": json.dumps(rows[first : first + BLOCK], allow_nan=False)})


def _by_its_driver(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.Column[object]],
    rows: Sequence[Mapping[str, object]],
) -> None:
    dialect = connection.dialect
    names = [column.name for column in columns]
    statement = str(table.insert().compile(dialect=dialect, column_keys=names))
    values = list(map(itemgetter(*names), rows))
    for place, column in enumerate(columns):
        convert = column.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            values = [(*row[:place], convert(row[place]), *row[place + 1 :]) for row in values]
    connection.exec_driver_sql(statement, values)
