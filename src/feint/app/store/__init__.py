"""Commands about what was run: `feint runs`, `feint compare`, `feint query`."""
