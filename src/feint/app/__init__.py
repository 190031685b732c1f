"""The outermost room: the command line."""
