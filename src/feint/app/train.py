"""Train a victim: a network or an ensemble with a card, which other commands take by its name.

    feint train lenet --network lenet --data path/to/mnist
    feint audit --victim lenet --data path/to/mnist --radii 0.005,0.05,0.1

The weights of the lowest loss on a validation share of the training images are kept; the accuracy on the card is
measured on the test images, which nothing else looks at. An interrupted training goes on with the same command.
"""

import argparse
import json

from feint.app import options as shared
from feint.app.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint train`."""
    parser.add_argument("name", metavar="NAME", help="what the victim will be called")
    shared.add_data(parser)
    parser.add_argument("--test-data", metavar="SOURCE", help="where accuracy is measured (default: the same source)")
    parser.add_argument("--test-split", default="test", help="and which part of it (default: test)")
    victim = parser.add_argument_group("victim")
    victim.add_argument(
        "--network", required=True, metavar="NAME", help="a built-in architecture, file.py:function, or vae"
    )
    victim.add_argument("--dropout", type=float, metavar="P", help="of a built-in architecture that has some")
    victim.add_argument("--members", type=int, default=1, metavar="E", help="more than one: an ensemble (default: 1)")
    shared.add_estimator(parser)
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument("--epochs", type=int, help="(default: 10)")
    recipe.add_argument(
        "--training-batch", type=int, dest="batch_size", metavar="N", help="images a step (default: 128)"
    )
    recipe.add_argument("--optimizer", choices=["adam", "sgd"], help="(default: adam)")
    recipe.add_argument("--learning-rate", type=float, metavar="RATE", help="(default: 0.001)")
    recipe.add_argument("--weight-decay", type=float, metavar="DECAY", help="(default: 0)")
    recipe.add_argument("--schedule", choices=["constant", "cosine"], help="(default: constant)")
    recipe.add_argument("--patience", type=int, metavar="EPOCHS", help="stop when validation no longer improves")
    recipe.add_argument("--validation-share", type=float, metavar="SHARE", help="held out of the data (default: 0.1)")
    recipe.add_argument("--share", type=float, help="train on a random share of the rest (default: 1)")
    recipe.add_argument("--augment", choices=["none", "crop-flip"], help="(default: none)")
    hardening = parser.add_argument_group("adversarial training")
    hardening.add_argument("--adversarial", choices=["fgsm", "pgd"], help="attack every batch before learning from it")
    hardening.add_argument("--radius", type=float, default=8 / 255, help="L-infinity, of [0, 1] (default: 8/255)")
    hardening.add_argument("--steps", type=int, default=7, help="of pgd (default: 7)")
    shared.add_running(parser)


def run(options: argparse.Namespace) -> None:
    """Train and print the card."""
    from feint.experiments.autoencoder import AUTOENCODERS, train_autoencoder
    from feint.experiments.train import TrainSpec, train

    names = ("epochs", "batch_size", "optimizer", "learning_rate", "weight_decay", "schedule", "patience")
    names += ("validation_share", "share", "augment")
    recipe = shared.said(options, names)
    data = shared.data_values(options, split="train")
    test = {**data, "source": options.test_data or options.data, "split": options.test_split, "limit": None}
    arguments = {} if options.dropout is None else {"dropout": options.dropout}
    hardening = None
    if options.adversarial is not None:
        hardening = {"attack": options.adversarial, "radius": options.radius, "steps": options.steps}
    spec = TrainSpec.parse(
        {
            "name": options.name,
            "network": {"name": options.network, "arguments": arguments},
            "victim": shared.estimator_values(options),
            "members": options.members,
            "data": data,
            "test": test,
            "recipe": recipe,
            "adversarial": hardening,
            **shared.running_values(options),
        }
    )
    make = train_autoencoder if spec.network.name in AUTOENCODERS else train
    card = make(spec, options.victims, fresh=options.fresh, progress=not options.quiet)
    if options.json:
        say(json.dumps(card, indent=2))
    else:
        where = f"{card['measured_on']['images']} images of {card['measured_on']['source']}"
        quality = f"accuracy {card['accuracy']:.2%}" if "accuracy" in card else f"ELBO {card['elbo']:.2f} nats"
        say(f"{card['name']}: {quality} on {where}")
        say(f"card: {options.victims / options.name / 'card.json'}")
