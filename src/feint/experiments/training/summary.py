"""A training's summary: how good it is on the test images, and the epochs that its weights are from."""

from typing import Any

from feint.runs.run import Run


def summarise(run: Run) -> dict[str, Any]:
    """Accuracy, or the evidence lower bound, and every member's best epoch."""
    from .autoencoder import mean_bounds
    from .members import quality

    rows = run.table("epochs").read().to_pylist()
    members = sorted({row["member"] for row in rows})
    return {
        "name": run.settings.name,
        "kind": run.about["kind"],
        "test_images": run.about["test_images"],
        **(quality(run) if run.about["kind"] == "classifier" else mean_bounds(run)),
        "members": [
            {
                "epochs": max(row["epoch"] for row in rows if row["member"] == member),
                "best_epoch": next(row["epoch"] for row in rows if row["member"] == member and row["best"]),
                "best": next(
                    {name: row[name] for name in ("training_loss", "validation_loss", "validation_accuracy")}
                    for row in rows
                    if row["member"] == member and row["best"]
                ),
            }
            for member in members
        ],
        "seconds_an_epoch": [note["seconds"] for note in run.notes("members")],
    }
