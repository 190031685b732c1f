"""Post-hoc scores: where features are found, what is refused, and that a fit is saved whole."""

import copy

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from feint.errors import DataError, InputError, NetworkError
from feint.estimators import KNN, Energy, Mahalanobis, MaxLogit
from feint.networks import fingerprint
from feint.protocols import Fitted

SHAPE = (1, 4, 4)


class Blobs:
    """Images that are bright above for class 0, below for class 1 and nowhere for class 2."""

    shape = SHAPE

    def __init__(self, count=250, classes=3, unreadable=()):
        self.count, self.classes, self.unreadable = count, classes, set(unreadable)

    def __len__(self):
        return self.count

    def gather(self, positions):
        rows = torch.tensor([row for row in positions if row not in self.unreadable], dtype=torch.int64)
        images = torch.rand(self.count, *SHAPE, generator=torch.Generator().manual_seed(0)) * 0.3
        images[0::3, :, :2] += 0.6
        images[1::3, :, 2:] += 0.6
        return images[rows], rows % self.classes, rows + 1000


class Residual(nn.Module):
    """A linear layer in front, one that is never called, and the classes' in the middle of the definition."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, 3)
        self.spare = nn.Linear(6, 3)
        self.act = nn.ReLU(inplace=True)
        self.body = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU())
        self.first = nn.Linear(6, 6)

    def forward(self, images):
        maps = self.body(images)
        return self.head(self.act(self.first(maps.mean(dim=(2, 3)))))


def made(seed=0):
    torch.manual_seed(seed)
    return Residual().eval()


@pytest.fixture
def images():
    return torch.rand(9, *SHAPE, generator=torch.Generator().manual_seed(3))


BUILDERS = {"mahalanobis": Mahalanobis, "knn": lambda *args, **more: KNN(*args, **{"k": 4, **more})}


@pytest.fixture(params=BUILDERS)
def build(request):
    return BUILDERS[request.param]


def fitted(build, *args, data=None, **settings):
    score = build(*args, **settings)
    score.fit(data or Blobs())
    return score


def test_features_are_what_the_layer_that_is_called_last_is_given(images):
    network = made()
    _, found = KNN(network).features(images)
    expected = network.act(network.first(network.body(images).mean(dim=(2, 3))))
    torch.testing.assert_close(found, expected.double(), rtol=0, atol=1e-6)


def test_another_layer_by_name_before_it_works_in_place(images):
    network = made()
    _, found = KNN(network, layer="act").features(images)
    expected = network.first(network.body(images).mean(dim=(2, 3)))
    assert (expected < 0).any()
    torch.testing.assert_close(found, expected.double(), rtol=0, atol=1e-6)


def test_maps_are_averaged(images):
    network = made()
    _, found = KNN(network, layer="body.1").features(images)
    torch.testing.assert_close(found, network.body[0](images).mean(dim=(2, 3)).double(), rtol=0, atol=1e-6)


def test_the_network_is_asked_once_and_left_without_hooks(build, images):
    network, calls = made(), []
    score = fitted(build, network)
    score(images)
    network.head.register_forward_hook(lambda *_: calls.append(1))
    score(images)
    assert len(calls) == 1
    assert not any(part._forward_pre_hooks for part in network.modules())


def test_the_prediction_is_the_softmaxs(build, images):
    network = made()
    expected = network(images).double().log_softmax(dim=1)
    for score in (fitted(build, network), MaxLogit(network), Energy(network, 3.0)):
        torch.testing.assert_close(score(images).log_probs[0], expected, rtol=0, atol=1e-6)


def test_known_images_are_less_uncertain_than_noise(build):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))
    score = fitted(build, network)
    near, far = Blobs().gather(range(100))[0], torch.rand(100, *SHAPE, generator=torch.Generator().manual_seed(5))
    assert score(near).native.median() < 0.7 * score(far).native.median()


def test_saved_and_loaded_it_is_equal(build, images, tmp_path):
    score = fitted(build, made())
    save_file(score.state_dict(), tmp_path / "score.safetensors")
    other = build(made(1))
    other.load_state_dict(load_file(tmp_path / "score.safetensors"))
    assert torch.equal(other(images).native, score(images).native)
    assert torch.equal(other(images).log_probs, score(images).log_probs)
    refitted = fitted(build, made(1), data=Blobs(60))
    refitted.load_state_dict(score.state_dict())
    assert torch.equal(refitted(images).native, score(images).native)


def test_a_fit_is_the_same_again_and_forgets_the_one_before(build, images):
    score = fitted(build, made(), data=Blobs(60))
    before = score(images).native
    score.fit(Blobs())
    assert not torch.equal(score(images).native, before)
    assert torch.equal(fitted(build, made())(images).native, score(images).native)
    assert isinstance(score, Fitted)


def test_images_that_cannot_be_read_are_left_out(build, images):
    gone = fitted(build, made(), data=Blobs(250, unreadable=range(100, 203)))
    assert not torch.equal(gone(images).native, fitted(build, made())(images).native)
    with pytest.raises(DataError, match=r"fit: expected images that can be read, got none of 250"):
        fitted(build, made(), data=Blobs(250, unreadable=range(250)))


def test_fits_and_settings_are_part_of_the_fingerprint():
    network = made()
    every = [
        *(MaxLogit(network), Energy(network), Energy(network, 2.0), KNN(network, k=3), KNN(network, k=4)),
        *(fitted(KNN, network, k=3), fitted(KNN, network, k=3, data=Blobs(60)), KNN(network, k=3, layer="first")),
        *(Mahalanobis(network), Mahalanobis(network, preprocessing=0.01), fitted(Mahalanobis, network)),
    ]
    assert len({fingerprint(score) for score in every}) == len(every)
    assert fingerprint(copy.deepcopy(every[5])) == fingerprint(every[5])


def test_many_known_images_are_compared_in_parts(images, monkeypatch):
    score = fitted(KNN, made(), k=30)
    whole = score(images).native
    for room in (7, 40, 249):
        monkeypatch.setattr("feint.estimators.posthoc.knn.ROOM", room)
        assert torch.equal(score(images).native, whole)


def test_it_says_which_input_and_whose_network():
    score = Energy(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)))
    score.called = "mine"
    images = torch.rand(3, *SHAPE)
    images[1] = torch.nan
    with pytest.raises(NetworkError, match=r"mine: .* for sample 8"):
        score(images, torch.tensor([7, 8, 9]))


def test_before_it_is_fitted(build, images):
    with pytest.raises(InputError, match=r": expected to be fitted to images first \(fit\), got none"):
        build(made())(images)


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(1, 3, 1)

    def forward(self, images):
        return self.head(images).mean(dim=(2, 3))


class Squeezed(nn.Module):
    """Its only linear layer weighs channels."""

    def __init__(self):
        super().__init__()
        self.weigh, self.head = nn.Linear(1, 8), nn.Conv2d(8, 3, 1)

    def forward(self, images):
        weights = self.weigh(images.mean(dim=(2, 3)))
        return self.head(images * weights[:, :, None, None]).mean(dim=(2, 3))


class Aside(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, 3)

    def forward(self, images):
        return nn.functional.linear(images.flatten(1), self.head.weight)


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        return self.head(images.squeeze(1)).mean(dim=1)


REFUSED = {
    "no linear layer": (Convolutional, None, "layer: expected a network with a linear layer, got Convolutional, which"),
    "linear inside": (Squeezed, None, "got Squeezed, whose last one has 8 outputs for 3 classes; name the layer"),
    "never called": (Aside, None, "layer: expected a linear layer to be called, got no call of it"),
    "no such layer": (made, "tail", r"layer: expected the name of a part of the network, as .*first; got 'tail'"),
    "not called": (made, "spare", "layer: expected spare to be called, got no call of it"),
    "no features": (Sequence, None, r"features: expected shape \(N, D\), got \(.*4, 4\) for"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_networks_without_such_features(build, images, case):
    network, layer, says = REFUSED[case]
    with pytest.raises(InputError, match=says) as refusal:
        build(network(), layer=layer).fit(Blobs())
    assert "\n" not in str(refusal.value)


def test_a_convolutional_network_has_features_by_name(build, images):
    assert torch.isfinite(fitted(build, Convolutional(), layer="head")(images).native).all()


def test_probabilities_have_features_too(build, images):
    network = made()
    expected = fitted(build, network)(images)
    found = fitted(build, nn.Sequential(network, nn.Softmax(dim=1)), outputs="probabilities")(images)
    torch.testing.assert_close(found.native, expected.native, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.log_probs, expected.log_probs, rtol=0, atol=1e-5)


BAD = {
    "temperature": (lambda: Energy(made(), temperature=0.0), "temperature: expected a finite number above 0, got 0"),
    "k": (lambda: KNN(made(), k=0), "k: expected at least 1, got 0"),
    "step": (lambda: Mahalanobis(made(), preprocessing=-0.1), "preprocessing: expected a finite number, 0 or more"),
    "few": (lambda: fitted(KNN, made(), k=40, data=Blobs(39)), "fit: expected at least k=40 images, got 39"),
    "class": (
        lambda: fitted(Mahalanobis, made(), data=Blobs(60, classes=2)),
        "fit: expected images of all 3 classes, got none of 2",
    ),
    "label": (
        lambda: fitted(Mahalanobis, made(), data=Blobs(60, classes=4)),
        "labels: expected 0 to 2, as there are 3 classes, got 0 to 3",
    ),
    "constant": (
        lambda: fitted(Mahalanobis, nn.Sequential(nn.Flatten(), nn.Threshold(9, 1), nn.Linear(16, 3))),
        "features: expected some that differ within a class",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit(case):
    call, says = BAD[case]
    with pytest.raises(InputError, match=says):
        call()
