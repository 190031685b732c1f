import pytest
import torch

from feint.errors import DataError, FeintError, InputError, NetworkError, SpecError
from feint.predictive import Categorical
from feint.training import fit
from feint.training.augment import CropFlip
from feint.training.randomness import stream
from feint.training.split import Rows


def weights(network):
    return torch.cat([value.flatten() for value in network.state_dict().values()])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_learns_what_can_be_separated(blobs, network, recipe, optimizer):
    net, data = network(), blobs()
    history = fit(net, data, recipe=recipe(epochs=20, optimizer=optimizer, learning_rate=0.05, schedule="cosine"))
    assert history.best.validation_accuracy == 1.0
    assert history.epochs[-1].training_loss < history.epochs[0].training_loss
    net.eval()
    assert (net(data.images).argmax(1) == data.labels).all()


def test_same_seed_same_weights(blobs, network, recipe):
    nets = [network() for _ in range(3)]
    fit(nets[0], blobs(), recipe=recipe(epochs=1))
    fit(nets[1], blobs(), recipe=recipe(epochs=1), seed=0)
    assert torch.equal(weights(nets[0]), weights(nets[1]))
    nets = [network() for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        torch.rand(3)  # the global stream plays no part
        fit(net, blobs(), recipe=recipe(augment="crop-flip"), seed=seed)
    assert torch.equal(weights(nets[0]), weights(nets[1]))
    assert not torch.equal(weights(nets[0]), weights(nets[2]))


def test_global_random_stream_is_untouched(blobs, network, recipe):
    net = network()
    before = torch.get_rng_state()
    fit(net, blobs(), recipe=recipe(augment="crop-flip", share=0.5), seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_best_epoch_is_kept_and_patience_stops(blobs, network, recipe):
    states = []
    net = network(dropout=0.0)
    validation = blobs(32, seed=1)
    validation.labels = torch.zeros(32, dtype=torch.int64)  # gets worse as training proceeds
    history = fit(
        net,
        blobs(),
        recipe=recipe(epochs=30, patience=2, learning_rate=0.1),
        validation=validation,
        progress=lambda epoch: states.append(weights(net)),
    )
    losses = [epoch.validation_loss for epoch in history.epochs]
    assert history.best_epoch == losses.index(min(losses)) + 1
    assert len(losses) == history.best_epoch + 2 < 30
    assert all(0 < epoch.seconds < 600 for epoch in history.epochs)
    assert torch.equal(weights(net), states[history.best_epoch - 1])
    net.eval()
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(net(validation.images), validation.labels)
    assert float(loss) == pytest.approx(min(losses), rel=1e-5)


def test_without_validation_the_last_weights_stay(blobs, network, recipe):
    states, net = [], network()
    history = fit(net, blobs(), recipe=recipe(validation_share=0.0), progress=lambda epoch: states.append(weights(net)))
    assert history.best_epoch == len(history.epochs) == 4
    assert history.best.validation_loss is None
    assert history.best.validation_accuracy is None
    assert torch.equal(weights(net), states[-1])


@pytest.mark.parametrize(("share", "expected"), [(1.0, 72), (0.5, 36)])
def test_shares_are_disjoint_and_follow_the_seed(blobs, network, recipe, share, expected):
    def used(seed):
        seen = []

        def perturb(inputs, labels, samples):
            seen.extend(samples.tolist())
            return inputs

        data = blobs()
        fit(network(), data, seed=seed, perturb=perturb, recipe=recipe(epochs=2, share=share, validation_share=0.25))
        everything = {1000 + position for call in data.gathered for position in call}
        assert len(seen) == 2 * expected
        assert sorted(seen[:expected]) == sorted(set(seen[expected:]))
        assert len(everything - set(seen)) == 24  # validation never trains
        return set(seen)

    assert used(0) == used(0) != used(1)


def test_perturb_changes_what_is_trained_on(blobs, network, recipe):
    net, data, modes = network(), blobs(), []

    def invert(inputs, labels, samples):
        modes.append(net.training)
        assert torch.equal(inputs, data.images[samples - 1000])
        assert torch.equal(labels, data.labels[samples - 1000])
        return 1 - inputs

    fit(net, data, recipe=recipe(epochs=15, validation_share=0.0), perturb=invert)
    assert all(modes)
    net.eval()
    assert (net(1 - data.images).argmax(1) == data.labels).float().mean() > 0.95
    with pytest.raises(InputError, match="perturb"):
        fit(net, data, recipe=recipe(), perturb=lambda inputs, labels, samples: inputs[:1])


def test_gradients_of_an_attack_do_not_leak(blobs, network, recipe):
    def attack(inputs, labels, samples):
        inputs = inputs.clone().requires_grad_()
        net(inputs).sum().backward()
        return inputs

    nets = [network(dropout=0.0), network(dropout=0.0)]
    net = nets[0]
    fit(nets[0], blobs(), recipe=recipe(), perturb=attack)
    fit(nets[1], blobs(), recipe=recipe())
    assert torch.equal(weights(nets[0]), weights(nets[1]))
    assert all(parameter.grad is None for parameter in net.parameters())


def test_modes_are_put_back(blobs, network, recipe):
    net = network()
    net.eval()
    net[1].train()
    before = [part.training for part in net.modules()]
    fit(net, blobs(), recipe=recipe(epochs=1))
    assert [part.training for part in net.modules()] == before

    def fail(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(net, blobs(), recipe=recipe(epochs=1), progress=fail)
    assert [part.training for part in net.modules()] == before


def test_images_that_cannot_be_read_are_left_out_and_all_else_is_as_if(blobs, network, recipe):
    """Of every batch those that can be read, each augmented as it would be; one batch has none."""

    class Holes(type(blobs())):
        def gather(self, positions):
            return super().gather([at for at in positions if at % 3 and at // 16 != 2])

    data, seen = Holes(64), []

    def perturb(inputs, labels, samples):
        crop_flip = CropFlip(64, (1, 4, 4), stream(0, "augment", 1))
        positions = samples - 1000
        assert torch.equal(inputs, crop_flip(data.images[positions], positions))
        assert torch.equal(labels, data.labels[positions])
        seen.append((samples.tolist(), float(torch.nn.functional.cross_entropy(net(inputs), labels).detach())))
        return inputs

    net = network(dropout=0.0)
    history = fit(net, data, recipe=recipe(epochs=1, validation_share=0.0, augment="crop-flip"), perturb=perturb)
    assert sorted(sample - 1000 for batch, _ in seen for sample in batch) == [
        at for at in range(64) if at % 3 and at // 16 != 2
    ]
    mean = sum(len(batch) * loss for batch, loss in seen) / sum(len(batch) for batch, _ in seen)
    assert history.epochs[0].training_loss == pytest.approx(mean)
    with pytest.raises(DataError, match="got none of 3"):
        fit(network(), Rows(data, torch.tensor([0, 3, 6])), recipe=recipe(validation_share=0.0))


class Recorder(torch.nn.Module):
    """A Trainable that writes down what is called."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(16, 2))
        self.calls = []

    def forward(self, inputs):
        return Categorical.from_logits(inputs.flatten(1) @ self.weight)

    def begin(self, data):
        self.calls.append(f"begin {len(data)}")

    def step(self, inputs, labels):
        self.calls.append("step")
        return -self(inputs).mean_log_probs.gather(1, labels[:, None]).mean().float()

    def after_step(self):
        self.calls.append("after_step")

    def end_epoch(self):
        self.calls.append("end_epoch")


def test_hooks_are_called_in_order(blobs, recipe):
    recorder = Recorder()
    history = fit(recorder, blobs(80), recipe=recipe(epochs=2, batch_size=32))
    epoch = ["step", "after_step"] * 3 + ["end_epoch"]
    assert recorder.calls == ["begin 72", *epoch, *epoch]
    assert history.best.validation_loss < 0.7


def test_a_single_left_over_image_joins_the_batch_before(blobs, recipe):
    sizes = []

    def perturb(inputs, labels, samples):
        sizes.append(len(inputs))
        return inputs

    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(16), torch.nn.Linear(16, 2))
    fit(network, blobs(33), recipe=recipe(epochs=1, validation_share=0.0), perturb=perturb)
    assert sizes == [16, 17]


def test_divergence_names_epoch_and_step_and_keeps_the_best(blobs, network, recipe):
    states, net = [], network()
    steps = []

    def perturb(inputs, labels, samples):
        steps.append(1)
        return inputs * float("nan") if len(steps) == 15 else inputs  # 6 steps an epoch

    with pytest.raises(FeintError, match="nan at epoch 3, step 3"):
        fit(net, blobs(), recipe=recipe(), perturb=perturb, progress=lambda epoch: states.append(weights(net)))
    assert len(states) == 2
    assert torch.equal(weights(net), states[1])


def test_progress_goes_to_standard_error(blobs, network, recipe, capsys):
    fit(network(), blobs(), recipe=recipe(epochs=2), progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2/2" in err
    assert "accuracy=" in err
    fit(network(), blobs(), recipe=recipe(epochs=2))
    assert capsys.readouterr() == ("", "")


def test_errors(blobs, network, recipe):
    with pytest.raises(DataError, match="got none"):
        fit(network(), blobs(0), recipe=recipe())
    with pytest.raises(DataError, match="share"):
        fit(network(), blobs(2), recipe=recipe(share=0.1))
    with pytest.raises(SpecError, match="patience"):
        fit(network(), blobs(), recipe=recipe(validation_share=0.0, patience=1))
    with pytest.raises(InputError, match="require gradients"):
        fit(network().requires_grad_(False), blobs(), recipe=recipe())
    with pytest.raises(InputError, match="'toaster'"):
        fit(network(), blobs(), recipe=recipe(), device="toaster")
    with pytest.raises(InputError, match="devices=0"):
        fit(network(), blobs(), recipe=recipe(), devices=0)
    with pytest.raises(NetworkError, match="logits"):
        fit(torch.nn.Conv2d(1, 2, 3), blobs(), recipe=recipe())
    data = blobs()
    data.labels = data.labels + 1
    with pytest.raises(DataError, match="labels from 0 to 1"):
        fit(network(), data, recipe=recipe())


def test_what_validation_cannot_score_is_named(blobs, recipe):
    class Lists(Recorder):
        def forward(self, inputs):
            return [inputs]

        def step(self, inputs, labels):
            return (inputs.flatten(1) @ self.weight).square().mean()

    with pytest.raises(NetworkError, match=r"validation expects logits .* or a Categorical from Lists, got list"):
        fit(Lists(), blobs(40), recipe=recipe(epochs=1))
