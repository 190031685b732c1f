"""Errors, all in one shape: ``{"error": {"kind": ..., "message": ...}}``, with the status that fits."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from feint.app.web.worker import WorkerError
from feint.errors import FeintError, StoreError


class Problem(BaseModel):
    """What went wrong.

    Attributes:
        kind: in one word: input, missing, method, large, origin, token or internal.
        message: in one line: what was expected and what came.
    """

    kind: str
    message: str


class Failure(BaseModel):
    """An answer that says what went wrong."""

    error: Problem


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Failure, "description": "What was asked for does not fit"},
    404: {"model": Failure, "description": "There is nothing of that name"},
    413: {"model": Failure, "description": "Too large"},
    422: {"model": Failure, "description": "A value of the request does not fit its type"},
    503: {"model": Failure, "description": "A process of the workbench came to nothing"},
}


def install(app: FastAPI) -> None:
    """Answer every error in the one shape."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        status = 503 if isinstance(error, WorkerError) else 404 if isinstance(error, StoreError) else 400
        kind = {503: "internal", 404: "missing", 400: "input"}[status]
        return failure(status, kind, str(error))

    async def unread(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        loc = () if first["type"] == "json_invalid" else first["loc"]  # which is a position in the text
        name = ".".join(str(part) for part in loc if part not in ("body", "query", "path"))
        return failure(422, "input", f"{name or 'body'}: {first['msg']}")

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        kind = {404: "missing", 405: "method", 413: "large"}.get(error.status_code, "input")
        told = str(error.detail)
        if (error.status_code, told) == (404, "Not Found"):
            told = f"path: expected one of /api/v1/openapi.json, got {request.url.path[:100]!r}"
        return failure(error.status_code, kind, told, error.headers)

    app.add_exception_handler(FeintError, ours)
    app.add_exception_handler(RequestValidationError, unread)
    app.add_exception_handler(HTTPException, http)


def failure(status: int, kind: str, message: str, headers: Any = None) -> JSONResponse:
    """An answer that says what went wrong."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)
