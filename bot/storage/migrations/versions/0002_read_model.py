"""What is read at once is stored so: what exists when a run stops, which runs are listed, what is to be told.

Asks become submissions, threads tracked messages: the words of the code.
"""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STOPPED = ("failed", "cancelled")


def upgrade() -> None:
    _rename("asks", _submissions)
    op.create_index("submissions_by_state", "submissions", ["state", "number"], unique=False)
    _rename("threads", _tracked_messages, changed="1", shown="CASE state WHEN 'closed' THEN 1 ELSE 0 END")
    op.create_index("messages_by_place", "tracked_messages", ["channel", "ts"], unique=False)
    op.create_index("messages_by_request", "tracked_messages", ["request_id"], unique=False)
    to_tell = sa.text("changed <> shown AND state <> 'closed'")
    op.create_index(
        "messages_to_tell",
        "tracked_messages",
        ["number"],
        unique=False,
        sqlite_where=to_tell,
        postgresql_where=to_tell,
    )
    _widen_runs()
    _fill_runs()


def _rename(old: str, create: Callable[[], sa.Table], **new: str) -> None:
    """Made anew and filled, so that its sequence and constraints have the new name, too.

    `new`: what the columns that there were not are filled with.
    """
    connection = op.get_bind()
    table = create()
    kept = [column.name for column in table.columns if column.name not in new]
    into = ", ".join(f'"{name}"' for name in (*kept, *new))
    values = ", ".join((*(f'"{name}"' for name in kept), *new.values()))
    connection.execute(sa.text(f"INSERT INTO {table.name} ({into}) SELECT {values} FROM {old} ORDER BY number"))
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'number'), max(number))"
                f" FROM {table.name} HAVING count(*) > 0"
            )
        )
    op.drop_table(old)


def _widen_runs() -> None:
    """SQLite adds a column behind the constraints, where no table of ours has one: so it is made anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("runs", sa.Column("inventory", sa.JSON(none_as_null=True), nullable=True))
        op.add_column("runs", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.alter_column("runs", "listed", server_default=None)
    else:
        op.execute("CREATE TABLE old_runs AS SELECT * FROM runs")
        op.execute("CREATE TABLE old_journal AS SELECT * FROM journal")
        op.drop_table("journal")
        op.drop_table("runs")
        names = [column.name for column in _runs().columns if column.name not in {"inventory", "listed"}]
        kept = ", ".join(names)
        op.execute(f"INSERT INTO runs ({kept}, listed) SELECT {kept}, 0 FROM old_runs ORDER BY number")
        _journal()
        op.execute("INSERT INTO journal SELECT run_id, number, at, kind, stage, message, data FROM old_journal")
        op.drop_table("old_journal")
        op.drop_table("old_runs")
        unended = sa.text("status NOT IN ('cancelled', 'succeeded')")
        op.create_index("one_active_run_a_project", "runs", ["project"], unique=True, sqlite_where=unended)
        op.create_index("runs_by_project", "runs", ["project", "number"], unique=False)
        op.create_index("runs_by_status", "runs", ["status", "number"], unique=False)
    listed = sa.text("listed")
    op.create_index(
        "runs_listed", "runs", ["project"], unique=False, sqlite_where=listed, postgresql_where=listed
    )


def _fill_runs() -> None:
    connection = op.get_bind()
    runs = sa.table(
        "runs",
        sa.column("number", sa.Integer()),
        sa.column("id", sa.String()),
        sa.column("project", sa.String()),
        sa.column("status", sa.String()),
        sa.column("plan", sa.JSON()),
        sa.column("inventory", sa.JSON(none_as_null=True)),
        sa.column("listed", sa.Boolean()),
    )
    found = _inventories(connection)
    for run_id, inventory in found.items():
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(inventory=inventory))
    newest = sa.select(sa.func.max(runs.c.number)).group_by(runs.c.project)
    query = sa.select(runs.c.id, runs.c.status, runs.c.plan).where(runs.c.number.in_(newest))
    listed = [
        row.id
        for row in connection.execute(query).all()
        if not (row.status == "succeeded" and row.plan["goal"] == "absent")
        and not (row.status == "cancelled" and found.get(row.id) == [])
    ]
    for run_id in listed:
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(listed=True))


def _inventories(connection: sa.Connection) -> dict[str, list[Any]]:
    """What the journal has of it, by run: of the last attempt only, what an earlier one saw was worked on."""
    runs = sa.table("runs", sa.column("id", sa.String()), sa.column("status", sa.String()))
    journal = sa.table(
        "journal",
        sa.column("run_id", sa.String()),
        sa.column("number", sa.Integer()),
        sa.column("kind", sa.String()),
        sa.column("data", sa.JSON()),
    )
    told: Iterable[Any] = connection.execute(
        sa.select(journal.c.run_id, journal.c.kind, journal.c.data)
        .join(runs, runs.c.id == journal.c.run_id)
        .where(runs.c.status.in_(STOPPED), journal.c.kind.in_(("started", *STOPPED)))
        .order_by(journal.c.run_id, journal.c.number)
    )
    found: dict[str, list[Any]] = {}
    for row in told:
        if row.kind == "started":
            found.pop(row.run_id, None)
        elif isinstance(row.data.get("standing"), list):
            found[row.run_id] = row.data["standing"]
    return found


def _submissions() -> sa.Table:
    return op.create_table(
        "submissions",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("thread_ts", sa.String(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("key", name="one_submission_a_key"),
    )


def _tracked_messages() -> sa.Table:
    return op.create_table(
        "tracked_messages",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("root_ts", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("sending", sa.Integer(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("key", name="one_message_a_key"),
    )


def _runs() -> sa.Table:
    return op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("failure", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("journalled", sa.Integer(), nullable=False),
        sa.Column("cancel_attempt", sa.Integer(), nullable=True),
        sa.Column("inventory", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )


def _journal() -> sa.Table:
    return op.create_table(
        "journal",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
