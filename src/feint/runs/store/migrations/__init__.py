"""How the store's tables came to be what they are, step by step; applied when a store is opened that is behind."""
