"""Signatures: made with a key that only the line has, checked by anybody with the other half of it.

Ed25519 and not a shared secret: who checks needs nothing that could make a signature, so an auditor can take
the public key along and check later, elsewhere, without trusting us.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wats_broker.files import READABLE, create_once

_SIGNED: Final = "signature"


class NoKey(Exception):
    """There is no key, or what lies in its place is none."""


@dataclass(frozen=True)
class Witness:
    """Who checks signatures."""

    public: bytes

    @classmethod
    def read(cls, file: Path) -> Self:
        """The public key in a file.

        Raises:
            NoKey: there is none.
        """
        return cls(_read(file))

    @property
    def name(self) -> str:
        """The key, for people to compare."""
        return self.public.hex()

    def trusts(self, document: Mapping[str, Any]) -> bool:
        """Whether a document has our signature and nothing in it was changed since."""
        try:
            signature = bytes.fromhex(str(document.get(_SIGNED, "")))
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, _bytes(document))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, repr=False)
class Seal:
    """Who signs.

    Args:
        private: The key.
    """

    private: bytes

    @classmethod
    def kept_in(cls, key: Path, public: Path) -> Self:
        """The key in a private file, made there when it is asked for the first time.

        Raises:
            NoKey: what lies there is none.
            OSError: it can't be made or read.
        """
        if not key.exists():
            create_once(key, f"{Ed25519PrivateKey.generate().private_bytes_raw().hex()}\n".encode())
        seal = cls(_read(key))
        # An earlier public key is not replaced: then nothing fits, and the check says so.
        if not public.exists():
            create_once(public, f"{seal.witness.name}\n".encode(), mode=READABLE)
        return seal

    @property
    def witness(self) -> Witness:
        """Who checks what this signs."""
        return Witness(self._key.public_key().public_bytes_raw())

    def sign(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document, with a signature."""
        return {**document, _SIGNED: self._key.sign(_bytes(document)).hex()}

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.private)


def _read(file: Path) -> bytes:
    try:
        found = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise NoKey(f"there is no key in {file}") from None
    except ValueError:
        raise NoKey(f"{file} holds no key") from None
    if len(found) != 32:
        raise NoKey(f"{file} holds no key")
    return found


def _bytes(document: Mapping[str, Any]) -> bytes:
    """What is signed: all but the signature, however the document was written down."""
    said = {name: value for name, value in document.items() if name != _SIGNED}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
