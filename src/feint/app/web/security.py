"""Who may ask: this machine's own pages, or whoever has the token; and what a page may load."""

import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any, Final, cast, final
from urllib.parse import parse_qsl, urlencode, urlsplit

COOKIE: Final = "feint-token"
MOST_BYTES: Final = 256 * 2**20
"""Of any request: weights are the largest."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""NiceGUI's pages compile their templates, which wants unsafe-eval; nothing comes from, or goes, elsewhere."""
ANSWERS: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of the API's answers, which no browser is to run."""
REPORT: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "sandbox allow-scripts allow-downloads"
)
"""The policy of a run's own page: Vega's interpreter build compiles nothing, and the page stands apart from ours."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@final
@dataclass(frozen=True)
class Rules:
    """Who may ask.

    Attributes:
        names: the hosts that a request may be addressed to; none for any.
        token: what those who ask must have; None on this machine alone.
    """

    names: Collection[str]
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, host: str, names: Collection[str] = ()) -> "Rules":
        """Those of a server that listens on this address: with a token, where others can reach it."""
        if is_loopback(host):
            return cls((*LOOPBACK, host, *names))
        anywhere = host in ("0.0.0.0", "::")
        return cls(() if anywhere and not names else (*LOOPBACK, host, *names), secrets.token_urlsafe(32))

    def is_addressed(self, host: str) -> bool:
        """Whether a request's Host is ours: a foreign one is a page elsewhere whose name leads here."""
        return not self.names or _hostname(f"//{host}") in self.names

    def knows(self, given: str) -> bool:
        """Whether this is the token, found out in constant time."""
        return self.token is None or hmac.compare_digest(self.token.encode(), given.encode())


@final
class Guard:
    """Stands before an application: lets nobody through whom the rules do not know, and sets the policy of answers.

    Args:
        app: what it stands before.
        rules: who may ask.
    """

    def __init__(self, app: Any, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        heads = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, heads)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        ours = refusal is None or refusal[0] == 401
        if ours and self._rules.token is not None and (entered := self._entered(scope)) is not None:
            await _answer(send, 303, "", [(b"location", entered[0].encode()), (b"set-cookie", entered[1].encode())])
            return
        if refusal is not None:
            await _refused(send, scope["path"], *refusal)
            return
        await self._app(scope, _limited(receive), _with_policy(send, scope["path"]))

    def _refusal(self, scope: Any, heads: dict[str, str]) -> tuple[int, str] | None:
        """Why not, if not: a status and a line."""
        if not self._rules.is_addressed(heads.get("host", "")):
            return 400, "host: expected this server's own, got another (--name adds one)"
        origin = heads.get("origin")
        # A browser says where a page comes from that opens a socket or changes something; a program says nothing.
        asks = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        talks = asks or scope["path"].startswith("/_nicegui_ws")
        if talks and origin is not None and urlsplit(origin).netloc != heads.get("host", ""):
            return 403, f"origin: expected {heads.get('host', '')}, got another"
        if talks and heads.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "origin: expected this server's own page, got another"
        size = heads.get("content-length", "0")
        if not size.isdigit() or int(size) > MOST_BYTES:
            return 413, f"body: expected at most {MOST_BYTES} bytes, got {size[:20]}"
        if not self._rules.knows(_token(heads)):
            return 401, "token: expected the one that feint serve printed, got none or another"
        return None

    def _entered(self, scope: Any) -> tuple[str, str] | None:
        """Where to go on, and the cookie, for an address with the right token in it."""
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(asked).get("token")
        if scope["method"] != "GET" or given is None or not self._rules.knows(given):
            return None
        rest = urlencode([(name, value) for name, value in asked if name != "token"])
        place = "/" + scope["path"].lstrip("/\\")  # never another host's
        cookie = f"{COOKIE}={given}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000"
        return place + (f"?{rest}" if rest else ""), cookie


def _hostname(place: str) -> str:
    try:
        return urlsplit(place).hostname or ""
    except ValueError:
        return ""


def _token(heads: dict[str, str]) -> str:
    kind, _, given = heads.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    try:
        found = SimpleCookie(heads.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _limited(receive: Any) -> Any:
    """Counts what comes, for nobody needs to say beforehand how much."""
    count = 0

    async def counted() -> Any:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        return message if count <= MOST_BYTES else {"type": "http.disconnect"}

    return counted


def _with_policy(send: Any, path: str) -> Any:
    async def told(message: Any) -> None:
        if message["type"] == "http.response.start":
            heads = cast(list[tuple[bytes, bytes]], list(message.get("headers", ())))
            known = {name.lower() for name, _ in heads}
            policy = ANSWERS if path.startswith("/api/") else POLICY
            ours = {"content-security-policy": policy, "x-content-type-options": "nosniff"}
            ours |= {"referrer-policy": "same-origin", "cross-origin-opener-policy": "same-origin"}
            heads += [(name.encode(), text.encode()) for name, text in ours.items() if name.encode() not in known]
            message = {**message, "headers": heads}
        await send(message)

    return told


async def _refused(send: Any, path: str, status: int, line: str) -> None:
    """Say why not: to a program as the API says every error."""
    if not path.startswith("/api/"):
        await _answer(send, status, line)
        return
    kind = {401: "token", 403: "origin", 413: "large"}.get(status, "input")
    told = json.dumps({"error": {"kind": kind, "message": line}})
    await _answer(send, status, told, kind="application/json")


async def _answer(
    send: Any,
    status: int,
    line: str,
    heads: Collection[tuple[bytes, bytes]] = (),
    *,
    kind: str = "text/plain; charset=utf-8",
) -> None:
    ours = [(b"content-type", kind.encode()), (b"content-security-policy", ANSWERS.encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*ours, *heads]})
    await send({"type": "http.response.body", "body": line.encode()})
