"""Turns a claimed file into reports, always in the jail."""
