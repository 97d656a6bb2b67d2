"""Run by Alembic. `Database.migrate` hands the connection over and owns its transaction."""

from alembic import context

from bot.storage.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=list(METADATA))
with context.begin_transaction():
    context.run_migrations()
