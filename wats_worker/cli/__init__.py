"""The command line: ``wats-worker up``, the single stages, and questions to a running line."""
