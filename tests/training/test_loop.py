"""fit, held against a loop in plain PyTorch: step by step, to the bit."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from feint.training import fit
from feint.training.randomness import derived, seeded, stream

COUNT, EPOCHS, BATCH, RATE = 33, 8, 8, 0.05


def rates(schedule, steps):
    """As the docstrings and the papers say them, step by step."""
    turn = [math.pi * at / steps for at in range(steps)]
    if schedule == "cosine":
        return [RATE * (1 + math.cos(angle)) / 2 for angle in turn]
    if schedule == "one-cycle":
        low, found = RATE / 25, []
        for at in range(steps):
            done = at / steps
            if done < 0.3:
                found.append(low + (RATE - low) * (1 - math.cos(math.pi * done / 0.3)) / 2)
            else:
                found.append(RATE * (1 + math.cos(math.pi * (done - 0.3) / 0.7)) / 2)
        return found
    if schedule == "steps":
        return [RATE * (1 if at < 3 * steps / 8 else 0.1 if at < 6 * steps / 8 else 0.01) for at in range(steps)]
    return [RATE] * steps


def augmented(images, positions, number, seed):
    """Each image out of a frame of zeros, half of them mirrored; drawn for the whole epoch, before any batch."""
    drawn = stream(seed, "augment", number)
    tops, lefts = (torch.randint(3, (COUNT,), generator=drawn) for _ in "yx")
    mirrored = torch.rand(COUNT, generator=drawn) < 0.5
    found = []
    for image, position in zip(images, positions.tolist(), strict=True):
        top, left = int(tops[position]), int(lefts[position])
        cut = functional.pad(image, (1, 1, 1, 1))[:, top : top + 4, left : left + 4]
        found.append(cut.flip(2) if mirrored[position] else cut)
    return torch.stack(found)


def loop(network, data, validation, *, seed, optimizer, schedule, augment):
    """The training that a recipe promises, and what it tells of each epoch."""
    steps, told, states = EPOCHS * (COUNT // BATCH), [], []
    for number in range(1, EPOCHS + 1):
        network.train()
        order = torch.randperm(COUNT, generator=stream(seed, "order", number))
        batches = [*order[: COUNT - BATCH - 1].split(BATCH), order[COUNT - BATCH - 1 :]]  # a single last one joins
        total = 0.0
        with seeded(derived(seed, "steps", number, 0)):
            for at, positions in enumerate(batches):
                images, labels = data.images[positions], data.labels[positions]
                if augment:
                    images = augmented(images, positions, number, seed)
                optimizer.param_groups[0]["lr"] = rates(schedule, steps)[(number - 1) * len(batches) + at]
                optimizer.zero_grad()
                loss = functional.cross_entropy(network(images), labels, reduction="none").mean()
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(positions)
        network.eval()
        with torch.no_grad():
            logits = torch.cat([network(part) for part in validation.images.split(BATCH)])
        held = float(functional.cross_entropy(logits, validation.labels).double())
        told.append((total / COUNT, held, float((logits.argmax(1) == validation.labels).double().mean())))
        states.append({name: value.clone() for name, value in network.state_dict().items()})
    return told, states


OPTIMIZERS = {
    "adam": lambda weights: torch.optim.Adam(weights, lr=1.0, weight_decay=0.03),
    "sgd": lambda weights: torch.optim.SGD(weights, lr=1.0, momentum=0.8, weight_decay=0.03),
}


@pytest.mark.parametrize(
    ("optimizer", "schedule", "augment"),
    [
        ("adam", "constant", False),
        ("sgd", "cosine", True),
        ("adam", "one-cycle", True),
        ("sgd", "steps", False),
    ],
)
def test_it_is_the_loop_in_plain_pytorch(blobs, network, recipe, optimizer, schedule, augment):
    data, validation, ours, theirs = blobs(COUNT), blobs(16, seed=1), network(), network()
    validation.labels = (validation.labels + (torch.arange(16) % 3 == 0)) % 2  # some wrong: the best is not the last
    seen = []
    asked = recipe(
        epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, weight_decay=0.03, momentum=0.8, optimizer=optimizer,
        schedule=schedule, augment="crop-flip" if augment else "none", validation_share=0.0,
    )  # fmt: skip
    history = fit(
        ours, data, recipe=asked, seed=5, validation=validation,
        progress=lambda epoch: seen.append({name: value.clone() for name, value in ours.state_dict().items()}),
    )  # fmt: skip
    made = OPTIMIZERS[optimizer](theirs.parameters())
    told, states = loop(theirs, data, validation, seed=5, optimizer=made, schedule=schedule, augment=augment)
    for epoch, state, expected, number in zip(seen, states, told, history.epochs, strict=True):
        for name, value in state.items():
            assert torch.equal(epoch[name], value)
        assert (number.training_loss, number.validation_loss, number.validation_accuracy) == pytest.approx(expected)
    losses = [each[1] for each in told]
    assert history.best_epoch == losses.index(min(losses)) + 1
    assert [epoch.number for epoch in history.epochs] == list(range(1, EPOCHS + 1))
    for name, value in states[history.best_epoch - 1].items():
        assert torch.equal(ours.state_dict()[name], value)


class Still(nn.Module):
    """Learns nothing that validation sees."""

    def __init__(self):
        super().__init__()
        self.unseen = nn.Parameter(torch.zeros(2))

    def forward(self, images):
        logits = images.flatten(1)[:, :2]
        return logits + self.unseen if self.training else logits


def test_of_epochs_that_are_equally_good_the_first_is_kept(blobs, recipe):
    network, seen = Still(), []
    history = fit(
        network,
        blobs(),
        recipe=recipe(epochs=4, patience=2, learning_rate=0.1),
        progress=lambda _: seen.append(network.unseen.detach().clone()),
    )
    assert (history.best_epoch, len(history.epochs)) == (1, 3)
    assert torch.equal(network.unseen, seen[0])
    assert not torch.equal(seen[0], seen[1])


def test_no_gradient_flows_through_what_perturb_returns(blobs, network, recipe):
    """The same numbers, whether perturb's way to them may be followed or not, train the same."""
    trained = []
    for cut in (lambda inputs: inputs, torch.detach):
        net = network(dropout=0.0)

        def perturb(inputs, labels, samples, net=net, cut=cut):
            return cut(inputs + 0.3 * net(inputs).sum(dim=1).reshape(-1, 1, 1, 1))

        fit(net, blobs(), recipe=recipe(epochs=2), perturb=perturb)
        trained.append(torch.cat([value.flatten() for value in net.state_dict().values()]))
    assert torch.equal(*trained)
