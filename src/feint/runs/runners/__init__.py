"""Who does the work of a run: in this process, so far."""
