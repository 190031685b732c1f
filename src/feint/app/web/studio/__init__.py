"""What pages compute while somebody waits: networks kept warm in a process of their own, and asked about one image."""
