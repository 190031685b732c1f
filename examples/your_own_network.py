"""Audit a network of your own from Python: this file is what `--network your_own_network.py:build` would name.

python your_own_network.py
"""

from torch import nn

import feint
from feint.networks import Normalize


def build() -> nn.Module:
    """A network that takes images in [0, 1]: normalisation is a layer inside it. Yours would load its weights."""
    return nn.Sequential(Normalize(mean=[0.3], std=[0.4]), nn.Flatten(), nn.Linear(64, 10))


if __name__ == "__main__":
    images, labels, _ = feint.data.load("digits").gather(range(40))  # tensors, arrays or a DataLoader
    result = feint.audit(build().eval(), images, labels, attack="ace:search=bisection", radii=[0.01, 0.1])
    print("clean", result.summary["clean"]["aurc"])
    for row in result.summary["attacked"]:
        print(row["radius"], row["aurc"], "labels kept", row["kept"])
    print(result.folder / "report.html")
