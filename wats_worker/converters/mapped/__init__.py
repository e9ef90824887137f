"""Formats that nobody has a converter for: tables and texts, read as a mapping says."""
