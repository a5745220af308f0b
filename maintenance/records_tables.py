"""The tables of the records, as this version of the program reads and writes them.

`migrations/versions` builds them step by step; a test compares the two. Nothing here is SQLite's alone: partial indexes
carry their condition for both dialects, JSON of the audit and the outbox is kept as text so that its bytes never
change.
"""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from forewarn.core.model_cards import Stage
from forewarn.core.work import OrderKind, Status, Verification

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only what is called INTEGER


def one_of(column: str, words: type[StrEnum]) -> sa.CheckConstraint:
    """The column holds one of the words of an enumeration of `core`."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


WORK_ORDER = sa.Table(
    "work_order",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("asset", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("status", sa.String(8), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("steps", sa.JSON, nullable=False),
    sa.Column("repair_hours", sa.Float, nullable=False),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("updated_at_us", sa.BigInteger, nullable=False),
    sa.Column("refreshed_at_us", sa.BigInteger, nullable=False),
    sa.Column("finished_at_us", sa.BigInteger),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("rul_p10_h", sa.Float),
    sa.Column("rul_p50_h", sa.Float),
    sa.Column("rul_p90_h", sa.Float),
    sa.Column("order_by_us", sa.BigInteger),
    sa.Column("start_by_us", sa.BigInteger),
    sa.Column("win_probability", sa.Float),
    sa.Column("verification", sa.String(8), nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("driver", sa.String(300), nullable=False),
    sa.Column("follows", sa.String(36), sa.ForeignKey("work_order.id")),
    sa.Column("origin", sa.String(200)),
    sa.Column("planned_cost", sa.Float, nullable=False, server_default=sa.text("0")),
    sa.Column("currency", sa.String(3), nullable=False, server_default=sa.text("'EUR'")),
    sa.Column("approved_cost", sa.Float),
    sa.Column("approved_by", sa.String(200)),
    sa.Column("draft", sa.String(8), nullable=False, server_default=""),
    sa.Column("reserve_parts", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed", sa.Text, nullable=False, server_default=""),
    one_of("status", Status),
    one_of("kind", OrderKind),
    one_of("verification", Verification),
    sa.CheckConstraint("priority BETWEEN 1 AND 5", name="priority"),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.Index(None, "created_at_us", "number"),
    sa.Index(None, "asset", "created_at_us"),
    sa.Index(None, "status", "created_at_us"),
    sa.Index(None, "follows"),
    # An order that somebody asks for twice is one order, however many programs ask.
    sa.Index("uq_work_order_origin", "origin", unique=True),
)

ORDER_CAUSE = sa.Table(
    "order_cause",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("asset", sa.String(200), nullable=False),
    sa.Column("component", sa.String(200), nullable=False),
    sa.Column("mechanism", sa.String(100), nullable=False),
    sa.Column("failure_mode", sa.String(16), nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("added_at_us", sa.BigInteger, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Index(None, "asset", "component"),
    # The rule of one open order: no program, however many of them run, can write a second one.
    sa.Index(
        "uq_order_cause_open",
        "asset",
        "component",
        "mechanism",
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    ),
)

ORDER_PART = sa.Table(
    "order_part",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.UniqueConstraint("order_id", "part"),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("role", sa.String(50), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index(None, "subject", "seq"),
)

AUDIT_HEAD = sa.Table(  # one row: who wants to append locks it first, and a cut tail shows
    "audit_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("delivered_at_us", sa.BigInteger),
    sa.Column("subject", sa.String(200), nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("retry_at_us", sa.BigInteger),
    sa.Column("dead_at_us", sa.BigInteger),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Index(
        "ix_outbox_waiting",
        "subject",
        "id",
        sqlite_where=sa.text("delivered_at_us IS NULL AND dead_at_us IS NULL"),
        postgresql_where=sa.text("delivered_at_us IS NULL AND dead_at_us IS NULL"),
    ),
    sa.Index(
        "ix_outbox_dead",
        "id",
        sqlite_where=sa.text("dead_at_us IS NOT NULL"),
        postgresql_where=sa.text("dead_at_us IS NOT NULL"),
    ),
    sa.Index(
        "ix_outbox_pending",
        "id",
        sqlite_where=sa.text("delivered_at_us IS NULL"),
        postgresql_where=sa.text("delivered_at_us IS NULL"),
    ),
    sqlite_autoincrement=True,  # a number is never given twice: receivers tell repeats by it
)

IDEMPOTENCY = sa.Table(
    "idempotency",
    METADATA,
    sa.Column("actor", sa.String(200), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Index(None, "expires_at_us"),
)

ASSESSMENT = sa.Table(
    "assessment",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("at_us", sa.BigInteger, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

ASSESSMENT_LATEST = sa.Table(
    "assessment_latest",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("kept", sa.Integer, nullable=False),
)

SETTING = sa.Table(
    "setting",
    METADATA,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

SEQUENCE = sa.Table(
    "sequence",
    METADATA,
    sa.Column("name", sa.String(50), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

SENSOR_EVENT = sa.Table(
    "sensor_event",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("asset", sa.String(200), nullable=False),
    sa.Column("signal", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("ne107", sa.String(32), nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index(None, "asset", "id"),
    # A problem that lasts is one event, however many programs watch.
    sa.Index(
        "uq_sensor_event_open",
        "asset",
        "signal",
        "kind",
        unique=True,
        sqlite_where=sa.text("until_us IS NULL"),
        postgresql_where=sa.text("until_us IS NULL"),
    ),
    sqlite_autoincrement=True,
)

MODEL_NAME = (
    sa.Table(  # one row for each name: who changes its versions locks it first, and a number is never given twice
        "model_name",
        METADATA,
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.CheckConstraint("newest >= 0", name="newest"),
    )
)

MODEL_VERSION = sa.Table(
    "model_version",
    METADATA,
    sa.Column("name", sa.String(64), sa.ForeignKey("model_name.name"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("file_sha256", sa.String(64), nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.Column("report_sha256", sa.String(64), nullable=False),
    sa.Column("promoted_at_us", sa.BigInteger),
    sa.Column("failed", sa.Text, nullable=False),
    one_of("stage", Stage),
    sa.CheckConstraint("version >= 1", name="version"),
    sa.CheckConstraint("revision >= 1", name="revision"),
    # One version decides, however many programs promote at once.
    sa.Index(
        "uq_model_version_champion",
        "name",
        unique=True,
        sqlite_where=sa.text("stage = 'champion'"),
        postgresql_where=sa.text("stage = 'champion'"),
    ),
)

RETRAINING_TASK = sa.Table(
    "retraining_task",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("model", sa.String(64), nullable=False),
    sa.Column("asset_class", sa.String(200), nullable=False),
    sa.Column("opened_at_us", sa.BigInteger, nullable=False),
    sa.Column("seen_at_us", sa.BigInteger, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("closed_by", sa.String(200), nullable=False),
    # A model that keeps drifting is one task, however many programs watch it.
    sa.Index(
        "uq_retraining_task_open",
        "model",
        "asset_class",
        unique=True,
        sqlite_where=sa.text("closed_at_us IS NULL"),
        postgresql_where=sa.text("closed_at_us IS NULL"),
    ),
    sqlite_autoincrement=True,
)

SHELVED = sa.Table(  # `limit` is "" for the whole asset
    "shelved",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("limit", sa.String(200), primary_key=True),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
