"""What every release said is understood by this one: recorded messages, recorded answers, recorded refusals."""

import json
from pathlib import Path

import pytest

from wats_broker import messages, protocol
from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.errors import VersionMismatchError
from wats_broker.names import CONVERT_TASK, DRAIN_TASK, POLL_TASK, Keys, Stage
from wats_broker.parking import Parking
from wats_worker.control.client import Client, Denied
from wats_worker.control.models.health import Alive
from wats_worker.control.models.refusals import Refused
from wats_worker.control.place import Place
from wats_worker.control.serving import serving

HERE = Path(__file__).parent
READERS = {
    CONVERT_TASK: messages.ConvertMessage,
    DRAIN_TASK: messages.DrainMessage,
    POLL_TASK: messages.PollMessage,
}
MESSAGES = sorted(HERE.glob("messages/*/*.json"))
RELEASES = sorted(HERE.glob("door/*"))
#: What of the client reads which recording.
ASKING = {
    "hello": Client.hello,
    "status": Client.status,
    "files": Client.files,
    "files delivered": lambda client: client.file("delivered"),
    "files quarantined": lambda client: client.file("quarantined"),
    "quarantined": Client.quarantined,
    "queue": Client.queue,
    "queue buried": Client.buried,
    "queue held": Client.held,
    "sources": Client.sources,
    "polls": Client.polls,
    "converters": Client.converters,
    "workers": Client.workers,
    "processes": Client.processes,
    "config": Client.config,
    "tokens": Client.tokens,
    "tokens notes": Client.notes,
    "health ready": Client.readiness,
    "health details": Client.health,
}


def within(recorded, told):
    """Whether all that was said then is still heard; a newer release may know more."""
    if isinstance(recorded, dict):
        return all(key in told and within(value, told[key]) for key, value in recorded.items())
    if isinstance(recorded, list):
        return len(recorded) == len(told) and all(map(within, recorded, told))
    return recorded == told


def called(path):
    return f"{path.parent.name} {path.stem}"


@pytest.mark.parametrize("recording", MESSAGES, ids=called)
def test_a_message_of_every_release_is_understood(recording):
    """Those of our major version are; another one's are told as what they are."""
    said, version = json.loads(recording.read_text()), protocol.Version.read(recording.parent.name)
    assert said["protocol"] == recording.parent.name

    if version.major == protocol.Version.read(messages.PROTOCOL).major:
        assert READERS[recording.stem].read(said).protocol == recording.parent.name
    else:
        with pytest.raises(VersionMismatchError):
            READERS[recording.stem].read(said)


@pytest.mark.parametrize("task", READERS)
def test_what_is_said_today_is_what_was_recorded(task):
    """A message with other members is another version of the protocol: raise it, and record that one."""
    recorded = json.loads((HERE / f"messages/{messages.PROTOCOL}/{task}.json").read_text())

    assert READERS[task].read(recorded).model_dump() == recorded


@pytest.mark.parametrize("recording", MESSAGES, ids=called)
def test_one_that_was_parked_by_an_older_release_goes_on(recording, broker, real_redis):
    """In the words of this one, and to the queue of this one."""
    queue = f"{'convert.heavy' if recording.stem == CONVERT_TASK else recording.stem}.v1"
    parking = Parking(real_redis, Keys())
    parking.park(recording.stem, queue, json.loads(recording.read_text()), "was not understood then")

    assert parking.release(Dispatch(celery_app(broker, Stage.CONTROL)).again) == 1

    (sent,) = real_redis.keys("wats:celery:*.v1*")
    assert sent.removeprefix("wats:celery:").startswith(queue.removesuffix("1"))


class Recorded:
    """A door that answers what a release answered."""

    def __init__(self, answers, *, status=200, headers=()):
        self.answers, self.status, self.headers = answers, status, list(headers)

    async def __call__(self, scope, receive, send):
        await receive()
        path = scope["path"].removeprefix("/api/v2/").strip("/").replace("/", " ")
        body = (self.answers / f"{path}.json" if self.answers.is_dir() else self.answers).read_bytes()
        headers = [(b"content-type", b"application/json"), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def ask(tmp_path):
    """Asks a recorded door with the client of today."""

    def ask(question, *answers, **how):
        place = Place(tmp_path / "door", tmp_path / "door/control.sock")
        with serving(Recorded(*answers, **how), place), Client(place.address, None) as client:
            return question(client)

    return ask


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_the_answers_of_every_release_are_understood(release, tmp_path):
    """By the client of today, question by question."""
    place = Place(tmp_path / "door", tmp_path / "door/control.sock")
    with serving(Recorded(release), place), Client(place.address, None) as client:
        for name, question in ASKING.items():
            told = question(client).model_dump(mode="json")
            recorded = json.loads((release / f"{name}.json").read_text())

            assert within(recorded, told), name


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_nothing_was_recorded_for_nobody(release):
    """Each recording is read by something."""
    names = {file.stem for file in release.glob("*.json")}
    refused = {name for name in names if name.startswith("refused")}
    for name in refused:
        Refused.model_validate_json((release / f"{name}.json").read_bytes())
    Alive.model_validate_json((release / "health live.json").read_bytes())

    assert names - refused - {"health live"} == ASKING.keys()


def test_a_refusal_is_read_as_one(ask):
    """In the words of the release that refused."""
    with pytest.raises(Denied, match="no file id begins with"):
        ask(lambda client: client.file("0"), HERE / "door/2.0/refused.json", status=404)


@pytest.mark.parametrize(("theirs", "behind"), [("1.0", "that"), ("3.0", "this")])
def test_a_door_of_another_protocol_is_a_mismatch_with_both_versions(ask, theirs, behind):
    """And with what to do: the older side is updated."""
    answers = HERE / f"door/2.0/refused {theirs}.json"
    headers = [(b"wats-protocol", theirs.encode())]

    with pytest.raises(VersionMismatchError) as caught:
        ask(Client.status, answers, status=400, headers=headers)

    assert str(caught.value) == f"protocol {theirs} is spoken there and 2.0 here: update {behind} side"


@pytest.mark.parametrize(("theirs", "fix"), [("1.0", "update the client"), ("3.0", "update the server")])
def test_a_client_of_another_protocol_is_told_both_versions(theirs, fix):
    """As it was recorded: what it speaks, what the server speaks, and who has to be updated."""
    said = json.loads((HERE / f"door/2.0/refused {theirs}.json").read_text())["error"]

    assert said["code"] == "version_mismatch"
    assert said["text"] == f"this client speaks protocol {theirs}, and the server 2.0"
    assert said["fix"].startswith(fix)
