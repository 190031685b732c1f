"""Attacks on confidence: the label stays, what the victim says of itself does not."""
