"""SelectiveNet: its heads, its loss, and where a network is cut."""
