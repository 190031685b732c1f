"""From settings to a network that predicts: data, networks, cards, estimators, identity.

Nothing is imported here, so that settings are read before torch is. Name the module: ``feint.victims.victim``.
"""
