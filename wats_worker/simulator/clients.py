"""Clients that registered with a register-only token, and the tokens they got by it."""

import base64
import secrets

from wats_worker.simulator.database import Database
from wats_worker.simulator.settings import Token


class Clients:
    """Gives out passcodes; client id and passcode together are a token."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.read()

    def read(self) -> None:
        """Learn from the database who is registered."""
        rows = self._db.rows("SELECT id, passcode FROM clients")
        self.tokens = [_token(row["id"], row["passcode"]) for row in rows]

    def register(self, client: str) -> str | None:
        """Take a client in and answer with its passcode; None when the id is taken."""
        passcode = secrets.token_urlsafe(24)
        done = self._db.run("INSERT OR IGNORE INTO clients VALUES (?, ?)", (client, passcode))
        if done.rowcount == 0:
            return None
        self.tokens.append(_token(client, passcode))
        return passcode


def _token(client: str, passcode: str) -> Token:
    return Token(base64.b64encode(f"{client}:{passcode}".encode()).decode(), name=client)
