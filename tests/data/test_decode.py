import numpy as np
import PIL.Image
import pytest
from torchvision.transforms import v2

from feint.data.decode import cropped, resized

from .files import pictures


@pytest.mark.parametrize(("height", "width"), [(40, 30), (30, 40), (25, 61), (7, 9)])
@pytest.mark.parametrize("side", [8, 21, 50])
def test_resize_and_crop_agree_with_torchvision(height, width, side):
    pixels = pictures(1, height, width, 3)[0]
    for transform, ours in ((v2.Resize(side), resized(pixels, side)), (v2.CenterCrop(7), cropped(pixels, 7))):
        assert np.array_equal(np.asarray(transform(PIL.Image.fromarray(pixels))), ours)


@pytest.mark.parametrize("channels", [1, 3])
def test_floats_are_resized_like_bytes(channels):
    pixels = pictures(1, 30, 40, channels)[0]
    floats = resized(pixels.astype(np.float32) / 255, 20)
    assert floats.dtype == np.float32
    assert np.allclose(floats * 255, resized(pixels, 20), atol=1.01)
