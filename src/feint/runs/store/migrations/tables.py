"""From the tables that are there to those that this feint knows; Alembic is imported only where they differ."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from feint.errors import StoreError
from feint.runs.store.schema import HEAD, METADATA

STEPS = Path(__file__).parent


def revision(connection: Connection) -> str | None:
    """The revision that a database is at; None for an empty one."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Connection, target: str = HEAD) -> None:
    """Bring a database to a revision, inside the transaction that the connection is in.

    Raises:
        StoreError: it is at one that this feint does not know.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    steps: Any = ScriptDirectory.from_config(config)
    now = revision(connection)
    if now is not None and now not in {step.revision for step in steps.walk_revisions()}:
        raise StoreError(f"the store is at revision {now}, and this feint knows {HEAD}: it was made by a newer feint")

    def climb(at: Any, _: object) -> Any:
        return steps._upgrade_revs(target, at)

    with EnvironmentContext(config, steps, fn=climb) as environment:
        environment.configure(connection=connection, target_metadata=METADATA)
        environment.run_migrations()
