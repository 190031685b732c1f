"""Monte Carlo dropout: where dropout acts, its masks, and the draws."""
