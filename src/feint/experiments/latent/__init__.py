"""Map the measures of victims over the latent plane of an autoencoder, and find confident rubbish.

    feint train vae --network vae --data path/to/mnist --epochs 25 --schedule cosine
    feint latent --autoencoder vae --victim cnn --victim lenets --data path/to/mnist

Every point of the plane is decoded and shown to the victims. Far from all encoded images a victim should be uncertain;
the page shows where it is not, and what such images look like.
"""

from feint.runs.experiment import Experiment

from .settings import LatentSettings as LatentSettings

LATENT = Experiment("latent", LatentSettings, __name__)
