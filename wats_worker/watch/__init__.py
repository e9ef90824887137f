"""Watches the sources: look → settle → claim → send. Events are hints, the periodic look is the truth.

``settle`` decides and touches nothing; ``look`` walks a folder, ``identity`` reads a file, ``watcher`` brings
them together, one thread per source; ``reconcile`` gives every file in the spool its next step when whoever
should have made it is gone.
"""
