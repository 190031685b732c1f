"""Parts that pages are made of: the frame, reports, forms, and what came of an attack."""
