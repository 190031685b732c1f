"""From settings to an attack on a victim, ready to run: on labels, on confidence.

Nothing is imported here, so that settings are read before torch is. Name the module: ``feint.threats.labels``.
"""
