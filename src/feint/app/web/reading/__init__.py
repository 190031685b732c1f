"""What is read out of run folders and the catalog, in a process of its own."""
