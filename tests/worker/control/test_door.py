"""Who comes in, who does not, and what they are told."""

import stat

import httpx
import pytest
from pydantic import SecretStr
from support import free_port

from wats_broker.access import Scope
from wats_broker.errors import VersionMismatchError
from wats_worker.control.client import Client, ControlError, Denied, NoDoor
from wats_worker.control.operator import local_token
from wats_worker.control.place import Place
from wats_worker.control.serving import CannotListen, serving
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings


def raw(place, token=None, **headers):
    """A client that says just what it is told to."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)),
        base_url="http://line",
        headers=headers,
        timeout=30,
    )


def error(response):
    return response.json()["error"]


def test_the_operator_of_the_machine_comes_in(client):
    """With the token in the private file, which nobody had to write."""
    assert [token.name for token in client.tokens().tokens] == ["local"]


def test_the_token_lies_where_nobody_else_can_read_it(place):
    """File and folder are the owner's alone, and so is the socket."""
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600


def test_a_token_that_is_there_already_stays(settings):
    """Whoever holds it must not be shut out by a restart."""
    assert local_token(settings).get_secret_value() == local_token(settings).get_secret_value()


def test_hello_is_said_to_everybody(place):
    """Which protocol, which release, and that a token is needed."""
    with raw(place) as visitor:
        said = visitor.get("/api/v2/hello").json()

    assert (said["protocol"], said["minimum_client"], said["auth_required"]) == ("2.0", "2.0", True)
    assert {"auth", "rate_limit", "queue"} <= set(said["capabilities"])


@pytest.mark.parametrize("token", [None, "nonsense", "wats_000000000000_" + "a" * 43])
def test_without_a_good_token_nobody_comes_in(place, token):
    """And is told how one is made, in the one shape that all refusals have."""
    with raw(place, token) as visitor:
        response = visitor.get("/api/v2/tokens")

    assert (response.status_code, error(response)["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "wats-worker token create" in error(response)["fix"]
    assert error(response)["request_id"] == response.headers["X-Request-ID"]


def test_a_scope_opens_its_own_doors_only(client, place):
    """Whoever may read may not make tokens."""
    reader = client.create_token("screen in hall 3", Scope.READ)

    with raw(place, reader.text) as visitor:
        response = visitor.get("/api/v2/tokens")

    assert (response.status_code, error(response)["code"]) == (403, "forbidden")
    assert "admin is needed" in error(response)["text"]


@pytest.mark.parametrize("theirs", ["1.0", "3.0", "none", "2", "2.0.0"])
def test_another_protocol_is_refused_with_both_versions(place, theirs):
    """And with what to do."""
    with raw(place, **{"WATS-Protocol": theirs}) as visitor:
        response = visitor.get("/api/v2/hello")

    assert (response.status_code, error(response)["code"]) == (400, "version_mismatch")
    assert "2.0" in error(response)["text"]
    assert "update" in error(response)["fix"]


def test_a_path_of_another_protocol_says_so(place):
    """A client of protocol 3 may not even know this header."""
    with raw(place) as visitor:
        response = visitor.get("/api/v3/hello")
        nothing = visitor.get("/api/v2/nothing")

    assert (response.status_code, error(response)["code"]) == (400, "version_mismatch")
    assert (nothing.status_code, error(nothing)["code"]) == (404, "not_found")


def test_a_newer_minor_version_is_welcome(place):
    """It knows more and may ignore less; the major decides."""
    with raw(place, **{"WATS-Protocol": "2.9"}) as visitor:
        assert visitor.get("/api/v2/hello").status_code == 200


def test_the_client_tells_a_mismatch_from_a_refusal(place, settings, monkeypatch):
    """It is no question of rights."""
    monkeypatch.setattr("wats_broker.protocol.PROTOCOL", "3.0")
    with Client(place.address, None) as control, pytest.raises(VersionMismatchError) as caught:
        control.hello()

    assert (caught.value.theirs, caught.value.ours) == ("2.0", "3.0")


def test_whoever_asks_too_often_is_told_when_to_come_again(make_desk, serve, tmp_path):
    """Each token for itself, over all replicas: two doors share what is left."""
    narrow = ControlSettings(requests_per_minute=3, burst=5)
    one = WorkerSettings(spool=SpoolSettings(folder=tmp_path / "spool"), control=narrow)
    desk = make_desk(one)
    first = serve(one, desk)
    port = free_port()
    two = one.model_copy(update={"control": narrow.model_copy(update={"listen": f"127.0.0.1:{port}"})})
    serve(two, desk)
    text = desk.access.create("robot", Scope.ADMIN)[1]
    with raw(first, text) as here, httpx.Client(headers={"Authorization": f"Bearer {text}"}) as there:
        answers = [here.get("/api/v2/tokens").status_code for _ in range(3)]
        answers += [there.get(f"http://127.0.0.1:{port}/api/v2/tokens").status_code for _ in range(3)]
        refused = here.get("/api/v2/tokens")

    assert answers == [200] * 5 + [429]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert error(refused)["code"] == "too_many_requests"


def test_guessing_is_slow_and_kept_for_people(place, client, desk):
    """Ten attempts from one address; a good token from there still comes in."""
    with raw(place, "wats_000000000000_" + "b" * 43) as thief:
        answers = [thief.get("/api/v2/tokens").status_code for _ in range(12)]

    assert answers == [401] * 10 + [429] * 2
    assert len(client.tokens().tokens) == 1
    assert {note.event for note in desk.access.notes()} == {"token_refused"}


def test_a_body_without_end_is_cut_off(place, client):
    """Whether it says its length or not."""
    token = local_token_of(place)
    with raw(place, token) as visitor:
        response = visitor.post("/api/v2/tokens", content=(b" " * 65536 for _ in range(40)))

    assert (response.status_code, error(response)["code"]) == (413, "too_long")


def local_token_of(place):
    return place.token_file.read_text().strip()


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"name": ""}', '{"name": "x", "scope": "root"}', '{"name": "x", "y": 1}']
)
def test_what_can_not_be_read_is_named(place, body):
    """With the place in it."""
    with raw(place, local_token_of(place), **{"Content-Type": "application/json"}) as visitor:
        response = visitor.post("/api/v2/tokens", content=body)

    assert (response.status_code, error(response)["code"]) == (422, "invalid")
    assert error(response)["text"].startswith("body")


def test_a_token_can_be_rotated_and_revoked(client, place):
    """Without a restart and without a gap."""
    made = client.create_token("robot", Scope.READ)
    with Client(place.address, SecretStr(made.text)) as robot:
        with pytest.raises(Denied, match="admin is needed"):
            robot.tokens()
        client.rotate_token(made.token.id, grace_s=60)
        with pytest.raises(Denied, match="admin is needed"):
            robot.tokens()
        client.revoke_token(made.token.id)

        with pytest.raises(Denied, match="nobody knows this token"):
            robot.tokens()


def test_a_broker_that_is_away_is_not_a_wrong_token(place, settings, desk, monkeypatch):
    """A client may come again; nothing is said about its token."""
    monkeypatch.setattr(desk.access, "_redis", None)
    monkeypatch.setattr(desk.access, "who", away)
    with Client.local(settings) as control, pytest.raises(Denied) as caught:
        control.tokens()

    assert (caught.value.status, caught.value.code) == (503, "broker_away")


def away(text):
    from redis.exceptions import ConnectionError as NoConnection

    raise NoConnection("no")


def test_no_token_is_in_the_document(place):
    """The document tells which routes need one."""
    with raw(place) as visitor:
        told = visitor.get("/openapi.json").json()

    assert told["paths"]["/api/v2/tokens"]["get"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in told["paths"]["/api/v2/hello"]["get"]


def test_nobody_at_home_says_what_to_do(settings):
    """Whether there never was a door, or nobody opens."""
    with pytest.raises(NoDoor, match="wats-worker up"):
        Client.local(settings)
    local_token(settings)
    with Client.local(settings) as control, pytest.raises(NoDoor, match="wats-worker up"):
        control.hello()


def test_something_else_at_that_address_is_told(tmp_path):
    """A page of somebody else's is not taken for a refusal."""

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    place = Place(tmp_path, None, "127.0.0.1", free_port())
    with (
        serving(page, place),
        Client(place.address, None) as control,
        pytest.raises(ControlError, match="is no control door"),
    ):
        control.hello()


def test_a_socket_left_behind_is_replaced_and_one_in_use_is_not(desk, settings):
    """A door that was killed must not keep the next one out."""
    place = Place.of(settings)
    with serving(None, place):
        with pytest.raises(CannotListen, match="another process listens there"):
            serving(None, place).__enter__()
        place.socket.rename(place.socket.with_name("kept"))
    place.socket.with_name("kept").rename(place.socket)

    with serving(None, place):
        assert place.socket.exists()
    assert not place.socket.exists()


def test_a_folder_that_others_can_enter_holds_no_door(settings):
    """Somebody could put another socket there."""
    place = Place.of(settings)
    place.folder.mkdir(parents=True)
    place.folder.chmod(0o755)

    with pytest.raises(CannotListen, match="others can enter"):
        serving(None, place).__enter__()
