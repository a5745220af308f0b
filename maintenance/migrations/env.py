"""Alembic's entry: runs the steps on the connection that `records.open_records` hands over, in its transaction.

Without a connection (`alembic upgrade --sql`) it prints the statements for the dialect in `attributes["dialect"]`.
"""

from alembic import context

from forewarn.maintenance.schema import METADATA

connection = context.config.attributes.get("connection")
if connection is not None:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True)
else:
    context.configure(dialect_name=context.config.attributes["dialect"], target_metadata=METADATA)

with context.begin_transaction():
    context.run_migrations()
