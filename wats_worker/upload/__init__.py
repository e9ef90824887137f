"""Delivers reports to the WATS server and reads its answers."""
