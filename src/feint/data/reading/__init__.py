"""How examples are read: decoded and prepared, one after the other, and stacked to batches."""
