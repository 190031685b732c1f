"""Experiments, a folder each: what can be asked, how it is computed, what the records say, and the report."""
