"""Orders with their causes and parts, audit, outbox, idempotency keys, assessments, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATUSES = "'WAPPR', 'APPR', 'WSCH', 'WMATL', 'WPCOND', 'INPRG', 'COMP', 'CLOSE', 'CAN'"
KINDS = "'condition', 'preventive', 'corrective', 'emergency', 'inspection', 'instrument'"

# (trigger, when, table, what it says)
GUARDS = (
    ("audit_no_update", "UPDATE", "audit", "audit rows are never changed"),
    ("audit_no_delete", "DELETE", "audit", "audit rows are never deleted"),
    ("audit_head_no_delete", "DELETE", "audit_head", "the head of the audit is never deleted"),
    (
        "order_cause_frozen",
        "UPDATE OF evidence, component, mechanism, asset, order_id, added_at_us",
        "order_cause",
        "evidence is frozen",
    ),
    ("order_cause_no_delete", "DELETE", "order_cause", "causes are never deleted"),
)


def upgrade() -> None:
    _orders()
    _audit()
    _messages()
    _assessments()
    _settings()
    for guard in GUARDS:
        _refuse(*guard)


def _orders() -> None:
    op.create_table(
        "work_order",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
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
        sa.Column("follows", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_work_order"),
        sa.UniqueConstraint("number", name="uq_work_order_number"),
        sa.ForeignKeyConstraint(["follows"], ["work_order.id"], name="fk_work_order_follows"),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("ck_work_order_status")),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_work_order_kind")),
        sa.CheckConstraint(
            "verification IN ('pending', 'passed', 'failed', 'waived')",
            name=op.f("ck_work_order_verification"),
        ),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name=op.f("ck_work_order_priority")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_work_order_revision")),
    )
    op.create_index("ix_work_order_created_at_us_number", "work_order", ["created_at_us", "number"])
    op.create_index("ix_work_order_asset_created_at_us", "work_order", ["asset", "created_at_us"])
    op.create_index("ix_work_order_status_created_at_us", "work_order", ["status", "created_at_us"])
    _causes_and_parts()


def _causes_and_parts() -> None:
    op.create_table(
        "order_cause",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("component", sa.String(200), nullable=False),
        sa.Column("mechanism", sa.String(100), nullable=False),
        sa.Column("failure_mode", sa.String(16), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("added_at_us", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_cause"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_cause_order_id"),
    )
    op.create_index("ix_order_cause_asset_component", "order_cause", ["asset", "component"])
    op.create_index(
        "uq_order_cause_open",
        "order_cause",
        ["asset", "component", "mechanism"],
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    op.create_table(
        "order_part",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_part"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_part_order_id"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_part_quantity")),
        sa.UniqueConstraint("order_id", "part", name="uq_order_part_order_id_part"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("role", sa.String(50), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("prev", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_subject_seq", "audit", ["subject", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        sqlite_where=sa.text("delivered_at_us IS NULL"),
        postgresql_where=sa.text("delivered_at_us IS NULL"),
    )
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_expires_at_us", "idempotency", ["expires_at_us"])


def _assessments() -> None:
    op.create_table(
        "assessment",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("asset", "at_us", name="pk_assessment"),
    )
    op.create_table(
        "assessment_latest",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_assessment_latest"),
    )


def _settings() -> None:
    op.create_table(
        "setting",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
    sequence = op.create_table(
        "sequence",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )
    op.bulk_insert(sequence, [{"name": "work_order", "value": 0}])


def _refuse(trigger: str, event: str, table: str, message: str) -> None:
    """A trigger that lets the statement fail, in the words of the dialect at hand."""
    if op.get_context().dialect.name == "sqlite":
        body = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} {body}")
        return
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()")
