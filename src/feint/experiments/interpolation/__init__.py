"""Blend pairs of images in pixels and in latent space, and see which measure tells the blends apart.

    feint interpolate --autoencoder vae --victim cnn --victim lenets --data path/to/mnist

The claim of Smith and Gal (2018): half-way between two images of different classes, mutual information is high for a
blend of pixels and low for a blend in latent space, while entropy is high for both.
"""

from feint.runs.experiment import Experiment

from .settings import InterpolationSettings as InterpolationSettings

INTERPOLATE = Experiment("interpolate", InterpolationSettings, __name__)
