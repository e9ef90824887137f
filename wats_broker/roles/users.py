"""The server's file of users, for its setting ``aclfile``."""

import hashlib
from collections.abc import Mapping

from wats_broker.names import Keys
from wats_broker.roles.roles import Role, rights


def users_file(passwords: Mapping[Role, str], namespace: str, *, database: int = 0) -> str:
    """The text of the file. It has hashes of the passwords, which are random and long, so it is no secret.

    Whoever gives no name, ``default`` to the server, may do nothing.
    """
    keys = Keys(namespace)
    lines = ["user default reset off"]
    for role, password in passwords.items():
        granted = rights(role, keys, database=database)
        words = ["allchannels", "allkeys", "+@all"] if granted is None else granted.rules()
        hashed = hashlib.sha256(password.encode()).hexdigest()
        lines.append(" ".join(["user", role, "reset", "on", f"#{hashed}", *words]))
    return "\n".join(lines) + "\n"
