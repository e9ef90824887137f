"""A server that knows every stage by name lets each do its own work, and refuses the work of the others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import servers
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from wats_broker.access import Access, Scope
from wats_broker.board import Board
from wats_broker.journal import FileSeen, Journal
from wats_broker.messages import Bury, Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, UploadQueue
from wats_broker.roles import Role, rights, users_file
from wats_broker.scripts import load
from wats_broker.switches import Kind, Switches

KEYS = Keys("plant7")
PASSWORDS = {role: f"a long password of {role}" for role in Role}
LUA = Path(__file__).parents[2] / "wats_broker" / "lua"
AS = Callable[[Role], Redis]
STAGES = [Role.WATCH, Role.CONVERT, Role.UPLOAD, Role.POLL, Role.BEAT, Role.CONTROL]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server with nothing but the users of our file."""
    folder: Path = tmp_path_factory.mktemp("strict")
    (folder / "users.acl").write_text(users_file(PASSWORDS, "plant7"))
    with servers.server(folder / "valkey", [f"aclfile {folder}/users.acl"]) as found:
        yield found


@pytest.fixture
def login(strict: servers.Server) -> Iterator[AS]:
    """Connects as a role; the server is empty before."""
    clients: list[Redis] = []

    def connect(role: Role) -> Redis:
        client = Redis(
            port=strict.port, username=role, password=PASSWORDS[role], decode_responses=True, protocol=2
        )
        clients.append(client)
        return client

    connect(Role.ADMIN).flushall()
    yield connect
    for client in clients:
        client.close()


def queue_as(login: AS, role: Role) -> UploadQueue:
    return UploadQueue(login(role), KEYS)


def lent(login: AS) -> Lease:
    """A report that an uploader holds, reserved and offered by those whose work it is."""
    assert queue_as(login, Role.WATCH).reserve("file")
    queue_as(login, Role.CONVERT).offer("file", [Offer("report")])
    lease = queue_as(login, Role.UPLOAD).lease("permit")
    assert isinstance(lease, Lease)
    return lease


def test_a_report_goes_from_hand_to_hand(login):
    """The watcher reserves, the converter offers, the uploader borrows and settles."""
    settled = queue_as(login, Role.UPLOAD).settle(lent(login), Done("stored"))

    assert settled.ours
    assert queue_as(login, Role.CONTROL).census().delivered == 1


@pytest.mark.parametrize("role", [role for role in STAGES if role is not Role.UPLOAD])
def test_nobody_but_the_uploader_can_borrow_a_report(login, role):
    """The server refuses it, and the report is still there to be lent."""
    queue_as(login, Role.CONVERT).offer("file", [Offer("report")])

    with pytest.raises(NoPermissionError):
        queue_as(login, role).lease("permit")

    assert isinstance(queue_as(login, Role.UPLOAD).lease("permit"), Lease)


@pytest.mark.parametrize("role", [role for role in STAGES if role is not Role.UPLOAD])
def test_nobody_but_the_uploader_can_settle_one(login, role):
    """Not even with the token of a lease that is another's."""
    lease = lent(login)

    for verdict in (Done("stored"), Later(1.0, "busy"), Bury("rejected")):
        with pytest.raises(NoPermissionError):
            queue_as(login, role).settle(lease, verdict)
    with pytest.raises(NoPermissionError):
        queue_as(login, role).renew(lease)

    assert queue_as(login, Role.UPLOAD).settle(lease, Done("stored")).ours


BY_HAND = [
    ("ZADD", KEYS.queue("leased"), 1, "report"),
    ("ZREM", KEYS.queue("leased"), "report"),
    ("HSET", KEYS.queue("tokens"), "report", 7),
    ("DEL", KEYS.queue("tokens")),
    ("HSET", KEYS.board(), "text", "[]"),
]


@pytest.mark.parametrize("role", [role for role in STAGES if role is not Role.UPLOAD])
def test_there_is_no_way_round_the_scripts(login, role):
    """What lending and settling leave behind can't be written by hand either, nor the server's list."""
    client = login(role)

    for command in BY_HAND:
        with pytest.raises(NoPermissionError):
            client.execute_command(*command)


@pytest.mark.parametrize("role", [Role.WATCH, Role.CONVERT, Role.POLL, Role.BEAT])
def test_a_report_is_not_made_known_as_delivered(login, role):
    """Whoever could would have the next drop of the same bytes recognised, and so lost."""
    with pytest.raises(NoPermissionError):
        login(role).zadd(KEYS.queue("delivered"), {"report": 1})


def test_the_uploader_takes_nothing_in(login):
    """It reserves no room, offers no report and enters no file."""
    queue, journal = queue_as(login, Role.UPLOAD), Journal(login(Role.UPLOAD), KEYS)

    for act in (
        lambda: queue.reserve("file"),
        lambda: queue.release("file"),
        lambda: queue.offer("file", [Offer("report")]),
        lambda: journal.seen(FileSeen("file", "in", "a.log", 1, "convert")),
    ):
        with pytest.raises(NoPermissionError):
            act()


@pytest.mark.parametrize("role", [role for role in STAGES if role is not Role.CONTROL])
def test_only_the_door_makes_tokens_and_turns_switches(login, role):
    """Who is in a converter's place can't let himself in as an operator."""
    client = login(role)

    with pytest.raises(NoPermissionError):
        Access(client, KEYS).create("me", Scope.ADMIN)
    with pytest.raises(NoPermissionError):
        Access(client, KEYS).tokens()
    with pytest.raises(NoPermissionError):
        Switches(client, KEYS).turn_off(Kind.SOURCE, "in", who="me", reason="why not")


@pytest.mark.parametrize("role", [Role.WATCH, Role.CONVERT, Role.POLL, Role.BEAT])
def test_the_lane_is_not_shut_by_those_before_it(login, role):
    """Pausing is for the uploader, who hears the server's no, and for people."""
    with pytest.raises(NoPermissionError):
        queue_as(login, role).pause("by mistake")
    with pytest.raises(NoPermissionError):
        queue_as(login, role).gate(60, "by mistake")


def test_a_converter_reads_the_board_and_may_wish(login):
    """The list of processes comes from the uploader, who asks the server."""
    Board(login(Role.UPLOAD), KEYS).put_up("[]", version="1", server="wats", size=0, confirmed_at=1.0)

    board = Board(login(Role.CONVERT), KEYS)
    board.want()

    assert board.look().wanted
    assert board.text() == "[]"


RULING = [
    ("FLUSHALL",),
    ("KEYS", "*"),
    ("SCAN", 0),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "dir", "/etc"),
    ("SHUTDOWN",),
    ("MONITOR",),
    ("ACL", "LIST"),
    ("MODULE", "LIST"),
    ("REPLICAOF", "NO", "ONE"),
    ("GET", "{plant8:v1}:queue:sequence"),
    ("SET", "anything", "1"),
]


@pytest.mark.parametrize("role", [*STAGES, Role.LINE, Role.FLOWER, Role.EXPORTER])
def test_nobody_of_the_line_rules_the_server(login, role):
    """Not its data as a whole, not its configuration, and nothing of another factory."""
    client = login(role)

    for command in RULING:
        with pytest.raises(NoPermissionError):
            client.execute_command(*command)


def test_flower_hears_and_can_say_nothing(login):
    """Neither a message for a worker nor a word to all of them."""
    flower = login(Role.FLOWER)

    with flower.pubsub() as ear:
        ear.psubscribe("plant7:celery:/0.celeryev/*")
        assert ear.get_message(timeout=60) is not None
    with pytest.raises(NoPermissionError):
        flower.publish("plant7:celery:/0.celery.pidbox", "{}")
    with pytest.raises(NoPermissionError):
        flower.lpush("plant7:celery:convert.v1", "{}")
    with pytest.raises(NoPermissionError):
        flower.hgetall(KEYS.access("tokens"))


def test_what_measures_the_server_sees_no_data(login):
    """Health checks and exporters ask how it is, and not what it holds."""
    exporter = login(Role.EXPORTER)

    assert exporter.ping()
    assert exporter.info("memory")
    with pytest.raises(NoPermissionError):
        exporter.hgetall(KEYS.queue("items"))


def test_without_a_name_nothing_is_allowed(strict):
    """The user that a server has by itself is off."""
    with Redis(port=strict.port) as nobody, pytest.raises(AuthenticationError):
        nobody.ping()


def test_a_machine_with_all_stages_is_one_user(login):
    """It reserves, offers, borrows and settles, in its own factory."""
    queue = queue_as(login, Role.LINE)
    queue.reserve("file")
    queue.offer("file", [Offer("report")])
    lease = queue.lease("permit")

    assert isinstance(lease, Lease)
    assert queue.settle(lease, Done("stored")).ours


def test_every_script_is_some_stages_work():
    """One that is added and given to nobody would be refused in a factory, and nowhere before."""
    line = rights(Role.LINE, KEYS)
    assert line is not None
    about_any_file = {"file": KEYS.file("*"), "story": KEYS.story("*")}

    lacking = [
        (file.name, structure)
        for folder, key in (("queue", KEYS.queue), ("journal", KEYS.journal))
        for file in (LUA / folder).glob("*.lua")
        for structure in load(f"{folder}/{file.stem}").keys
        if about_any_file.get(structure, key(structure)) not in line.changes
    ]

    assert lacking == []


def test_the_file_has_no_passwords():
    """It may be read by the server's user, and by whoever looks at its volume."""
    text = users_file(PASSWORDS, "plant7")

    assert not any(password in text for password in PASSWORDS.values())
    assert text.startswith("user default reset off\n")


def test_the_server_takes_a_new_file_while_it_runs(tmp_path):
    """A password is changed without a restart."""
    file = tmp_path / "users.acl"
    file.write_text(users_file(PASSWORDS, "plant7"))
    with servers.server(tmp_path / "valkey", [f"aclfile {file}"]) as found:
        file.write_text(users_file({**PASSWORDS, Role.WATCH: "another long password"}, "plant7"))
        with Redis(port=found.port, username="admin", password=PASSWORDS[Role.ADMIN]) as admin:
            admin.acl_load()

        with Redis(port=found.port, username="watch", password="another long password") as watch:
            assert servers.answers(watch)
        with Redis(port=found.port, username="watch", password=PASSWORDS[Role.WATCH]) as watch:
            assert not servers.answers(watch)
