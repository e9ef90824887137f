"""One module per machine file format."""
