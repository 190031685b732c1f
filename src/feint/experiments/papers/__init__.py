"""Tables of papers beside our own figures: `feint reproduce NAME`."""
