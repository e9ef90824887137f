"""Turns the log files of test machines into WATS reports and delivers each of them once."""
