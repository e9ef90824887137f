"""The server behind ``embedded:``: the bundled Valkey, run under our own care.

    stage      the foreground process that keeps one running
    server     start, adopt, stop
    place      the data folder: its files, locks, configuration and the address in it
    binary     which server program there is
    process    locks and command lines
    diagnosis  what a server's last words mean

One process cares for the server; all others only look up its address. A server whose carer was killed lives
on, and the next carer adopts it, so neither work nor connections are lost. Whatever happens, one folder has
at most one server: the server itself holds a lock on it.

Only what connecting needs is imported here; ``server`` and ``stage`` need a Unix.
"""

from wats_broker.embedded.place import Address, address

__all__ = ["Address", "address"]
