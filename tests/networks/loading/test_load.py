import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from feint.errors import NetworkError, WeightsError
from feint.networks import ARCHITECTURES, DigitNetwork, Normalize, check, load

NETWORK = "from torch import nn\n\ndef net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(4, 2))\n"


def refused(name: str, weights=None) -> str:
    with pytest.raises(NetworkError) as caught:
        load(name, weights)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def gradients_flow(network: nn.Module, *shape: int) -> None:
    images = torch.rand(shape, requires_grad=True)
    network(images).logsumexp(1).sum().backward()
    assert images.grad is not None
    assert (images.grad.flatten(1).abs().sum(1) > 0).all()


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "mine.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_users_function(file, tmp_path):
    path = file(NETWORK)
    network = load(f"{path}:net")
    assert check(network, (1, 2, 2)) == 2
    assert not network.training
    gradients_flow(network, 3, 1, 2, 2)
    source = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    assert torch.equal(load(f"{path}:net", tmp_path / "w.safetensors")[1].weight, source[1].weight)
    assert not list(tmp_path.glob("__pycache__"))


def test_neighbours_are_importable_and_never_mixed_up(file):
    for folder, classes in (("a", 3), ("b", 5)):
        file(f"CLASSES = {classes}", f"{folder}/neighbour.py")
        file(
            "from torch import nn\nfrom neighbour import CLASSES\n"
            "def net():\n    import neighbour\n    assert neighbour.CLASSES == CLASSES\n"
            "    return nn.Sequential(nn.Flatten(), nn.Linear(4, CLASSES))",
            f"{folder}/net.py",
        )
    root = file("").parent
    assert [check(load(f"{root}/{folder}/net.py:net"), (1, 2, 2)) for folder in "aba"] == [3, 5, 3]


def test_names_that_a_file_makes_up(file):
    path = file(
        "from torch import nn\n"
        "def __getattr__(name):\n"
        "    if name == 'net':\n        return lambda: nn.Linear(2, 2)\n"
        "    raise AttributeError(f'no {name}, but net')"
    )
    assert isinstance(load(f"{path}:net"), nn.Linear)
    assert refused(f"{path}:other").endswith("has no function 'other': no other, but net")


def test_an_exported_program_that_a_users_function_returns(file):
    path = file(
        "import torch\nfrom torch import nn\n"
        "def net():\n"
        "    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).eval()\n"
        "    return torch.export.export(network, (torch.rand(2, 1, 2, 2),)).module()"
    )
    network = load(f"{path}:net")
    assert check(network, (1, 2, 2)) == 2
    assert network.train().training


MANY = "".join(f"def f{i}(): pass\n" for i in range(10))


@pytest.mark.parametrize(
    ("text", "function", "expected"),
    [
        (NETWORK, "", "got no function; it offers net"),
        (NETWORK, "nte", "has no function 'nte'; it offers net"),
        (MANY, "nte", "it offers f0, f1, f2, f3, f4, f5, f6, f7, ..."),
        ("def net(a, *, b, c=1): pass", "net", "needs arguments (a, b), expected a function of no arguments"),
        ("def net(a): pass", "other", "it offers none"),
        ("net = 3", "net", "is of type int, expected a function of no arguments"),
        ("def net(): return {}", "net", "returned dict, expected a torch.nn.Module"),
        ("def net():\n    raise KeyError('a\\nb')", "net", "raised KeyError (line 2): 'a\\nb'"),
        ("def net():\n    raise RuntimeError('a\\nb')", "net", "raised RuntimeError (line 2): a"),
        ("def net():\n    raise SystemExit(3)", "net", "raised SystemExit (line 2): 3"),
        ("import nowhere_to_be_found", "net", "ModuleNotFoundError (line 1): No module named 'nowhere_to_be_found'"),
        ("def net(:", "net", "cannot be executed: SyntaxError"),
        ("1 / 0", "net", "cannot be executed: ZeroDivisionError (line 1): division by zero"),
        ("def __getattr__(name): return 1 / 0", "net", "raised ZeroDivisionError (line 1)"),
    ],
)
def test_refuses_files_that_offer_no_network(file, text, function, expected):
    path = file(text)
    message = refused(f"{path}:{function}")
    assert expected in message
    assert str(path) in message


def test_refuses_what_is_no_file(tmp_path):
    assert refused(f"{tmp_path}/none.py:net") == f"no file at {tmp_path}/none.py"
    assert refused(f"{tmp_path}/none.pt2") == f"no file at {tmp_path}/none.pt2"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "lennet",
            "expected path/to/file.py:function, torchvision:NAME, timm:NAME, path/to/file.pt2 or one of digits,",
        ),
        ("torchvision:resnet19", "torchvision has no classifier 'resnet19'; near it are resnet18"),
        ("torchvision:fasterrcnn_resnet50_fpn", "torchvision has no classifier"),
        ("timm:resnet10x", "timm has no classifier 'resnet10x'; near it are resnet10t"),
        ("timm:hf-hub:somebody/something", "timm has no classifier"),
        ("timm:resnet10t.nonsense", "cannot be built: RuntimeError: Invalid pretrained tag"),
    ],
)
def test_refuses_unknown_names(name, expected):
    assert expected in refused(name)


def test_a_file_of_weights_is_no_network(tmp_path):
    save_file(DigitNetwork().state_dict(), tmp_path / "w.safetensors")
    assert "a file of weights goes with one of them" in refused(str(tmp_path / "w.safetensors"))


def test_torchvision(tmp_path):
    from torchvision.models import squeezenet1_1

    source = squeezenet1_1(num_classes=7).eval()
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    network = load("torchvision:squeezenet1_1", tmp_path / "w.safetensors")
    images = torch.rand(2, 3, 64, 64)
    normalize = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert check(network, (3, 64, 64)) == 7
    assert torch.equal(network(images), source(normalize(images)))
    gradients_flow(network, 2, 3, 64, 64)
    # What load returned can be saved and loaded again as it is.
    save_file(network.state_dict(), tmp_path / "again.safetensors")
    assert torch.equal(load("torchvision:squeezenet1_1", tmp_path / "again.safetensors")(images), network(images))


def test_timm(tmp_path):
    import timm

    source = timm.create_model("test_resnet", pretrained=False).eval()
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    network = load("timm:test_resnet", tmp_path / "w.safetensors")
    images = torch.rand(2, 3, 64, 64)
    settings = source.pretrained_cfg
    assert torch.equal(network(images), source(Normalize(settings["mean"], settings["std"])(images)))
    assert check(network, (3, 64, 64)) == 1000
    gradients_flow(network, 2, 3, 64, 64)


def test_built_in_networks_take_their_classes_from_the_weights(tmp_path):
    save_file(ARCHITECTURES["lenet"][0](classes=3).state_dict(), tmp_path / "w.safetensors")
    assert check(load("lenet", tmp_path / "w.safetensors"), (1, 28, 28)) == 3
    with pytest.raises(WeightsError, match="does not fit"):
        load("digits", tmp_path / "w.safetensors")
