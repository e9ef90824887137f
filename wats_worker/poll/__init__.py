"""Asks scheduled sources: a tick's message → a poll → what came by it is claimed like any file.

    beat ──tick──► [Celery: poll.v1] ──► polling ──► round ──► talk ══pipe══ child (the poller)
                                                       │
                                        room, claim, journal, message  (``intake``)
                                                       │
                                                    memory: keys and cursor, on the spool

``polling`` decides whether a tick is still worth a poll and what follows from how it ended; ``round`` is one
poll; ``talk`` and ``child`` are the two ends of a pipe between the worker and the process a poller runs in.
"""
