import numpy as np
import pytest
from PIL import Image

from feint.app.cli import main
from feint.app.web.studio.attack import attack
from feint.app.web.studio.warm import Warm


@pytest.fixture(scope="module")
def warm(plain_report, tmp_path_factory):
    """A studio with a victim whose own pictures are noise of another size."""
    root = tmp_path_factory.mktemp("studio")
    for at, name in enumerate(("train", "noise")):
        pixels = np.random.default_rng(at).integers(0, 256, (40, 28, 28), dtype=np.uint8)
        np.savez(root / f"{name}.npz", images=pixels, labels=np.arange(40) % 4)
    data = ["--data", str(root / "train.npz"), "--test-data", str(root / "noise.npz"), "--epochs", "1"]
    where = ["--out", str(root / "runs"), "--victims", str(root / "victims")]
    assert main(["train", "noisy", "--network", "lenet", *data, *where, "--quiet"]) == 0
    return Warm(str(root / "victims"))


def test_a_second_victim_is_attacked_on_the_same_image_made_to_fit(warm):
    asked = {"word": {"name": "fgsm"}, "radius": 0.1}
    first = attack(warm, {}, {"index": 3}, **asked)
    same = attack(warm, {"card": "noisy"}, {"index": 3, "of": {}}, **asked)
    own = attack(warm, {"card": "noisy"}, {"index": 3}, **asked)
    assert same["victim"] == "noisy"

    def small(found):
        image = np.asarray(found["pictures"][0], dtype=np.float64).reshape(*found["pictures"][0].shape[:2], -1)[..., 0]
        picture = Image.fromarray((255 * image / max(image.max(), 1e-9)).astype(np.uint8))
        return np.asarray(picture.resize((8, 8), Image.Resampling.BOX), dtype=np.float64)

    assert same["pictures"][0].shape[:2] == (28, 28)
    assert abs(small(same) - small(first)).mean() < 30  # the digit, and not the noise
    assert abs(small(own) - small(first)).mean() > 60
    assert same["label"] is None  # it knows four classes, and no 5
    assert attack(warm, {}, {"index": 3, "of": {}}, **asked)["before"] == first["before"]


def test_the_embedded_digits_are_shown_without_asking_a_network():
    from feint.app.web.studio.pictures import digits

    found = digits(None)
    assert [each["index"] for each in found] == list(range(12))
    assert all(each["png"].startswith(b"\x89PNG") for each in found)
