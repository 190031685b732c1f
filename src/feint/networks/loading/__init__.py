"""Networks from files and libraries, and weights from files."""
