"""Nothing here is a test: `make mutants` runs it, with tools that the suite does without."""

collect_ignore_glob = ["*.py"]
