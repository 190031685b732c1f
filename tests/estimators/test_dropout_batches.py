"""MC dropout where a batch cannot be repeated, or the first dimension is not the batch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.errors import NetworkError
from feint.estimators import MCDropout
from feint.estimators.dropout.masks import keep_mask
from feint.measures import mutual_information

from .conftest import Functional, reference


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


@pytest.mark.parametrize("kind", [Skip, Fixed])
def test_whole_passes_have_each_inputs_own_masks(kind, images):
    torch.manual_seed(0)
    network, samples = kind(), torch.tensor([3, 9, 4, 70, 0, 1, 5])
    estimator = MCDropout(network, draws=4, masks="independent")
    with pytest.warns(UserWarning, match="runs the whole network once per draw"):
        result = estimator(images, samples)
    torch.testing.assert_close(result.log_probs, reference(network, images, 4, keys=samples), rtol=0, atol=1e-6)


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
