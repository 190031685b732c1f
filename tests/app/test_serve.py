import importlib.util
import socket

import pytest


def test_without_its_extra_it_says_which_in_one_line(feint, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "nicegui" else find(name, *rest)
    )
    told = feint("serve")
    assert (told.code, told.out) == (2, "")
    assert told.err == "feint: serve: expected the extra web, got none; pip install 'feint[web]' adds it\n"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "many"])
def test_a_port_that_is_none(feint, port):
    told = feint("serve", "--port", port)
    assert told.code == 2
    assert "port" in told.err
    assert told.err.count("\n") == 1


def test_a_port_that_is_taken(feint):
    pytest.importorskip("nicegui")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = feint("serve", "--port", port)
    assert told.code == 2
    assert told.err.startswith(f"feint: port: expected one that is free at 127.0.0.1, got {port}")


def test_help_says_who_may_ask(feint):
    told = feint("serve", "--help")
    assert told.code == 0
    assert "token" in told.out


def test_the_address_of_everybody_is_said_as_one_that_can_be_typed():
    pytest.importorskip("nicegui")
    from ipaddress import ip_address

    from feint.app.web.serve import addresses

    for host, here in (("0.0.0.0", "127.0.0.1"), ("::", "[::1]")):
        first, *others = addresses(host)
        assert first == here
        (other,) = others
        assert other not in (host, f"[{host}]")
        if other != socket.gethostname():
            assert not ip_address(other.strip("[]")).is_unspecified
    assert addresses("0.0.0.0", ["lab.example.org"]) == ["127.0.0.1", "lab.example.org"]
    assert addresses("127.0.0.1") == ["127.0.0.1"]
