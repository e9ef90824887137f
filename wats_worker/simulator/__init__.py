"""A faithful local WATS server for the demo, the tests and the benchmarks."""
