"""A desk over an empty folder, and the API on it, without a server."""

import shutil

import pytest

from feint.app.cli import main


@pytest.fixture(scope="session")
def _audit(tmp_path_factory):
    """One small audit, with its report; nobody writes there."""
    runs = tmp_path_factory.mktemp("audit") / "runs"
    assert main(["audit", "--limit", "40", "--radii", "0.05,0.1", "--quiet", "--out", str(runs)]) == 0
    return runs


@pytest.fixture(scope="module")
def root(_audit, tmp_path_factory):
    """A folder with that audit."""
    root = tmp_path_factory.mktemp("desk")
    shutil.copytree(_audit, root / "runs")
    return root


@pytest.fixture(scope="module")
def desk(root):
    """The desk over it, with jobs in a database of its own."""
    pytest.importorskip("nicegui")
    from feint.app.web.desk import Desk

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEINT_DATABASE_URL", f"sqlite:///{root / 'store.sqlite'}")
        patch.setenv("FEINT_HOME", str(root))
        found = Desk(root / "runs", root / "victims")
        yield found
        found.close()


@pytest.fixture(scope="module")
def app(desk):
    """The API."""
    from feint.app.web import api

    return api.application(desk)


@pytest.fixture(scope="module")
def client(app):
    """Somebody who asks it."""
    from starlette.testclient import TestClient

    with TestClient(app, raise_server_exceptions=False) as found:
        yield found
