"""SelectiveNet: what it selects after training, what it saves, what it is put on, what it refuses."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from feint import metrics
from feint.errors import DataError, InputError, NetworkError
from feint.estimators import SelectiveNet, Softmax, predict
from feint.networks import ARCHITECTURES, LeNet, load_weights
from feint.training import Recipe, fit, seeded


class Tiny(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU())
        self.classifier = nn.Linear(12, classes)

    def forward(self, images):
        return self.classifier(self.features(images))


class HalfNoise:
    """One row of four is bright and says the label; but where the last column is bright, too, it is drawn anew."""

    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(4, (count,), generator=generator)
        self.noise = torch.rand(count, generator=generator) < 0.4
        shown = torch.where(self.noise, torch.randint(4, (count,), generator=generator), self.labels)
        self.images = torch.rand(count, 1, 4, 4, generator=generator) * 0.5
        self.images[torch.arange(count), 0, shown, :3] += 0.5
        self.images[:, 0, :, 3] = self.noise[:, None].float()

    def __len__(self):
        return len(self.labels)

    shape = (1, 4, 4)

    def gather(self, positions):
        rows = torch.tensor(positions)
        return self.images[rows], self.labels[rows], rows


def tiny(seed=0, **settings):
    with seeded(seed):
        return SelectiveNet(Tiny(), **settings)


@pytest.mark.parametrize("divided", [True, False])
@pytest.mark.parametrize("coverage", [0.6, 0.8])
def test_training_selects_the_share_that_was_asked_for_and_the_better_inputs(divided, coverage):
    selective, data = tiny(coverage=coverage, divided=divided), HalfNoise(1200, 0)
    recipe = Recipe(epochs=12, batch_size=100, learning_rate=3e-3, validation_share=0.0)
    fit(selective.network, data, recipe=recipe)  # else it leaves out a class that it has not learned yet
    history = fit(selective, data, recipe=recipe)
    assert history.epochs[-1].training_loss < history.epochs[0].training_loss
    test = HalfNoise(1000, 1)
    found = predict(selective, test.images)
    errors, doubt = found.prediction != test.labels, found.native
    assert 1 - doubt.mean().item() == pytest.approx(coverage, abs=0.07)
    at = metrics.at_threshold(doubt, errors, 0.5)
    assert at.coverage == pytest.approx(coverage, abs=0.1)
    # Of the 40% that are noise half are wrong, and to answer 0.8 half of them have to be answered.
    assert at.risk < 0.7 * errors.double().mean().item()
    assert doubt[test.noise].mean() > doubt[~test.noise].mean() + 0.3
    # Calibrated on other inputs, it holds on these.
    other = HalfNoise(1000, 2)
    threshold = metrics.threshold_at_coverage(predict(selective, other.images).native, 0.5)
    assert metrics.at_threshold(doubt, errors, threshold).coverage == pytest.approx(0.5, abs=0.06)


def test_the_state_dict_is_all_of_it(tmp_path):
    trained, images = tiny(0, damping=10.0), HalfNoise(50, 0).images
    trained.selector["hidden"][2].running_mean += 0.5
    other = tiny(1)
    assert not torch.equal(other(images).native, trained(images).native)
    save_file(trained.state_dict(), tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    assert torch.equal(other(images).native, trained(images).native)
    assert torch.equal(other(images).log_probs, trained(images).log_probs)
    assert float(other.damping) == 10


def test_the_networks_own_softmax_is_its_prediction():
    selective, images = tiny(), torch.rand(5, 1, 4, 4)
    assert torch.equal(selective(images).log_probs, Softmax(selective.network)(images).log_probs)


@pytest.mark.parametrize("name", ["digits", "lenet", "cifar-resnet20", "cifar-resnet18", "cifar-vgg16"])
def test_sits_on_the_built_in_architectures_and_trains_all_of_them(name):
    shape = {"digits": (1, 8, 8), "lenet": (1, 28, 28)}.get(name, (3, 32, 32))
    selective, images = SelectiveNet(ARCHITECTURES[name][0](classes=4)), torch.rand(3, *shape)
    found = selective(images)
    assert found.log_probs.shape == (1, 3, 4)
    assert torch.equal(found.log_probs, Softmax(selective.network)(images).log_probs)
    assert ((found.native > 0) & (found.native < 1)).all()
    selective.train().step(images, torch.tensor([0, 3, 1])).backward()
    without = [key for key, value in selective.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_is_not_rounded_to_certainty():
    selective = tiny().double()
    with torch.no_grad():
        selective.selector["last"].bias.fill_(60.0)
    doubt = selective(torch.rand(8, 1, 4, 4).double()).native
    assert (doubt > 0).all()
    assert (doubt < 1e-20).all()
    assert len(doubt.unique()) == 8


@pytest.mark.parametrize("doubt", [-60.0, 0.5, 60.0])
def test_the_slope_of_its_logarithm_is_exact_where_doubt_rounds_to_one(doubt):
    estimator = tiny().eval()
    with torch.no_grad():
        estimator.selector["last"].weight.mul_(1e-3)
        estimator.selector["last"].bias.fill_(-doubt)
    images = torch.rand(3, 1, 4, 4, generator=torch.manual_seed(0), requires_grad=True)
    native = estimator(images).native
    assert (native == 1).all() == (doubt == 60)
    (slope,) = torch.autograd.grad(native.log().sum(), images)
    (of_logit,) = torch.autograd.grad(-estimator._select(estimator._split(images)[0]).sum(), images)
    # d log sigmoid(z) = sigmoid(-z) dz, and z is the doubt to a hair.
    share = slope.double() / torch.tensor(-doubt, dtype=torch.float64).sigmoid()
    assert of_logit.abs().amin(dim=(1, 2, 3)).min() > 0
    assert torch.allclose(share, of_logit.double(), rtol=0.01, atol=0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"coverage": 0.0}, r"coverage: expected a number in \(0, 1\], got 0.0"),
        ({"coverage": 1.5}, "coverage"),
        ({"alpha": -0.1}, r"alpha: expected a number in \[0, 1\]"),
        ({"penalty": float("inf")}, "penalty: expected a finite number of at least 0"),
        ({"damping": 0.0}, "damping: expected a finite number above 0"),
    ],
)
def test_settings_out_of_range(setting, said):
    with pytest.raises(InputError, match=said):
        SelectiveNet(Tiny(), **setting)


def test_sits_on_any_network_that_ends_in_a_linear_layer():
    from torchvision.models import mobilenet_v3_small

    selective = SelectiveNet(mobilenet_v3_small(num_classes=5))
    found = selective(torch.rand(2, 3, 64, 64))
    assert selective.auxiliary.weight.shape == (5, 1024)
    assert found.log_probs.shape == (1, 2, 5)
    assert not any(module._forward_hooks for module in selective.modules())


def test_networks_that_do_not_end_in_a_linear_layer():
    with pytest.raises(NetworkError, match="got a Flatten without"):
        SelectiveNet(nn.Flatten())
    network = LeNet()
    network.classifier.append(nn.LogSoftmax(dim=1))
    with pytest.raises(NetworkError, match=r"ends in a linear layer and returns its logits \(N, C\), got a LeNet that"):
        SelectiveNet(network)(torch.rand(2, 1, 28, 28))
    assert not any(module._forward_hooks for module in network.modules())


def test_labels_that_are_no_classes():
    with pytest.raises(DataError, match="labels from 0 to 3, as many as the network has outputs, got labels from 0 to"):
        tiny().step(torch.rand(2, 1, 4, 4), torch.tensor([0, 4]))


def test_a_selector_that_is_not_finite():
    selective = tiny()
    with torch.no_grad():
        selective.selector["last"].bias.fill_(float("nan"))
    with pytest.raises(NetworkError, match="3 of 3 inputs gave NaN or infinity"):
        selective(torch.rand(3, 1, 4, 4))
