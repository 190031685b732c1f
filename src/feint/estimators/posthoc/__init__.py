"""Post-hoc scores: uncertainties that are read off a classifier as it is, without training it for them."""
