"""What a detector of attacks must not flag: noise as large as the attack's perturbation; and the released bounds."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import L2
from feint.keyed import uniforms

NOISE = 1 << 21
"""The stream of noise: apart from those of random starts and of random confidences with the same seed."""

RELEASED_MEAN = (123.68, 116.779, 103.939)
"""Mean of red, green and blue in ImageNet, of 255: what the released experiment takes off its images."""

RELEASED_BOUNDS = (-103.939, 131.32)
"""What the released experiment clips attacked images to, the mean taken off: the same for all three channels, so that
red keeps 20 to 255, green 13 to 248, and blue 0 to 235."""


def gaussian_noise(
    images: Float[Tensor, " N channels height width"],
    lengths: Float[Tensor, " N"],
    samples: Int[Tensor, " N"],
    *,
    seed: int,
) -> Float[Tensor, " N channels height width"]:
    """Images with white Gaussian noise, scaled so that what is left of it inside [0, 1] has the lengths asked for.

    Args:
        images: in [0, 1].
        lengths: the L2 norm of each image's noise after clipping.
        samples: key the noise, along with the seed.
        seed: of the noise.
    """
    direction = L2().random_start(images, 1.0, samples, seed=seed, stream=NOISE)
    scale = lengths / L2().size(direction).clamp_min(torch.finfo(images.dtype).tiny)
    wide = (-1, *[1] * (images.ndim - 1))
    noisy = images
    for _ in range(12):  # clipping shortens the noise, the more the longer it is: lengthen by what is missing
        noisy = (images + scale.reshape(wide) * direction).clamp(0, 1)
        reached = L2().size(noisy - images)
        scale = scale * torch.where(reached > 0, lengths / reached, 1.0)
    return noisy


def released_noise(
    images: Float[Tensor, " N 3 height width"],
    lengths: Float[Tensor, " N"],
    samples: Int[Tensor, " N"],
    *,
    seed: int,
) -> Float[Tensor, " N 3 height width"]:
    """The noise images of the released experiment, which are clipped on the wrong scale and come out as flat grey.

    Images there run from -mean to 255 - mean. Uniform noise is divided by its length *times* that of the perturbation,
    which makes it vanish, and the sum is clipped to [0, 1]: to one grey level of 255, at the mean colour.

    Reference: Smith & Gal 2018, the experiment on cats and dogs as released (lsgos/uncertainty-adversarial-paper).
    """
    mean = _mean(images)
    drawn = uniforms(samples, images[:1].numel(), seed=seed, stream=NOISE + 1).to(images.dtype).reshape(images.shape)
    divisor = (L2().size(drawn) * 255 * lengths).clamp_min(torch.finfo(images.dtype).tiny)
    noisy = 255 * images - mean + drawn / divisor.reshape(-1, 1, 1, 1)
    return (noisy.clamp(0, 1) + mean) / 255


def released_clipping(
    images: Float[Tensor, " N 3 height width"],
) -> Float[Tensor, " N 3 height width"]:
    """Images clipped to the bounds that the released experiment gives its attacks, and to which it clips nothing else.

    Reference: as for the noise.
    """
    mean = _mean(images)
    low, high = ((mean + bound) / 255 for bound in RELEASED_BOUNDS)
    return images.clamp(low, high)


def _mean(images: Tensor) -> Float[Tensor, " 3 1 1"]:
    return torch.tensor(RELEASED_MEAN, dtype=images.dtype, device=images.device).reshape(3, 1, 1)
