"""Actors on a real Ray cluster of two nodes on the loopback: the same bits, also where a node is taken away."""

import os
import shutil
import socket
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from feint.errors import SpecError
from feint.runs.runners import cluster, local

from ..faulty import FAULTY, FaultySettings
from ..folders import contents

ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'feint[ray]'")
ROOT = Path(__file__).parents[3]
MEMORY = 80 * 2**20


def node():
    """A node of one CPU. Its agents' ports are given: a node waits for those that they would choose for 15 s only."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)]
    names = ("metrics_agent_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
    return {"num_cpus": 1, "object_store_memory": MEMORY, **dict(zip(names, free, strict=True))}


@pytest.fixture(scope="module")
def nodes():
    """A head and a second node, of one CPU each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.PATIENT.items():
            patch.setenv(name, value)
        patch.syspath_prepend(str(ROOT))
        found = Cluster(initialize_head=True, head_node_args={**node(), "include_dashboard": False})
        found.add_node(**node())
        found.wait_for_nodes()
        try:
            yield found
        finally:
            ray.shutdown()
            found.shutdown()


@pytest.fixture
def faulty(tmp_path):
    def call(runner=None, root="runs", **values):
        settings = FaultySettings(folder=str(tmp_path), driver=os.getpid(), threads=1, **values)
        return local.run(FAULTY, settings, tmp_path / root, progress=False, runner=runner)

    return call


@pytest.fixture
def reference(faulty, tmp_path):
    folder = faulty(pieces=8).folder
    found = contents(folder)
    shutil.rmtree(folder)
    (tmp_path / "log").unlink()
    return found


def computed(tmp_path):
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    return [(int(rest[0]), rest[1]) for kind, *rest in lines if kind == "computed"]


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_two_nodes_and_one_of_them_is_taken_away(nodes, faulty, reference, tmp_path, capfd):
    with closing(cluster.on_ray(2, nodes.address)) as runner:
        assert contents(faulty(runner, pieces=8, seconds=0.5).folder) == reference
        assert len({pid for pid, _ in computed(tmp_path)} - {os.getpid()}) == 2
        shutil.rmtree(tmp_path / "runs")
        (tmp_path / "log").unlink()
        (second,) = nodes.worker_nodes

        def take_away():
            for _ in range(300):
                if (tmp_path / "log").exists() and len(computed(tmp_path)) >= 3:
                    break
                time.sleep(0.1)
            nodes.remove_node(second, allow_graceful=False)

        thief = threading.Thread(target=take_away)
        thief.start()
        assert contents(faulty(runner, pieces=8, seconds=1.0).folder) == reference
        thief.join()
        assert len(computed(tmp_path)) > 8  # what the node had begun, once more
        assert "its worker was lost, or its node; once more" in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_an_actor_that_cannot_see_the_folder_is_sent_what_it_needs(faulty, tmp_path):
    folder = faulty(pieces=2).folder
    told = cluster.packed(folder, "sum")
    assert {name.split("/")[0] for name in told} == {"run.json", "ledger", "tables", "arrays"}
    assert not any("sum" in name for name in told)
    cluster.lay(told, tmp_path / "elsewhere")
    assert all((tmp_path / "elsewhere" / name).read_bytes() == (folder / name).read_bytes() for name in told)


def test_no_such_cluster():
    class Ray:
        """Ray itself takes half a minute to find out."""

        @staticmethod
        def is_initialized():
            return False

        @staticmethod
        def init(**_):
            raise ConnectionError("nobody answers\nthere")

    actors = cluster.Actors(Ray, 1, "there:1")
    with pytest.raises(SpecError, match=r"^address: expected one of a Ray cluster, got 'there:1': nobody answers$"):
        actors._begin()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("address", ["127.0.0.1:PORT", "ray://127.0.0.1:PORT", "nowhere", "127.0.0.1:none"])
def test_an_address_where_nobody_answers_is_found_out_before_a_run_begins(address, capfd):
    """Ray itself takes minutes to find out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(SpecError, match=r"^address: expected one of a Ray cluster, got '.*': .") as caught:
        cluster.on_ray(1, address.replace("PORT", str(port)))
    assert time.monotonic() - begun < 20
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
