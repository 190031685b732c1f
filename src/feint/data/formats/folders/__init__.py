"""Pictures as files: class folders, folders with a CSV, and what both read."""
