"""The parts of one simulated server, put together."""

import time
from dataclasses import dataclass, field
from typing import Self

from wats_worker.simulator.clients import Clients
from wats_worker.simulator.database import Database
from wats_worker.simulator.faults import Script
from wats_worker.simulator.ledger import Ledger
from wats_worker.simulator.quarantine import Quarantine
from wats_worker.simulator.rules import RateWindow
from wats_worker.simulator.settings import SimulatorSettings, Token
from wats_worker.simulator.store import Store


@dataclass(slots=True)
class Service:
    """What every call is answered from."""

    settings: SimulatorSettings  # replaced as a whole when the control door changes something
    database: Database
    store: Store
    quarantine: Quarantine
    clients: Clients
    ledger: Ledger
    faults: Script
    rates: RateWindow = field(default_factory=RateWindow)

    @classmethod
    def open(cls, settings: SimulatorSettings) -> Self:
        """Open the store; what earlier runs left there is there."""
        database = Database(settings.store, synchronous=settings.synchronous)
        return cls(
            settings=settings,
            database=database,
            store=Store(database),
            quarantine=Quarantine(database),
            clients=Clients(database),
            ledger=Ledger(database),
            faults=Script(settings.faults, mix=settings.mix),
        )

    def close(self) -> None:
        """Write what waits and let go of the store."""
        self.ledger.flush()
        self.database.close()

    def now(self) -> float:
        """This server's clock."""
        return time.time() + self.settings.clock_offset_s

    def tokens(self) -> list[Token]:
        """Every token that opens something."""
        return [*self.settings.tokens, *self.clients.tokens]

    def forget(self) -> None:
        """Be as new: no reports, no requests, no clients, no faults, full rates."""
        self.ledger.flush()  # or its rows would turn up later
        self.database.forget()
        self.ledger.read()
        self.clients.read()
        self.faults.clear()
        self.rates.forget()
