"""The run folder: a ledger of pieces, its files, its tables, and what it delivers."""
