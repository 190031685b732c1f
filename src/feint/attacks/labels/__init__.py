"""Attacks on labels, and the objectives that they raise."""
