"""The API, version 1: the same as the pages, for programs; errors in one shape."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

import feint
from feint.app.web.desk import Desk

from . import attack, images, jobs, runs, victims
from .errors import PROBLEMS, install


def application(desk: Desk) -> FastAPI:
    """The API as an application of its own, to stand under /api/v1."""
    app = FastAPI(
        title="feint",
        version=feint.__version__,
        description="Runs, records, victims, attacks and jobs of a feint workbench.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=PROBLEMS,
        default_response_class=JSONResponse,
    )
    install(app)
    routers: list[Any] = [runs, victims, images, attack, jobs]
    for router in routers:
        app.include_router(router.routes(desk))
    return app
