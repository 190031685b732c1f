"""Where victims and autoencoders come from: files, the catalog, training data, objects, and the embedded network."""
