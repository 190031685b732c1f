import pytest
import torch

from feint.training import Recipe, seeded


class Blobs:
    """Images whose upper half is bright for class 1 and dark for class 0."""

    def __init__(self, count=96, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.arange(count) % 2
        self.images = torch.rand(count, 1, 4, 4, generator=generator) * 0.4
        self.images[:, :, :2] += 0.5 * self.labels[:, None, None, None]
        self.samples = torch.arange(count) + 1000
        self.gathered = []

    def __len__(self):
        return len(self.labels)

    @property
    def shape(self):
        return (1, 4, 4)

    def gather(self, positions):
        self.gathered.append(list(positions))
        rows = torch.tensor(positions, dtype=torch.int64)
        return self.images[rows], self.labels[rows], self.samples[rows]


def build(seed=0, dropout=0.2):
    with seeded(seed):
        return torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(16, 8),
            torch.nn.Tanh(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(8, 2),
        )


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small only wait for further ones
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def blobs():
    return Blobs


@pytest.fixture
def network():
    return build


@pytest.fixture
def recipe():
    def make(**values):
        return Recipe(**({"epochs": 4, "batch_size": 16, "learning_rate": 0.01} | values))

    return make
