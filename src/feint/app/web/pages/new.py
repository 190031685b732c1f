"""New job: a form for each experiment, the command that does the same, and a button that queues it."""

import asyncio

from fastapi import Request
from nicegui import ui

from feint import catalog
from feint.app.sources import first_line
from feint.app.web import planning
from feint.app.web.desk import Desk
from feint.app.web.elements import Field
from feint.app.web.parts.asking import Asking
from feint.app.web.parts.frame import button, frame, link, remember, text, wrong
from feint.errors import FeintError


def register(desk: Desk) -> None:
    """The page; what is filled in stands in its address, which is the visitor's own."""

    @ui.page("/new")
    async def new(request: Request) -> None:
        said = dict(request.query_params)
        names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
        experiment = said.pop("experiment", "audit")
        if experiment not in names:
            with frame("New job", "Jobs"):
                wrong(f"experiment: expected one of {', '.join(names)}, got {experiment[:40]!r}")
            return
        with frame("New job", "Jobs", first_line(names[experiment])):
            with ui.element("section"):
                options = {name: f"{name}: {first_line(place)}" for name, place in names.items()}
                Field(
                    "experiment",
                    "select",
                    experiment,
                    options=options,
                    on_change=lambda name: ui.navigate.to(f"/new?experiment={name}"),
                )
            top, place = ui.element("section"), ui.element("div")
        await ui.context.client.connected()
        things, victims = await desk.catalog(), await asyncio.to_thread(desk.victim_names)

        async def start() -> None:
            try:
                job = await asyncio.to_thread(desk.jobs.submit, form.spec())
            except FeintError as error:
                told.set_text(str(error))
                return
            ui.navigate.to(f"/job/{job.id}")

        async def foresee() -> None:
            told.set_text("")
            plan.set_text("Timing one small batch …")
            plan.set_visibility(True)
            try:
                plan.set_text(await planning.plan(desk.state / "plans", desk.victims, form.spec()))
            except FeintError as error:
                plan.set_visibility(False)
                told.set_text(str(error))

        def changed() -> None:
            remember("/new", {"experiment": experiment, **form.said})
            command.set_text(form.command)
            told.set_text(form.wrong())

        with place:
            try:
                form = Asking(experiment, said, things, victims, desk.check, changed)
            except FeintError as error:
                top.set_visibility(False)
                wrong(str(error))
                with ui.element("div").classes("bar"):
                    link("Begin with an empty form", f"/new?experiment={experiment}").classes("button")
                return
        with top:
            text("h2", "Start")
            text("p", "The same on the command line:", "wait")
            command = text("pre", form.command).props('tabindex="0" role="region" aria-label="Command"')
            told = text("p", form.wrong(), "wrong").props('role="status"')
            with ui.element("div").classes("bar"):
                button("Start", start, "main")
                button("Plan: what will it cost?", foresee)
            plan = text("pre", "").props('tabindex="0" role="status"')
            plan.set_visibility(False)
