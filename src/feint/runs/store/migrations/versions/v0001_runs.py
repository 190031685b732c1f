"""Runs, what they are of, what they found, and jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "data_sets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("classes", sa.Integer(), nullable=True),
        sa.Column("shape", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_data_sets")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.Column("started", sa.Float(precision=53), nullable=True),
        sa.Column("ended", sa.Float(precision=53), nullable=True),
        sa.Column("progress", sa.Float(precision=53), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("cancel", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_owner_created"), "jobs", ["owner", "created"], unique=False)
    op.create_index(op.f("ix_jobs_state_created"), "jobs", ["state", "created"], unique=False)
    op.create_table(
        "victims",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("estimator", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_victims")),
        sa.UniqueConstraint("hash", "name", "estimator", name=op.f("uq_victims_hash_name_estimator")),
    )
    op.create_table(
        "runs",
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("cwd", sa.Text(), nullable=False),
        sa.Column("experiment", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("victim", sa.Text(), nullable=False),
        sa.Column("estimator", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("data_hash", sa.String(length=64), nullable=True),
        sa.Column("images", sa.Integer(), nullable=True),
        sa.Column("attack", sa.Text(), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("protocol", sa.String(length=10), nullable=False),
        sa.Column("accuracy", sa.Float(precision=53), nullable=True),
        sa.Column("aurc", sa.Float(precision=53), nullable=True),
        sa.Column("radius", sa.Float(precision=53), nullable=True),
        sa.Column("attacked_aurc", sa.Float(precision=53), nullable=True),
        sa.Column("effective_radius", sa.Float(precision=53), nullable=True),
        sa.Column("searched", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["data_hash"], ["data_sets.hash"], name=op.f("fk_runs_data_hash")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_runs")),
        sa.UniqueConstraint("folder", name=op.f("uq_runs_folder")),
    )
    op.create_index(op.f("ix_runs_created_key"), "runs", ["created", "key"], unique=False)
    op.create_index(op.f("ix_runs_experiment_created"), "runs", ["experiment", "created"], unique=False)
    op.create_index(op.f("ix_runs_id"), "runs", ["id"], unique=False)
    op.create_index(op.f("ix_runs_protocol"), "runs", ["protocol"], unique=False)
    op.create_index(op.f("ix_runs_state_created"), "runs", ["state", "created"], unique=False)
    op.create_table(
        "details",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name=op.f("fk_details_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_details")),
    )
    op.create_table(
        "metrics",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(length=16), nullable=False),
        sa.Column("radius", sa.Float(precision=53), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("std", sa.Float(precision=53), nullable=True),
        sa.Column("own", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name=op.f("fk_metrics_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "variant", "radius", "name", name=op.f("pk_metrics")),
    )
    op.create_table(
        "run_victims",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("victim", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name=op.f("fk_run_victims_run"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["victim"], ["victims.key"], name=op.f("fk_run_victims_victim")),
        sa.PrimaryKeyConstraint("run", "position", name=op.f("pk_run_victims")),
    )
    op.create_index(op.f("ix_run_victims_victim"), "run_victims", ["victim"], unique=False)
    op.create_table(
        "summaries",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], name=op.f("fk_summaries_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_summaries")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("summaries")
    op.drop_index(op.f("ix_run_victims_victim"), table_name="run_victims")
    op.drop_table("run_victims")
    op.drop_table("metrics")
    op.drop_table("details")
    op.drop_index(op.f("ix_runs_state_created"), table_name="runs")
    op.drop_index(op.f("ix_runs_protocol"), table_name="runs")
    op.drop_index(op.f("ix_runs_id"), table_name="runs")
    op.drop_index(op.f("ix_runs_experiment_created"), table_name="runs")
    op.drop_index(op.f("ix_runs_created_key"), table_name="runs")
    op.drop_table("runs")
    op.drop_table("victims")
    op.drop_index(op.f("ix_jobs_state_created"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_owner_created"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_table("data_sets")
