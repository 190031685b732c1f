"""Jobs: queue one, see how far it is, cancel it, go on with it."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from feint.app.web.desk import Desk
from feint.runs.store.jobs import Job


class Spec(BaseModel):
    """What is to be run.

    Attributes:
        experiment: any of the catalog.
        settings: its own, by field, as in a YAML file.
    """

    model_config = ConfigDict(extra="forbid")

    experiment: str = Field(max_length=100)
    settings: dict[str, Any] = Field(default_factory=dict)


class State(BaseModel):
    """How a job is.

    Attributes:
        id: the job's.
        experiment: what it runs.
        state: queued, running, done, failed or cancelled.
        share: of its stage that is done, 0 to 1; None where nobody knows.
        stage: where it is.
        run: the id of its run, once it is known.
        message: why it failed.
    """

    id: str
    experiment: str
    state: str
    share: float | None
    stage: str
    run: str
    message: str


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    found = APIRouter(tags=["jobs"])

    def told(job: Job) -> State:
        bar = desk.jobs.progress(job.id) if job.state == "running" else None
        return State(
            id=job.id,
            experiment=str(job.spec.get("experiment", "")),
            state=job.state,
            share=1.0 if job.state == "done" else bar.share if bar else None,
            stage=bar.stage if bar else "",
            run=desk.jobs.run_of(job),
            message=job.message,
        )

    @found.get("/jobs")
    def listed() -> list[State]:
        """All jobs of this workbench, the latest first."""
        return [told(job) for job in desk.jobs.listed()]

    @found.post("/jobs", status_code=201)
    async def submit(spec: Spec) -> State:
        """Queue a job."""
        await asyncio.to_thread(desk.check, spec.experiment, spec.settings)
        return await asyncio.to_thread(lambda: told(desk.jobs.submit({"experiment": spec.experiment, **spec.settings})))

    @found.get("/jobs/{job}")
    def one(job: str) -> State:
        """How a job is."""
        return told(desk.jobs.get(job))

    @found.get("/jobs/{job}/log")
    def log(job: str) -> dict[str, str]:
        """The end of what it printed."""
        return {"log": desk.jobs.log(job)}

    @found.post("/jobs/{job}/cancel")
    def cancel(job: str) -> State:
        """Ask a job to stop; what it computed is kept."""
        return told(desk.jobs.cancel(job))

    @found.post("/jobs/{job}/resume")
    def resume(job: str) -> State:
        """Queue a job once more that has ended: it goes on from what it has."""
        return told(desk.jobs.again(job))

    return found
