"""Monte Carlo dropout against a reference of its own: hooks on the dropout modules, one whole pass per draw."""

import copy
import io
import pickle
from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.errors import InputError, NetworkError
from feint.estimators import MCDropout, Softmax, mc_dropout
from feint.estimators.masks import keep_mask
from feint.measures import mutual_information, predictive_entropy

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def convolutional(p=0.4):
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(p / 2)),
        *(nn.Conv2d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(p), nn.Linear(80, 6), nn.Dropout(p), nn.Linear(6, 3)),
    )


@pytest.fixture
def network():
    return convolutional()


@pytest.fixture
def images():
    return torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@contextmanager
def masked(network, draw, seed, keys=None):
    """The reference: hooks that put one draw's masks on what goes into dropout modules, which do nothing themselves."""
    acting = 0

    def hook(module, args, output):
        nonlocal acting
        x, p = args[0], module.p
        channels = isinstance(module, nn.Dropout) or x.shape[2:]
        shape = x.shape[1:] if isinstance(module, nn.Dropout) else (x.shape[1], *[1 for _ in channels])
        mask = keep_mask(
            torch.zeros(1, dtype=torch.int64) if keys is None else keys,
            torch.tensor([draw]),
            seed=seed,
            layer=acting,
            elements=torch.Size(shape).numel(),
            drop=p,
        )
        acting += 1
        return x * mask[0].reshape(-1, *shape) / (1 - p)

    handles = [module.register_forward_hook(hook) for module in network.modules() if isinstance(module, DROPOUTS)]
    yield
    for handle in handles:
        handle.remove()


def reference(network, images, draws, seed=0, keys=None):
    network.eval()
    passes = []
    for draw in range(draws):
        with masked(network, draw, seed, keys):
            passes.append(network(images).double().log_softmax(-1))
    return torch.stack(passes)


class Functional(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call, self.first, self.last = call, nn.Linear(64, 10), nn.Linear(10, 3)

    def forward(self, x):
        return self.last(self.call(F.relu(self.first(x.flatten(1))), self))


@pytest.mark.parametrize("keys", [None, torch.tensor([4, 2**40, 0, 7, 6, 5, 11])], ids=["shared", "independent"])
def test_a_draw_is_the_whole_network_once_with_its_masks(network, images, keys):
    estimator = MCDropout(network, draws=5, seed=3, masks="shared" if keys is None else "independent")
    result = estimator(images, torch.arange(7) if keys is None else keys).log_probs
    expected = reference(network, images, 5, seed=3, keys=keys)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-6)
    assert (result[0] - result[1]).abs().max() > 0.01


def test_what_comes_before_the_first_dropout_is_computed_once(network, images):
    estimator = MCDropout(network, draws=9)
    estimator(images)  # the first call also checks, on a few inputs
    batches, tail = [], []
    network[0].register_forward_hook(lambda module, args, output: batches.append(len(output)))
    network[4].register_forward_hook(lambda module, args, output: tail.append(len(output)))
    estimator(images)
    assert batches == [7]
    assert tail == [9 * 7]


def test_shared_masks_make_predictions_independent_of_batch_position_and_company(network, images):
    estimator = MCDropout(network, draws=4)
    whole = estimator(images).log_probs
    order = torch.tensor([5, 0, 3, 6, 1, 4, 2])
    torch.testing.assert_close(estimator(images[order], order).log_probs, whole[:, order])
    torch.testing.assert_close(estimator(images[2:3]).log_probs, whole[:, 2:3])
    mixed = torch.cat([images[:3], torch.ones(4, 1, 8, 8)])
    assert torch.equal(estimator(mixed).log_probs[:, :3], whole[:, :3])
    twice = estimator(images[:1].expand(5, -1, -1, -1), torch.arange(5)).log_probs
    torch.testing.assert_close(twice, twice[:, :1].expand_as(twice))


def test_independent_masks_are_keyed_by_seed_and_sample(network, images):
    estimator = MCDropout(network, draws=4, masks="independent")
    same = images[:1].expand(5, -1, -1, -1)
    keys = torch.tensor([3, 9, 3, 0, 9])
    drawn = estimator(same, keys).log_probs
    torch.testing.assert_close(drawn[:, 0], drawn[:, 2])
    torch.testing.assert_close(drawn[:, 1], drawn[:, 4])
    assert (drawn[:, 0] - drawn[:, 1]).abs().max() > 0.01
    torch.testing.assert_close(estimator(same[:1], keys[1:2]).log_probs, drawn[:, 1:2])
    torch.testing.assert_close(estimator(same).log_probs, estimator(same, torch.arange(5)).log_probs)
    other = MCDropout(network, draws=4, masks="independent", seed=1)(same, keys).log_probs
    assert (other - drawn).abs().max() > 0.01


def test_same_seed_same_draws_other_seed_others(network, images):
    first = MCDropout(network, draws=3, seed=5)
    again, other = MCDropout(network, draws=3, seed=5), MCDropout(network, draws=3, seed=6)
    assert torch.equal(first(images).log_probs, again(images).log_probs)
    assert (first(images).log_probs - other(images).log_probs).abs().max() > 0.01
    more = MCDropout(network, draws=6, seed=5)(images).log_probs
    torch.testing.assert_close(more[:3], first(images).log_probs)
    first.seed = 6
    assert torch.equal(first(images).log_probs, other(images).log_probs)


def test_no_global_random_numbers_are_used(network, images):
    before = torch.random.get_rng_state()
    MCDropout(network, draws=3)(images)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("drop", [0.05, 0.3, 0.5, 0.9])
def test_masks_keep_with_probability_1_minus_p_and_do_not_correlate(drop):
    mask = keep_mask(torch.arange(40), torch.arange(40), seed=0, layer=1, elements=100, drop=drop).double()
    spread = (drop * (1 - drop)) ** 0.5
    normal = (mask - (1 - drop)) / spread
    assert abs(normal.mean()) < 4 / normal.numel() ** 0.5
    for along in range(3):  # a mean over one dimension is as wide as that of independent numbers
        size = mask.shape[along]
        assert (normal.mean(along) * size**0.5).var().item() == pytest.approx(1, abs=0.12)
        neighbours = (normal.narrow(along, 0, size - 1) * normal.narrow(along, 1, size - 1)).mean()
        assert abs(neighbours) < 4 / mask.numel() ** 0.5
    one, two = (
        keep_mask(torch.arange(40), torch.arange(40), seed=seed, layer=layer, elements=100, drop=drop).double()
        for seed, layer in ((1, 1), (0, 2))
    )
    for other in (one, two):
        assert abs((normal * (other - (1 - drop)) / spread).mean()) < 4 / mask.numel() ** 0.5


def test_masks_at_the_ends():
    keys = torch.arange(5)
    assert keep_mask(keys, keys, seed=0, layer=0, elements=50, drop=0.0).all()
    assert not keep_mask(keys, keys, seed=0, layer=0, elements=50, drop=1.0).any()


def test_many_draws_average_to_the_network_without_dropout():
    torch.manual_seed(0)
    linear = nn.Linear(64, 3)
    images = torch.rand(4, 1, 8, 8)
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), linear)
    seen = []
    network.register_forward_hook(lambda module, args, output: seen.append(output))
    MCDropout(network, draws=4000)(images)
    mean = torch.cat(seen[-1:]).view(4000, 4, 3).mean(0)
    torch.testing.assert_close(mean, linear(images.flatten(1)), rtol=0, atol=0.03)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, module: F.dropout(x, training=module.training),
        lambda x, module: F.dropout(x, 0.5, module.training, True),
        lambda x, module: F.dropout(input=x, p=0.5, training=False),
        lambda x, module: nn.functional.dropout(x, p=0.5, training=True),
        lambda x, module: torch.dropout(x, 0.5, module.training),
        lambda x, module: F.dropout(F.dropout(x, p=0.0), training=False),
    ],
)
def test_dropout_as_a_function_is_caught(call, images):
    torch.manual_seed(0)
    functional = Functional(call)
    as_module = nn.Sequential(nn.Flatten(), functional.first, nn.ReLU(), nn.Dropout(0.5), functional.last)
    expected = reference(as_module, images, 3)
    torch.testing.assert_close(MCDropout(functional, draws=3)(images).log_probs, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("call", [lambda x, module: x, lambda x, module: F.dropout(x, 0.0)], ids=["none", "p=0"])
def test_a_network_in_which_no_dropout_acts_is_an_error_of_one_line(call, images):
    with pytest.raises(
        NetworkError, match=r"found no dropout module or call of torch\.nn\.functional\.dropout"
    ) as caught:
        MCDropout(Functional(call))(images)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dropout", "shape"),
    [(nn.Dropout1d(0.4), (6, 5)), (nn.Dropout2d(0.4), (6, 5, 2)), (nn.Dropout3d(0.4), (6, 5, 2, 2))],
)
def test_whole_channels_are_dropped(dropout, shape):
    torch.manual_seed(0)
    images = torch.rand(3, *shape)
    network = nn.Sequential(dropout, nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 3))
    seen = []
    dropout.register_forward_hook(lambda module, args, output: seen.append(output))
    result = MCDropout(network, draws=20)(images)
    factors = (seen[-1].unflatten(0, (20, 3)) / images).flatten(3).double()
    torch.testing.assert_close(result.log_probs, reference(network, images, 20), rtol=0, atol=1e-6)
    assert (factors.amax(-1) - factors.amin(-1)).max() < 1e-4
    assert factors.round(decimals=4).unique().tolist() == pytest.approx([0, 1 / 0.6], abs=1e-4)


@pytest.mark.parametrize("kind", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_keeps_mean_and_variance_and_is_torchs_formula(kind):
    torch.manual_seed(0)
    dropout, images, p = kind(0.2), torch.randn(50, 8, 10), 0.2
    outputs = []
    dropout.register_forward_hook(lambda module, args, output: outputs.append(output))
    MCDropout(nn.Sequential(dropout, nn.Flatten(), nn.Linear(80, 3)), draws=200)(images)
    drawn = outputs[-1]
    assert drawn.mean().item() == pytest.approx(0, abs=0.05)
    assert drawn.std().item() == pytest.approx(1, abs=0.05)
    torch.manual_seed(1)
    theirs = kind(p).train()(images[:20])
    dropped = theirs.flatten().mode().values.item()
    assert torch.isclose(drawn, torch.tensor(dropped)).double().mean().item() == pytest.approx(p, abs=0.02)
    scale = ((1 - p) * (1 + p * 1.7580993408473766**2)) ** -0.5
    kept = scale * (images.repeat(200, 1, 1) + p * 1.7580993408473766)
    assert torch.isclose(drawn, kept, atol=1e-6).double().mean().item() == pytest.approx(1 - p, abs=0.02)


@pytest.mark.parametrize("kind", [nn.Dropout, nn.AlphaDropout])
def test_everything_dropped_is_zero(kind, images):
    network = nn.Sequential(nn.Flatten(), kind(1.0), nn.Linear(64, 3))
    result = MCDropout(network, draws=2)(images)
    expected = network[2].bias.double().log_softmax(-1).expand_as(result.log_probs)
    torch.testing.assert_close(result.log_probs, expected)


class Skip(nn.Module):
    """A branch around the dropout brings along the batch as it was."""

    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(64, 10), nn.Dropout(0.5), nn.Linear(10, 3)

    def forward(self, x):
        x = self.first(x.flatten(1))
        return self.last(x + self.drop(x))


class Centred(nn.Module):
    """Statistics over the batch: nothing fails where it is repeated, but the results are wrong."""

    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(64, 10), nn.Dropout(0.5), nn.Linear(10, 3)

    def forward(self, x):
        x = self.drop(self.first(x.flatten(1)))
        return self.last(x - x.mean(0))


class Fixed(nn.Module):
    """The batch of the inputs is taken for the batch of what comes later."""

    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(64, 12), nn.Dropout(0.5), nn.Linear(12, 3)

    def forward(self, x):
        count = len(x)
        x = self.drop(self.first(x.flatten(1)))
        return self.last(x.reshape(count, -1)[:, :12])


@pytest.mark.parametrize(
    ("kind", "message"), [(Skip, "RuntimeError"), (Centred, "the results differ"), (Fixed, "NetworkError")]
)
@pytest.mark.parametrize("count", [1, 7])
def test_where_the_batch_cannot_be_repeated_whole_passes_are_made_and_it_is_said_once(kind, message, count, images):
    torch.manual_seed(0)
    network, images = kind(), images[:count]
    estimator = MCDropout(network, draws=5)
    with pytest.warns(UserWarning, match=f"runs the whole network once per draw.*{message}"):
        result = estimator(images)
    torch.testing.assert_close(result.log_probs, reference(network, images, 5), rtol=0, atol=1e-6)
    estimator(torch.rand(9, 1, 8, 8))  # said once: a second warning would be an error here
    estimator(torch.rand(9, 1, 4, 16))


def test_inputs_of_another_shape_are_checked_again():
    class Sometimes(nn.Module):
        """Its batch can be repeated for small images only."""

        def __init__(self):
            super().__init__()
            self.drop, self.last = nn.Dropout(0.5), nn.Linear(4, 3)

        def forward(self, x):
            y = self.drop(F.adaptive_avg_pool2d(x, 2).flatten(1))
            return self.last(y - y.mean(0) if x.shape[-1] > 8 else y)

    network = Sometimes()
    estimator, large = MCDropout(network, draws=3), torch.rand(4, 1, 10, 10)
    estimator(torch.rand(4, 1, 8, 8))
    with pytest.warns(UserWarning, match="the results differ"):
        result = estimator(large)
    torch.testing.assert_close(result.log_probs, reference(network, large, 3), rtol=0, atol=1e-6)


def test_draws_in_several_passes_are_the_same_draws(network, images, monkeypatch):
    expected = MCDropout(network, draws=7)(images).log_probs
    monkeypatch.setattr(mc_dropout, "MEMORY", 8 * 7 * 4 * 36 * 4 * 3)  # room for three draws behind the first dropout
    passes = []
    network[4].register_forward_hook(lambda module, args, output: passes.append(len(output) // 7))
    estimator = MCDropout(network, draws=7)
    torch.testing.assert_close(estimator(images).log_probs, expected, rtol=0, atol=1e-6)
    assert passes[-3:] == [3, 3, 1]
    monkeypatch.setattr(mc_dropout, "MEMORY", 0)
    torch.testing.assert_close(MCDropout(network, draws=7)(images).log_probs, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("measure", [predictive_entropy, mutual_information])
def test_gradients_are_those_of_whole_passes(network, images, measure):
    network, images = network.double(), images.double()
    point = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(measure(MCDropout(network, draws=4)(point)).sum(), point)
    from feint.predictive import Categorical

    (expected,) = torch.autograd.grad(measure(Categorical(reference(network, point, 4))).sum(), point)
    torch.testing.assert_close(slope, expected)
    assert slope.abs().max() > 0


@pytest.mark.parametrize("masks", ["shared", "independent"])
def test_inference_mode_first_and_autograd_afterwards(network, images, masks):
    estimator = MCDropout(network, draws=3, masks=masks)
    with torch.inference_mode():
        before = estimator(images[:2] + 0, torch.arange(2) + 5).log_probs  # inference tensors, the keys too
    point = images[:2].clone().requires_grad_()
    after = estimator(point, torch.arange(2) + 5).log_probs
    torch.testing.assert_close(after.detach(), before.clone())
    after[..., 0].sum().backward()
    assert point.grad is not None
    assert all(parameter.grad is None for parameter in network.parameters())


def test_modes_and_gradients_are_put_back_also_after_exceptions(network, images):
    network.train()
    network[1].eval()
    network[4].weight.requires_grad_(False)

    def state():
        return [m.training for m in network.modules()], [p.requires_grad for p in network.parameters()]

    before, statistics = state(), network[1].running_mean.clone()
    estimator = MCDropout(network, draws=3)
    estimator(images)
    assert state() == before
    assert torch.equal(network[1].running_mean, statistics)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        estimator(torch.rand(2, 1, 12, 12))
    assert state() == before
    torch.testing.assert_close(F.dropout(images, 0.5, training=False), images)  # nothing is left switched on


class Patches(nn.Module):
    """Each image is four patches, folded into the batch."""

    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(16, 5), nn.Dropout(0.5), nn.Linear(20, 3)

    def forward(self, x):
        patches = x.reshape(len(x) * 4, 16)
        return self.last(self.drop(self.first(patches)).reshape(-1, 20))


def test_dropout_on_a_batch_into_which_another_dimension_is_folded(images):
    torch.manual_seed(0)
    network = Patches()
    estimator = MCDropout(network, draws=3)
    result = estimator(images).log_probs
    keep = keep_mask(torch.zeros(1).long(), torch.arange(3), seed=0, layer=0, elements=20, drop=0.5)[:, 0]
    hidden = network.first(images.reshape(-1, 4, 16)).flatten(1)
    expected = torch.stack([network.last(hidden * mask / 0.5).double().log_softmax(-1) for mask in keep])
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(estimator(images[3:5]).log_probs, result[:, 3:5])


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda x, module: F.linear(x, F.dropout(torch.eye(10))), r"\(10, 10\)|depends on their number"),
        (lambda x, module: F.dropout(x.repeat(2, 1)).unflatten(0, (2, -1)).sum(0), "depends on their number"),
        (lambda x, module: F.dropout(x.T).T, "came shape|depends on their number"),
        (lambda x, module: x * F.dropout(torch.ones(10)), "came shape"),
    ],
    ids=["weights", "folded the other way round", "transposed", "a vector"],
)
def test_dropout_whose_first_dimension_is_not_the_batch_is_an_error(call, why, images):
    with pytest.raises(NetworkError, match=why):
        MCDropout(Functional(call), draws=3)(images)


def test_transformers_leave_their_fast_path_in_which_no_dropout_would_act():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True)
    network = nn.Sequential(nn.Flatten(1, 2), layer, nn.Flatten(), nn.Linear(64, 3)).eval()
    images = torch.rand(4, 1, 8, 8)
    with pytest.warns(UserWarning, match="whole network once per draw"):  # for the skip connections
        result = MCDropout(network, draws=4)(images)
    assert mutual_information(result).min() > 0


def test_one_draw(network, images):
    result = MCDropout(network, draws=1)(images)
    assert result.draws == 1
    torch.testing.assert_close(result.log_probs, reference(network, images, 1), rtol=0, atol=1e-6)


def test_no_inputs(network):
    assert MCDropout(network, draws=3)(torch.rand(0, 1, 8, 8)).log_probs.shape == (3, 0, 3)


def test_copies_pickles_and_moves(network, images):
    estimator = MCDropout(network, draws=3, seed=4, masks="shared")
    expected = estimator(images).log_probs
    assert torch.equal(copy.deepcopy(estimator)(images).log_probs, expected)
    file = io.BytesIO()
    pickle.dump(estimator, file)
    assert len(file.getvalue()) < 20_000
    assert torch.equal(pickle.loads(file.getvalue())(images).log_probs, expected)
    torch.testing.assert_close(estimator.double()(images.double()).log_probs, expected, rtol=0, atol=1e-5)
    moved = estimator.to("meta")
    assert moved is estimator
    assert next(network.parameters()).device.type == "meta"


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"draws": 0}, "draws: expected at least 1, got 0")],
)
def test_settings(network, settings, message):
    with pytest.raises(InputError, match=message):
        MCDropout(network, **settings)


def test_dropout_that_acts_makes_no_difference_to_softmax(network, images):
    before = Softmax(network)(images).log_probs
    MCDropout(network, draws=3)(images)
    assert torch.equal(before, Softmax(network)(images).log_probs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_masks_are_the_same_on_a_gpu(network, images):
    expected = MCDropout(network, draws=3)(images).log_probs
    estimator = MCDropout(network, draws=3).cuda()
    torch.testing.assert_close(estimator(images.cuda()).log_probs.cpu(), expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(estimator.cpu()(images).log_probs, expected, rtol=0, atol=1e-6)
