"""The tables that migrations make are those that the code knows, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from feint.errors import StoreError
from feint.runs.store.database import Database
from feint.runs.store.migrations import tables
from feint.runs.store.schema import HEAD, METADATA
from feint.runs.store.store import Store


def test_the_head_is_the_last_step():
    config = Config()
    config.set_main_option("script_location", str(tables.STEPS))
    steps = ScriptDirectory.from_config(config)
    assert steps.get_heads() == [HEAD]
    assert steps.get_bases() == ["0001"]


def test_migrations_make_the_tables(address):
    database = Database.open(address)
    with database.reading() as connection:
        assert tables.revision(connection) == HEAD
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_opening_again_changes_nothing(address, write_run):
    with Store.open(address) as store:
        run = store.register(write_run())
    with Store.open(address) as store:
        assert store.runs() == [run]


def test_a_store_of_a_newer_feint_is_refused(address):
    database = Database.open(address)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StoreError, match=f"at revision 9999, and this feint knows {HEAD}: it was made by a newer"):
        Database.open(address)


def test_a_step_that_fails_leaves_the_database_as_it_was(address, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer._insert_version", fail)
        with pytest.raises(ZeroDivisionError):
            Database.open(address)
    with Store.open(address) as store:
        assert store.runs() == []
