"""The secrets of a factory, under a passphrase: a tar within an age file, which the tool ``age`` opens too.

They lie at many places, so each is packed under its whole path.
"""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from wats_broker.files import create_once
from wats_worker.backup.errors import NoSecrets


def seal(files: Iterable[Path], passphrase: SecretStr) -> bytes:
    """The content of these files, unreadable without the passphrase.

    Raises:
        NoSecrets: the library is missing, or a file can't be read.
    """
    packed = io.BytesIO()
    try:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for file in files:
                content = file.read_bytes()
                card = tarfile.TarInfo(str(file))
                card.size = len(content)
                tar.addfile(card, io.BytesIO(content))
    except OSError as problem:
        raise NoSecrets(f"{problem.filename} can't be read: {problem.strerror}") from problem
    sealed: bytes = _age().passphrase.encrypt(packed.getvalue(), passphrase.get_secret_value())
    return sealed


def unseal(sealed: bytes, passphrase: SecretStr) -> dict[Path, bytes]:
    """The secrets by their paths.

    Raises:
        NoSecrets: it is another passphrase, or the library is missing.
    """
    age = _age()
    try:
        packed = age.passphrase.decrypt(sealed, passphrase.get_secret_value())
    except age.DecryptError as problem:
        raise NoSecrets("the secrets can't be read: it is another passphrase") from problem
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {Path("/", card.name): _content(tar, card) for card in tar if card.isreg()}


def put_back(secrets: dict[Path, bytes]) -> list[Path]:
    """Write those that are missing, for our eyes only; which they are. What is there stays as it is.

    Raises:
        OSError: one can't be written.
    """
    written = []
    for path, content in secrets.items():
        if path.exists():
            continue
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if create_once(path, content):
            written.append(path)
    return written


def _content(tar: tarfile.TarFile, card: tarfile.TarInfo) -> bytes:
    member = tar.extractfile(card)
    return member.read() if member else b""


def _age() -> Any:
    try:
        import pyrage  # noqa: PLC0415  an extra, which only who has a passphrase needs
    except ImportError:
        raise NoSecrets("secrets need the extra 'backup': install wats-worker[backup]") from None
    return pyrage
