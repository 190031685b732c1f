"""The tables of the papers that feint grew from: runs laid out as printed, the papers' figures beside ours."""
