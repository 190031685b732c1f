"""The tables. What changes here needs a migration in ``migrations/versions``; a test holds the two together.

Times are seconds since 1970, JSON is kept as text: both databases then store and order the same.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0001"
"""The revision that these tables are at."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Place(TypeDecorator[str]):
    """A path: names on disk need not be Unicode, texts in a database must be."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        """As JSON, where it is no text."""
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            return "json:" + json.dumps(value)
        return value

    def process_result_value(self, value: Any, dialect: object) -> Any:
        """The path again."""
        return json.loads(value[5:]) if isinstance(value, str) and value.startswith("json:") else value


def _run(**how: Any) -> "Column[int]":
    return Column("run", Integer, ForeignKey("runs.key", ondelete="CASCADE"), **how)


DATA = Table(
    "data_sets",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("source", Text, nullable=False),
    Column("classes", Integer),
    Column("shape", String(64)),
)

VICTIMS = Table(
    "victims",
    METADATA,
    Column("key", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("estimator", Text, nullable=False),
    UniqueConstraint("hash", "name", "estimator"),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("key", Integer, primary_key=True),
    Column("id", String(128), nullable=False, index=True),
    Column("folder", Place, nullable=False, unique=True),
    Column("cwd", Place, nullable=False),
    Column("experiment", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("finished", BigInteger),
    Column("command", Text, nullable=False),
    Column("victim", Text, nullable=False),
    Column("estimator", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("data_hash", String(64), ForeignKey("data_sets.hash")),
    Column("images", Integer),
    Column("attack", Text, nullable=False),
    Column("measure", String(64), nullable=False),
    Column("protocol", String(10), nullable=False),
    Column("accuracy", Float(53)),
    Column("aurc", Float(53)),
    Column("radius", Float(53)),
    Column("attacked_aurc", Float(53)),
    Column("effective_radius", Float(53)),
    Column("searched", Text, nullable=False),
    Index(None, "created", "key"),
    Index(None, "experiment", "created"),
    Index(None, "state", "created"),
    Index(None, "protocol"),
)

DETAILS = Table(
    "details",
    METADATA,
    _run(primary_key=True),
    Column("settings", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("versions", Text, nullable=False),
)

SUMMARIES = Table("summaries", METADATA, _run(primary_key=True), Column("summary", Text, nullable=False))

RUN_VICTIMS = Table(
    "run_victims",
    METADATA,
    _run(primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("victim", Integer, ForeignKey("victims.key"), nullable=False, index=True),
)

METRICS = Table(
    "metrics",
    METADATA,
    _run(primary_key=True),
    Column("variant", String(16), primary_key=True),
    Column("radius", Float(53), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("std", Float(53)),
    Column("own", Float(53)),
)

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", Float(53), nullable=False),
    Column("started", Float(53)),
    Column("ended", Float(53)),
    Column("progress", Float(53)),
    Column("message", Text, nullable=False),
    Column("log", Place, nullable=False),
    Column("folder", Place, nullable=False),
    Column("run_id", String(128), nullable=False),
    Column("pid", Integer),
    Column("owner", String(128), nullable=False),
    Column("cancel", Integer, nullable=False),
    Index(None, "state", "created"),
    Index(None, "owner", "created"),
)
