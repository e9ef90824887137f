"""What asks a scheduled source: one module per kind of source, and the interface they share.

A poller only looks and reads. What it gives is claimed, remembered and converted by others; it runs in a
process of its own, which is ended when it takes too long.
"""
