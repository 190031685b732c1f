import asyncio
import hmac

import pytest

from feint.app.web.security import MOST_BYTES, Guard, Rules

pytest.importorskip("starlette")
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect


async def _echo(request):
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def _socket(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def _client(rules, host="127.0.0.1:8765"):
    routes = [
        Route("/", _echo, methods=["GET", "POST"]),
        Route("/api/v1/runs", _echo),
        WebSocketRoute("/_nicegui_ws/", _socket),
    ]
    return TestClient(Guard(Starlette(routes=routes), rules), base_url=f"http://{host}", follow_redirects=False)


LOCAL, ELSEWHERE = Rules.of("127.0.0.1"), Rules(("example.org",), "the-token")


def test_on_this_machine_no_token_is_wanted_and_nothing_may_be_loaded_from_elsewhere():
    found = _client(LOCAL).get("/")
    assert found.status_code == 200
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert found.headers["x-content-type-options"] == "nosniff"
    assert _client(LOCAL).get("/api/v1/runs").headers["content-security-policy"].startswith("default-src 'none'; frame")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""])
def test_a_foreign_name_that_leads_here_is_refused(host):
    assert _client(LOCAL).get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"]
)
def test_a_foreign_page_neither_posts_nor_opens_a_socket(origin):
    assert _client(LOCAL).post("/", headers={"origin": origin}).status_code == 403
    assert _client(LOCAL).get("/_nicegui_ws/", headers={"origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect) as told,
        _client(LOCAL).websocket_connect("/_nicegui_ws/", headers={"origin": origin}),
    ):
        pass
    assert told.value.code == 1008


def test_a_program_is_refused_in_the_shape_that_the_api_gives_every_error():
    refused = {
        "token": _client(ELSEWHERE, "example.org").get("/api/v1/runs"),
        "origin": _client(LOCAL).post("/api/v1/runs", headers={"origin": "http://evil.example"}),
        "input": _client(LOCAL, "evil.example").get("/api/v1/runs"),
        "large": _client(LOCAL).post("/api/v1/runs", headers={"content-length": str(MOST_BYTES + 1)}),
    }
    assert {kind: told.json()["error"]["kind"] for kind, told in refused.items()} == {kind: kind for kind in refused}
    assert refused["token"].json()["error"]["message"].startswith("token: expected")
    assert [told.status_code for told in refused.values()] == [401, 403, 400, 413]


def test_our_own_page_does_both():
    origin = {"origin": "http://127.0.0.1:8765"}
    assert _client(LOCAL).post("/", headers=origin).status_code == 200
    with _client(LOCAL).websocket_connect("/_nicegui_ws/", headers={**origin, "host": "127.0.0.1:8765"}) as socket:
        assert socket.receive_text() == "hello"


def test_another_address_wants_the_token_which_becomes_a_cookie():
    assert Rules.of("0.0.0.0").token
    client = _client(ELSEWHERE, "example.org")
    assert client.get("/").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    assert client.get("/", headers={"cookie": "feint-token=wrong"}).status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_nicegui_ws/", headers={"host": "example.org"}):
        pass
    entered = client.get("/?token=the-token&image=3")
    assert entered.status_code == 303
    assert entered.headers["location"] == "/?image=3"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/").status_code == 200  # the client keeps it
    assert _client(ELSEWHERE, "example.org").get("/", headers={"authorization": "Bearer the-token"}).status_code == 200


def test_the_way_on_never_leads_elsewhere():
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "//evil.example/", "query_string": b"token=the-token"}
    asyncio.run(Guard(None, ELSEWHERE)({**scope, "headers": [(b"host", b"example.org")]}, None, send))
    assert sent[0]["status"] == 303
    assert dict(sent[0]["headers"])[b"location"] == b"/evil.example/"
    sent.clear()
    asyncio.run(Guard(None, ELSEWHERE)({**scope, "headers": [(b"host", b"evil.example")]}, None, send))
    assert sent[0]["status"] == 400


def test_tokens_are_compared_in_constant_time(monkeypatch):
    asked = []
    compared = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: asked.append(one) or compared(one, other))
    assert not ELSEWHERE.knows("the-tokem")
    assert asked == [b"the-token"]
    assert "the-token" not in repr(ELSEWHERE)


def test_large_bodies_are_refused_whether_or_not_they_say_so():
    told = _client(LOCAL).post("/", headers={"content-length": str(MOST_BYTES + 1)})
    assert told.status_code == 413

    def parts():
        for _ in range(MOST_BYTES // 2**22 + 2):
            yield b"0" * 2**22

    with pytest.raises(Exception):  # noqa: B017, PT011  it is cut off
        _client(LOCAL).post("/", content=parts()).raise_for_status()
