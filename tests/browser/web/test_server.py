import http.client

import pytest


def _ask(server, method, place, body=None, **heads):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, place, body, heads)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=none"


def test_a_socket_opens_for_our_own_page_alone(server):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    place = f"ws://127.0.0.1:{server.port}{SOCKET}"
    with connect(place, origin=server.url) as socket:
        assert socket.recv(timeout=30).startswith("0{")
    for origin in ("http://evil.example", f"http://127.0.0.1:{server.port + 1}", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(place, origin=origin)
    polled = SOCKET.replace("websocket&", "polling&")
    assert _ask(server, "GET", polled, Origin="http://evil.example")[0] == 403


def test_a_name_that_leads_here_and_is_not_ours_is_refused(server):
    assert _ask(server, "GET", "/", Host="evil.example")[0] == 400
    assert _ask(server, "POST", "/api/v1/jobs", b"{}", Origin="http://evil.example")[0] == 403
    status, _, heads = _ask(server, "GET", "/")
    assert status == 200
    assert "connect-src 'self'" in heads["content-security-policy"]


@pytest.mark.parametrize(
    "body",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"\xff\xd8\xff\xe0" + b"\0" * 1000,
        b"",
    ],
)
def test_what_is_no_picture_is_refused_over_http_too(server, body):
    status, content, _ = _ask(server, "POST", "/api/v1/images", body)
    assert status == 400
    assert b'"kind":"input"' in content


@pytest.mark.parametrize(
    "place",
    ["/assets/../serve.py", "/assets/%2e%2e/serve.py", "/run/..%2f..%2fetc", "/api/v1/runs/..%2f..%2f", "/server.log"],
)
def test_no_address_is_a_path(server, place):
    status, content, _ = _ask(server, "GET", place)
    assert b"root:" not in content
    assert b"uvicorn" not in content
    assert status in (200, 404)
    assert status == 404 or b"expected one of the store" in content


def test_a_run_of_five_hundred_is_found_within_a_second(server):
    import shutil
    import time

    (one,) = (server.runs / name for name in [sorted(place.name for place in server.runs.glob("audit-*"))[0]])
    for at in range(500):
        shutil.copytree(
            one, server.runs / f"audit-copy-{at}", ignore=shutil.ignore_patterns("*.html", "figures", "tables")
        )
    time.sleep(2)
    _ask(server, "GET", "/api/v1/runs?limit=1")  # reads them, once
    time.sleep(2)
    begun = time.process_time(), time.perf_counter()
    status, content, _ = _ask(server, "GET", "/api/v1/runs?find=copy-499&limit=5")
    assert status == 200
    assert b"audit-copy-499" in content
    assert time.perf_counter() - begun[1] < 5  # on a busy machine; benchmarks/workbench.py holds it to one second
