"""SQLite in WAL mode and PostgreSQL behind one face. There is one writer; readers never wait for it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from feint.errors import SpecError, StoreError

from . import place
from .migrations import tables

_LOCK = 0x6665696E74  # "feint"
_BUSY = ("locked", "busy", "lock timeout")


@final
class Database:
    """Connections to a store.

    Attributes:
        url: its address, without the password.
        engine: SQLAlchemy's.
    """

    def __init__(self, engine: Engine, wait: float) -> None:
        self.engine = engine
        self.url = engine.url.render_as_string(hide_password=True)
        self._wait = wait

    @classmethod
    def open(cls, address: str | None = None, *, wait: float = 30.0) -> "Database":
        """Connect, and bring the tables up to date.

        Args:
            address: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``; None for what `place` says.
            wait: seconds to wait for a server to answer, and for another writer to be done.

        Raises:
            SpecError: an address of neither kind, or its driver is missing.
            StoreError: it cannot be opened.
        """
        url = _read(address or place.database_url())
        database = cls(_sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url, wait), wait)
        try:
            with database.reading() as connection:
                current = tables.revision(connection) == tables.HEAD
            if not current:
                with database.writing() as connection:
                    if tables.revision(connection) != tables.HEAD:  # nobody else was quicker
                        tables.upgrade(connection)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def sqlite(self) -> bool:
        """Which of the two it is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection that sees one state of the store.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._explained("read"), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, wait: float | None = None) -> Generator[Connection]:
        """The one connection that writes; all of it counts, or nothing.

        Args:
            wait: seconds to wait for another writer.

        Raises:
            StoreError: the database cannot be written, or another process still writes.
        """
        wait = self._wait if wait is None else wait
        with self._explained("written"), self.engine.connect() as connection:
            if self.sqlite:
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout = {int(1000 * wait)}")
                connection = connection.execution_options(writes=True)
            with connection.begin():
                if not self.sqlite:
                    self._queue(connection, wait)
                yield connection

    def _queue(self, connection: Connection, wait: float) -> None:
        if wait > 0:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(1000 * wait)}"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        elif not connection.execute(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")).scalar():
            raise StoreError(f"the store {self.url} cannot be written: another process writes it")

    @contextmanager
    def _explained(self, what: str) -> Generator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            reason = (str(told).strip().splitlines() or [type(told).__name__])[0]
            if any(word in reason for word in _BUSY):
                reason = "another process writes it"
            raise StoreError(f"the store {self.url} cannot be {what}: {reason}") from error

    def close(self) -> None:
        """Give up its connections."""
        self.engine.dispose()

    def __repr__(self) -> str:
        return f"Database({self.url})"


def _read(address: str) -> URL:
    expected = f"{place.URL}: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        url = make_url(address)
        kind = url.get_backend_name()
    except (ArgumentError, ValueError) as error:  # its message would repeat a password
        raise SpecError(f"{expected}, got something that is no address") from error
    if kind not in ("sqlite", "postgresql"):
        raise SpecError(f"{expected}, got {kind}")
    if kind == "sqlite" and not url.database:
        raise SpecError(f"{expected}, got no file")
    return url.set(drivername="sqlite+pysqlite" if kind == "sqlite" else "postgresql+psycopg")


def _sqlite(url: URL) -> Engine:
    assert url.database is not None
    folder = Path(url.database).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the store {url.database} cannot be made: {error.strerror}") from error
    engine = create_engine(url)

    def connect(driver: Any, _: object) -> None:
        driver.isolation_level = None  # transactions begin where we say so, and not where the driver thinks
        for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            driver.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        # A writer says so from the start: one that finds out later cannot wait for another.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _postgresql(url: URL, wait: float) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": max(2, min(10, round(wait)))})
    except ImportError as error:
        raise SpecError(f"{place.URL}: expected psycopg to be installed: pip install 'feint[postgres]'") from error
