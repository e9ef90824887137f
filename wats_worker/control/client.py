"""The other side of the door, typed: what the command line and other tools ask with.

with Client.local(settings) as control:
    print(control.hello().server)
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from wats_broker import protocol
from wats_broker.access import Scope
from wats_broker.errors import VersionMismatchError
from wats_broker.protocol import Hello
from wats_broker.states import FileState
from wats_worker.archive.record import KeptFile
from wats_worker.control.models.asking import Why, With
from wats_worker.control.models.configuration import Applied, Change, Checked, Configuration, Draft
from wats_worker.control.models.converters import Converters, Rung, Switched, Tried
from wats_worker.control.models.files import FileHistory, FileLine, Files
from wats_worker.control.models.health import Health, Readiness
from wats_worker.control.models.holds import Holds, HoldWanted, Released
from wats_worker.control.models.jobs import FileChanges, Job, Jobs, JobWanted
from wats_worker.control.models.numbers import Hours, Reasons, Yields
from wats_worker.control.models.processes import ProcessList, SyncAsked
from wats_worker.control.models.queue import (
    BuriedReports,
    Discarded,
    HeldReports,
    Lane,
    Pause,
    QueueCensus,
    Requeue,
    Requeued,
)
from wats_worker.control.models.refusals import Refused
from wats_worker.control.models.status import PollAsked, Polls, Sources, Status, Workers
from wats_worker.control.models.tokens import MadeToken, Mine, NewToken, Notes, Revoked, Rotation, Tokens
from wats_worker.control.models.trend import Trend
from wats_worker.control.operator import read_token
from wats_worker.control.place import Place
from wats_worker.retention.holds import Hold
from wats_worker.settings import WorkerSettings

_TIMEOUT_S: Final = 30.0
_TRIAL_S: Final = 120.0

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
        patience_s: Seconds to wait in all, for each question, when it is told that it asks too often.
    """

    def __init__(
        self,
        address: str,
        token: SecretStr | None,
        *,
        verify: bool | str = True,
        patience_s: float = 10.0,
    ) -> None:
        self.address = address
        self._patience_s = patience_s
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
        return cls.to(settings, token)

    @classmethod
    def to(cls, settings: WorkerSettings, token: SecretStr, *, patience_s: float = 10.0) -> Self:
        """A client for the line of this configuration, for whoever has a token."""
        control = settings.control
        verify = str(control.ca_file) if control.ca_file else True
        return cls(control.url or Place.of(settings).address, token, verify=verify, patience_s=patience_s)

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

    def readiness(self) -> Readiness:
        """Whether the line does its work, and what fails if not. Needs no token."""
        if self._socket and not Path(self._socket).exists():
            raise self._no_door("there is no such socket")
        try:
            response = self._http.get("/health/ready")
            return Readiness.model_validate_json(response.content)
        except httpx.TransportError as error:
            raise self._no_door(str(error)) from error
        except ValidationError as error:
            raise ControlError(
                f"{self.address} answers {response.status_code}, and is no control door"
            ) from error

    def health(self) -> Health:
        """What the line stands on, with what is wrong and what mends it."""
        return self._ask(Health, "GET", "/health/details", room="")

    def status(self) -> Status:
        """The line at a glance."""
        return self._ask(Status, "GET", "/status")

    def trend(self, *, since: float = 0) -> Trend:
        """The last hour in numbers, or what of it came after ``since``."""
        return self._ask(Trend, "GET", "/trend", query={"since": since})

    # Files

    def files(
        self,
        *,
        find: str = "",
        serial: str = "",
        part: str = "",
        name: str = "",
        sha256: str = "",
        report: str = "",
        station: str = "",
        source: str | None = None,
        state: FileState | None = None,
        since: float = 0,
        until: float = 0,
        count: int = 50,
        after: str = "",
    ) -> Files:
        """A page of files, the latest first. ``after`` is ``next`` of the page before."""
        query = {
            "find": find,
            "serial": serial,
            "part": part,
            "name": name,
            "sha256": sha256,
            "report": report,
            "station": station,
            "source": source,
            "state": state,
            "since": since,
            "until": until,
            "count": count,
            "after": after,
        }
        return self._ask(Files, "GET", "/files", query=query)

    def file(self, file_id: str) -> FileHistory:
        """One file's whole history. A beginning of its id that no other file has is enough."""
        return self._ask(FileHistory, "GET", f"/files/{_part(file_id)}")

    def source(self, file_id: str, *, offset: int = 0, length: int = 1 << 20) -> bytes:
        """A piece of the bytes that a tester wrote, of a mebibyte at most."""
        path = f"/files/{_part(file_id)}/source"
        return self._send("GET", path, query={"offset": offset, "length": length}).content

    def archived(self, file_id: str, *, edition: int | None = None) -> KeptFile:
        """Everything that is kept of a delivered file but its bytes."""
        return self._ask(KeptFile, "GET", f"/archive/{_part(file_id)}", query={"edition": edition})

    def original(self, file_id: str, *, offset: int = 0, length: int = 1 << 20) -> bytes:
        """A piece of the bytes that a tester wrote, out of the archive, of a mebibyte at most."""
        path = f"/archive/{_part(file_id)}/original"
        return self._send("GET", path, query={"offset": offset, "length": length}).content

    def archived_report(self, file_id: str, report: str, *, edition: int | None = None) -> bytes:
        """One report as it was sent, by any of the ids it goes by."""
        path = f"/archive/{_part(file_id)}/reports/{_part(report)}"
        return self._send("GET", path, query={"edition": edition}).content

    def quarantined(self, *, count: int = 50, after: str = "") -> Files:
        """The files that no converter could turn into reports, the latest first."""
        return self._ask(Files, "GET", "/quarantined", query={"count": count, "after": after})

    def replay(
        self, file_id: str, *, converter: str | None = None, reason: str = "by an operator"
    ) -> FileLine:
        """Convert a quarantined file again, by its source's converter or by another one."""
        how = With(converter=converter, reason=reason)
        return self._ask(FileLine, "POST", f"/quarantined/{_part(file_id)}/replay", body=how)

    def create_replay_job(self, wanted: JobWanted) -> Job:
        """Have archived files converted again, and compared or sent."""
        return self._ask(Job, "POST", "/replays/jobs", body=wanted)

    def replay_jobs(self) -> Jobs:
        """The replay jobs, the newest first."""
        return self._ask(Jobs, "GET", "/replays/jobs")

    def replay_job(self, job_id: str) -> Job:
        """How far a replay job is."""
        return self._ask(Job, "GET", f"/replays/jobs/{_part(job_id)}")

    def replay_differences(self, job_id: str, *, after: int = 0, count: int = 100) -> FileChanges:
        """What a replay job has found, a page of it; the next one begins ``after`` this one's ``next``."""
        path = f"/replays/jobs/{_part(job_id)}/differences"
        return self._ask(FileChanges, "GET", path, query={"after": after, "count": count})

    def cancel_replay_job(self, job_id: str) -> Job:
        """Want no more of a replay job."""
        return self._ask(Job, "POST", f"/replays/jobs/{_part(job_id)}/cancel")

    def holds(self) -> Holds:
        """What no retention rule takes away."""
        return self._ask(Holds, "GET", "/holds")

    def add_hold(self, wanted: HoldWanted) -> Hold:
        """Keep archived files, whatever the rules say."""
        return self._ask(Hold, "POST", "/holds", body=wanted)

    def release_hold(self, label: str) -> Released:
        """Hold nothing under a label any more."""
        return self._ask(Released, "DELETE", f"/holds/{_part(label)}")

    def numbers_by_hour(self, *, since: float | None = None, until: float | None = None) -> Hours:
        """Files and reports, hour by hour; of the last day unless said otherwise."""
        return self._ask(Hours, "GET", "/numbers/hours", query={"since": since, "until": until})

    def yields(
        self, *, by: Sequence[str] = (), since: float | None = None, until: float | None = None
    ) -> Yields:
        """How many units passed their first test, and their last."""
        query = {"by": list(by), "since": since, "until": until}
        return self._ask(Yields, "GET", "/numbers/yields", query=query)

    def reasons(self, *, since: float | None = None, until: float | None = None) -> Reasons:
        """Why files are in quarantine, the most frequent reason first."""
        return self._ask(Reasons, "GET", "/numbers/reasons", query={"since": since, "until": until})

    def numbers_as_csv(
        self, which: str, *, by: Sequence[str] = (), since: float | None = None, until: float | None = None
    ) -> bytes:
        """One of these as a table for a spreadsheet: ``hours``, ``yields`` or ``reasons``."""
        query = {"by": list(by), "since": since, "until": until, "format": "csv"}
        return self._send("GET", f"/numbers/{_part(which)}", query=query).content

    # The upload queue

    def queue(self) -> QueueCensus:
        """How full everything is."""
        return self._ask(QueueCensus, "GET", "/queue")

    def buried(self, *, start: int = 0, count: int = 100) -> BuriedReports:
        """The reports that wait for a person, the oldest first."""
        return self._ask(BuriedReports, "GET", "/queue/buried", query={"start": start, "count": count})

    def held(self, *, start: int = 0, count: int = 100) -> HeldReports:
        """The reports that wait for room."""
        return self._ask(HeldReports, "GET", "/queue/held", query={"start": start, "count": count})

    def requeue(self, *, report_ids: Sequence[str] = (), everything: bool = False) -> Requeued:
        """Try buried reports again."""
        which = Requeue(report_ids=list(report_ids), everything=everything)
        return self._ask(Requeued, "POST", "/queue/requeue", body=which)

    def discard(self, report_id: str, *, reason: str) -> Discarded:
        """Give a buried report up. It is kept, with who did it and why."""
        return self._ask(
            Discarded, "POST", f"/queue/buried/{_part(report_id)}/discard", body=Why(reason=reason)
        )

    def pause(self, reason: str) -> Lane:
        """Stop uploading; everything waits."""
        return self._ask(Lane, "POST", "/queue/pause", body=Pause(reason=reason))

    def resume(self) -> Lane:
        """Go on uploading."""
        return self._ask(Lane, "POST", "/queue/resume")

    # Sources, converters, workers

    def sources(self) -> Sources:
        """Where files come from, and when the last one came."""
        return self._ask(Sources, "GET", "/sources")

    def pause_source(self, name: str, *, reason: str) -> Switched:
        """Take nothing more from a source."""
        return self._ask(Switched, "POST", f"/sources/{_part(name)}/pause", body=Why(reason=reason))

    def resume_source(self, name: str) -> Switched:
        """Go on taking files from a source."""
        return self._ask(Switched, "POST", f"/sources/{_part(name)}/resume")

    def converters(self) -> Converters:
        """Every converter."""
        return self._ask(Converters, "GET", "/converters")

    def disable_converter(self, name: str, *, reason: str) -> Switched:
        """Use a converter no more."""
        return self._ask(Switched, "POST", f"/converters/{_part(name)}/disable", body=Why(reason=reason))

    def enable_converter(self, name: str) -> Switched:
        """Use a converter again."""
        return self._ask(Switched, "POST", f"/converters/{_part(name)}/enable")

    def reload_converters(self) -> Rung:
        """Have every worker load its converters and their libraries anew."""
        return self._ask(Rung, "POST", "/converters/reload")

    def test_file(
        self, content: bytes, name: str, *, source: str | None = None, converter: str | None = None
    ) -> Tried:
        """Convert some bytes in the line's jail, and tell what comes of it."""
        query = {"name": name, "source": source, "converter": converter}
        return self._ask(Tried, "POST", "/converters/test", content=content, query=query)

    def polls(self) -> Polls:
        """The scheduled sources, and how they stand."""
        return self._ask(Polls, "GET", "/polls")

    def poll_now(self, name: str) -> PollAsked:
        """Ask a scheduled source now, whatever its schedule."""
        return self._ask(PollAsked, "POST", f"/polls/{_part(name)}/now")

    def workers(self) -> Workers:
        """Who lives."""
        return self._ask(Workers, "GET", "/workers")

    def processes(self) -> ProcessList:
        """The server's processes as the line knows them."""
        return self._ask(ProcessList, "GET", "/processes")

    def sync_processes(self) -> SyncAsked:
        """Have the upload stage ask the server now."""
        return self._ask(SyncAsked, "POST", "/processes/sync")

    # The configuration, and who comes in

    def config(self) -> Configuration:
        """What is in force, and the file's text, with every secret masked."""
        return self._ask(Configuration, "GET", "/config")

    def check_config(self, text: str) -> Checked:
        """What is wrong with the text of a configuration file, or what it would change."""
        return self._ask(Checked, "POST", "/config/validate", body=Draft(text=text))

    def change_config(self, text: str, *, etag: str, restart: bool = False) -> Applied:
        """Give the configuration another text; ``etag`` tells from which one it was made."""
        wanted = Change(text=text, restart=restart)
        return self._ask(Applied, "PUT", "/config", body=wanted, headers={"If-Match": f'"{etag}"'})

    def tokens(self) -> Tokens:
        """All tokens, without their texts."""
        return self._ask(Tokens, "GET", "/tokens")

    def mine(self) -> Mine:
        """Who asks, and what that token may do."""
        return self._ask(Mine, "GET", "/tokens/mine")

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

    def notes(self, *, count: int = 100) -> Notes:
        """What happened at the door, newest first."""
        return self._ask(Notes, "GET", "/tokens/notes", query={"count": count})

    def audit(
        self, *, since: date | None = None, until: date | None = None, form: str = "jsonl"
    ) -> Iterator[bytes]:
        """Who did what, on these days: as JSON lines or as CSV, in pieces of any size."""
        query = {"since": since, "until": until, "format": form}
        response = self._send("GET", "/audit", query=query, stream=True)
        try:
            yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise self._no_door(str(error)) from error
        finally:
            response.close()

    def _ask(
        self,
        answer: type[Answer],
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        room: str = "/api",
    ) -> Answer:
        """Ask, and understand the answer.

        Raises:
            NoDoor: no answer.
            Denied: the door said no.
            VersionMismatchError: it speaks another protocol.
        """
        response = self._send(
            method, path, body=body, query=query, headers=headers, content=content, room=room
        )
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise ControlError(f"{self.address} answers what this client can't read: {error}") from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        room: str = "/api",
        stream: bool = False,
    ) -> httpx.Response:
        # The library leaves a socket open that it could not connect.
        if self._socket and not Path(self._socket).exists():
            raise self._no_door("there is no such socket")
        request = self._http.build_request(
            method,
            f"{room and _versioned(room)}{path}",
            json=body.model_dump(mode="json") if body else None,
            params={name: value for name, value in (query or {}).items() if value is not None},
            headers=headers,
            content=content,
            # A conversion may take its time, and wait for another one before it.
            timeout=_TIMEOUT_S if content is None else _TRIAL_S,
        )
        left = self._patience_s
        while True:
            try:
                response = self._http.send(request, stream=stream)
            except httpx.TransportError as error:
                raise self._no_door(str(error)) from error
            if response.is_success:
                return response
            response.read()
            wait = _asked_to_wait(response)
            if wait is None or wait > left:
                raise _denied(response)
            left -= wait
            time.sleep(wait)

    def _no_door(self, reason: str) -> NoDoor:
        return NoDoor(
            f"no answer from the control door at {self.address}: {reason}. Is the line running? "
            "Start it with 'wats-worker up', or check [control] listen and url"
        )


def _versioned(room: str) -> str:
    return f"{room}/v{protocol.Version.read(protocol.PROTOCOL).major}"


def _asked_to_wait(response: httpx.Response) -> float | None:
    told = response.headers.get("Retry-After", "")
    return float(told) if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and told.isdecimal() else None


def _part(text: str) -> str:
    """A word of a path, whatever a person typed for it."""
    return quote(text, safe="")


def _denied(response: httpx.Response) -> ControlError | VersionMismatchError:
    try:
        said = Refused.model_validate_json(response.content).error
    except ValidationError:
        return ControlError(f"{response.url} answers {response.status_code}, and is no control door")
    if said.code == "version_mismatch":
        theirs = response.headers.get("WATS-Protocol", "")
        return VersionMismatchError(theirs or "another", protocol.PROTOCOL)
    return Denied(response.status_code, said.code, said.text, said.fix, said.request_id)
