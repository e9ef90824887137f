"""The other side of the door, typed: what the command line and other tools ask with.

with Client.local(settings) as control:
    print(control.hello().server)
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from wats_broker import protocol
from wats_broker.access import Scope
from wats_broker.errors import VersionMismatchError
from wats_broker.protocol import Hello
from wats_worker.control.place import Place
from wats_worker.control.problems import Refused
from wats_worker.control.tokens import MadeToken, NewToken, Revoked, Rotation, Tokens, read_token
from wats_worker.settings import WorkerSettings

_TIMEOUT_S: Final = 30.0

Answer = TypeVar("Answer", bound=BaseModel)


class ControlError(Exception):
    """The door could not be asked, or said no."""


class NoDoor(ControlError):
    """Nobody answers there."""


class Denied(ControlError):
    """The door said no: in its own words, with the fix."""

    def __init__(self, status: int, code: str, text: str, fix: str, request_id: str) -> None:
        super().__init__(f"{text}. {fix}" if fix else text)
        self.status = status
        self.code = code
        self.text = text
        self.fix = fix
        self.request_id = request_id


class Client:
    """One line's control API.

    Args:
        address: ``unix:/path/to/socket`` or an http(s) URL.
        token: Whoever asks.
        verify: False, or a file with the certificates to trust.
    """

    def __init__(self, address: str, token: SecretStr | None, *, verify: bool | str = True) -> None:
        self.address = address
        self._socket = address.removeprefix("unix:") if address.startswith("unix:") else None
        headers = {"WATS-Protocol": protocol.PROTOCOL}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=self._socket, verify=verify),
            base_url="http://line" if self._socket else address,
            headers=headers,
            timeout=_TIMEOUT_S,
        )

    @classmethod
    def local(cls, settings: WorkerSettings) -> Self:
        """A client for the line of this configuration, with its operator's token.

        Raises:
            NoDoor: there is no token yet, because no door was ever opened.
        """
        place, control = Place.of(settings), settings.control
        try:
            token = control.token or read_token(place)
        except OSError as error:
            raise NoDoor(
                f"can't read the token in {place.token_file}: {error.strerror}. Is the line running? Start "
                "it with 'wats-worker up', ask as the user who runs it, or set [control] token_file"
            ) from None
        verify = str(control.ca_file) if control.ca_file else True
        return cls(control.url or place.address, token, verify=verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def hello(self) -> Hello:
        """What speaks there. Needs no token."""
        return self._ask(Hello, "GET", "/hello")

    def tokens(self) -> Tokens:
        """All tokens, without their texts."""
        return self._ask(Tokens, "GET", "/tokens")

    def create_token(self, name: str, scope: Scope, *, lasts_days: float | None = None) -> MadeToken:
        """Make a token."""
        wanted = NewToken(name=name, scope=scope, lasts_days=lasts_days)
        return self._ask(MadeToken, "POST", "/tokens", body=wanted)

    def rotate_token(self, token_id: str, *, grace_s: float) -> MadeToken:
        """Give a token a new secret."""
        return self._ask(MadeToken, "POST", f"/tokens/{token_id}/rotate", body=Rotation(grace_s=grace_s))

    def revoke_token(self, token_id: str) -> Revoked:
        """End a token at once."""
        return self._ask(Revoked, "DELETE", f"/tokens/{token_id}")

    def _ask(
        self,
        answer: type[Answer],
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask, and understand the answer.

        Raises:
            NoDoor: no answer.
            Denied: the door said no.
            VersionMismatchError: it speaks another protocol.
        """
        # The library leaves a socket open that it could not connect.
        if self._socket and not Path(self._socket).exists():
            raise self._no_door("there is no such socket")
        try:
            response = self._http.request(
                method,
                f"/api/v{protocol.Version.read(protocol.PROTOCOL).major}{path}",
                json=body.model_dump(mode="json") if body else None,
                params={name: value for name, value in (query or {}).items() if value is not None},
            )
        except httpx.TransportError as error:
            raise self._no_door(str(error)) from error
        if response.is_success:
            try:
                return answer.model_validate_json(response.content)
            except ValidationError as error:
                raise ControlError(f"{self.address} answers what this client can't read: {error}") from error
        raise _denied(response)

    def _no_door(self, reason: str) -> NoDoor:
        return NoDoor(
            f"no answer from the control door at {self.address}: {reason}. Is the line running? "
            "Start it with 'wats-worker up', or check [control] listen and url"
        )


def _denied(response: httpx.Response) -> ControlError | VersionMismatchError:
    try:
        said = Refused.model_validate_json(response.content).error
    except ValidationError:
        return ControlError(f"{response.url} answers {response.status_code}, and is no control door")
    if said.code == "version_mismatch":
        theirs = response.headers.get("WATS-Protocol", "")
        return VersionMismatchError(theirs or "another", protocol.PROTOCOL)
    return Denied(response.status_code, said.code, said.text, said.fix, said.request_id)
