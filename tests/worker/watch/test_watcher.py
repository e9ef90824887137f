"""Files dropped into a watch folder arrive in the spool, whole and once, and are sent on."""

import json
import logging
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from support import wait_until
from worker.lines import Line

from wats_broker.connection import connect
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.names import Keys
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.settings import BrokerSettings
from wats_broker.states import FileState
from wats_worker.spool.model import Place
from wats_worker.spool.names import Identity
from wats_worker.spool.post_actions import PostAction


def test_a_dropped_file_is_claimed_entered_and_sent(line, watching, arrived):
    """The whole way of one file through the watch stage."""
    (line.folder / "board.csv").write_bytes(b"PASS")
    watching(line.watcher())

    arrived("board.csv")

    (file_id,) = line.spool.waiting()
    wait_until(lambda: line.backlog("convert") == 1, what="its message")
    assert line.in_folder() == []
    assert line.messages() == [file_id]
    assert line.journal.file(file_id).state is FileState.SEEN
    assert line.queue.census().reserved == 1


def test_files_dropped_while_we_were_down_are_found(line, watching, arrived):
    """The look at the start finds them; the oldest goes first."""
    for number, name in enumerate(["c.csv", "a.csv", "b.csv"]):
        (line.folder / name).write_text(name)
        os.utime(line.folder / name, (1000 + number, 1000 + number))
    watching(line.watcher(line.source(events=False)))

    arrived("a.csv", "b.csv", "c.csv")

    wait_until(lambda: line.backlog("convert") == 3, what="three messages")
    assert [line.spool.meta(file_id).name for file_id in line.messages()] == ["c.csv", "a.csv", "b.csv"]


def test_an_event_is_noticed_long_before_the_next_look(line, watching, arrived):
    """Events are hints; with them nobody waits for the periodic look."""
    watching(line.watcher(line.source(look_s=60)))
    (line.folder / "first.csv").write_bytes(b"1")
    arrived("first.csv")

    (line.folder / "second.csv").write_bytes(b"2")

    arrived("first.csv", "second.csv")


def test_without_events_the_look_finds_everything(line, watching, arrived):
    """Shares have no events."""
    watching(line.watcher(line.source(events=False)))
    (line.folder / "board.csv").write_bytes(b"PASS")

    arrived("board.csv")


def test_a_burst_arrives_complete(line, watching):
    """Nothing is lost in the crowd, nothing is sent twice."""
    watching(line.watcher())
    for number in range(300):
        (line.folder / f"{number}.csv").write_text(str(number))

    wait_until(lambda: len(list(line.spool.waiting())) == 300, what="300 files")

    wait_until(lambda: line.backlog("convert") == 300, what="300 messages")
    assert sorted(line.messages()) == sorted(line.spool.waiting())
    assert line.in_folder() == []


@pytest.mark.parametrize("holds_open", [True, False], ids=["kept-open", "opened-for-each-chunk"])
@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_file_written_slowly_is_read_whole(line, watching, arrived, holds_open, seconds):
    """However the writer goes about it, no half of it becomes a report."""
    watching(line.watcher(line.source(quiet_s=0.4)))
    path = line.folder / "slow.csv"
    chunks = [bytes([65 + number]) * 1000 for number in range(6)]

    def write() -> None:
        if holds_open:
            with path.open("wb", buffering=0) as file:
                for chunk in chunks:
                    file.write(chunk)
                    time.sleep(seconds / 6)
            return
        for chunk in chunks:
            with path.open("ab") as file:
                file.write(chunk)
            time.sleep(seconds / 6)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()
    arrived("slow.csv")

    (file_id,) = line.spool.waiting()
    assert line.spool.source(file_id).read_bytes() == b"".join(chunks)


def test_a_writer_that_falls_silent_with_the_file_open_is_waited_for(line, watching, arrived):
    """The kernel knows that he is there, however long he is quiet."""
    watching(line.watcher())
    with (line.folder / "slow.csv").open("wb", buffering=0) as writer:
        writer.write(b"half")
        for number in range(3):
            (line.folder / f"witness {number}.csv").write_text(str(number))
            wait_until(lambda n=number: f"witness {n}.csv" in line.names(), what="a file that came later")
        names = line.names()
        writer.write(b" and half")
    wait_until(lambda: "slow.csv" in line.names(), what="the slow file")

    assert "slow.csv" not in names
    (slow,) = (file_id for file_id in line.spool.waiting() if line.spool.meta(file_id).name == "slow.csv")
    assert line.spool.source(slow).read_bytes() == b"half and half"


def test_unfinished_names_and_our_own_folders_are_left_alone(line, watching, arrived):
    """Temporary names, dotfiles, Done and Error, sub folders of a source that is not recursive."""
    for name in ["a.csv.tmp", "b.part", "~$c.xlsx", ".d", "Done/e.csv", "Error/f.csv", "sub/g.csv", "h.txt"]:
        (line.folder / name).parent.mkdir(exist_ok=True)
        (line.folder / name).write_text(name)
    (line.folder / "last.csv").write_text("last")
    os.utime(line.folder / "last.csv")
    watching(line.watcher(line.source(exclude=("*.txt",))))

    arrived("last.csv")

    assert len(line.in_folder()) == 8


def test_a_recursive_source_takes_sub_folders(line, watching, arrived):
    """Also those that are made later; but never Done, and never a link to elsewhere."""
    elsewhere = line.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.csv").write_text("secret")
    watching(line.watcher(line.source(recursive=True)))
    (line.folder / "Done").mkdir()
    (line.folder / "Done/old.csv").write_text("old")
    (line.folder / "link").symlink_to(elsewhere)
    (line.folder / "line 3/station 7").mkdir(parents=True)
    (line.folder / "line 3/station 7/a.csv").write_text("a")

    arrived("line 3/station 7/a.csv")

    wait_until(lambda: line.journal.troubles("ict"), what="the trouble with the link")
    assert line.journal.troubles("ict")[0].reason == "a link; links are not followed"
    assert (elsewhere / "secret.csv").exists()


def test_a_marked_file_waits_for_its_marker(line, watching, arrived):
    """The marker goes with the file; an old one proves nothing."""
    (line.folder / "old.csv.done").touch()
    os.utime(line.folder / "old.csv.done", (1000, 1000))
    (line.folder / "old.csv").write_text("still being written")
    (line.folder / "new.csv").write_text("finished")
    (line.folder / "new.csv.done").touch()
    watching(line.watcher(line.source(marker=".done")))

    arrived("new.csv")

    wait_until(lambda: line.in_folder() == ["old.csv", "old.csv.done"], what="the marker's end")
    (line.folder / "old.csv.done").touch()
    arrived("new.csv", "old.csv")


def test_odd_things_are_told_and_never_touched(line, watching, arrived):
    """Links, pipes, sockets: a clear entry for each, and a normal file beside them goes through."""
    (line.folder / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(line.folder / "pipe.csv")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(line.folder / "socket.csv"))
    (line.folder / "board.csv").write_text("PASS")
    watching(line.watcher())

    arrived("board.csv")

    wait_until(lambda: len(line.journal.troubles("ict")) == 3, what="three troubles")
    assert {trouble.name: trouble.reason for trouble in line.journal.troubles("ict")} == {
        "link.csv": "a link; links are not followed",
        "pipe.csv": "a pipe",
        "socket.csv": "a socket",
    }
    server.close()
    (line.folder / "pipe.csv").unlink()
    wait_until(lambda: len(line.journal.troubles("ict")) == 2, what="the end of one trouble")


def test_a_name_that_is_not_utf8_goes_through(line, watching, arrived):
    """People see it quoted."""
    (line.folder / os.fsdecode(b"caf\xe9.csv")).write_text("PASS")
    watching(line.watcher())

    arrived("caf%E9.csv")

    (file_id,) = line.spool.waiting()
    wait_until(lambda: line.journal.file(file_id), what="its record")
    assert line.journal.file(file_id).name == "caf%E9.csv"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_we_may_not_read_is_told(line, watching):
    """And taken as soon as it can be."""
    (line.folder / "board.csv").write_text("PASS")
    (line.folder / "board.csv").chmod(0)
    watching(line.watcher())

    wait_until(lambda: line.journal.troubles("ict"), what="the trouble")

    assert "Permission denied" in line.journal.troubles("ict")[0].reason


def test_the_same_bytes_again_are_one_file(line, watching, arrived):
    """The second copy leaves the folder; it is never a second report."""
    watching(line.watcher())
    (line.folder / "board.csv").write_text("PASS")
    arrived("board.csv")
    (file_id,) = line.spool.waiting()

    (line.folder / "copy.csv").write_text("PASS")

    wait_until(lambda: line.in_folder() == [], what="the copy's end")
    wait_until(lambda: line.journal.counters().get("event:file_seen_again") == 1, what="the event")
    assert line.messages() == [file_id]
    assert line.queue.census().reserved == 1


def test_a_second_copy_goes_where_the_first_went(line, watching):
    """A machine that repeats itself still finds its file in Done."""
    done = line.root / "done"
    watching(line.watcher(line.source(), post_action=lambda _: (PostAction.MOVE, done)))
    (line.folder / "board.csv").write_text("PASS")
    wait_until(lambda: list(line.spool.waiting()), what="the first")

    (line.folder / "copy.csv").write_text("PASS")

    wait_until((done / "copy.csv").exists, what="the copy in its place")


def test_bytes_are_known_when_redis_has_lost_everything(line, watching):
    """The archive remembers."""
    end = watching(line.watcher())
    (line.folder / "board.csv").write_text("PASS")
    wait_until(lambda: line.backlog("convert") == 1, what="the message")
    (file_id,) = line.messages()
    line.spool.save_reports(file_id, {})
    line.spool.finish(file_id)
    end()
    line.redis.flushall()
    watching(line.watcher())

    (line.folder / "again.csv").write_text("PASS")

    wait_until(lambda: line.in_folder() == [], what="the copy's end")
    assert line.messages() == []
    assert line.spool.place(file_id) is Place.FINISHED
    assert line.journal.file(file_id).state is FileState.DELIVERED


def the_id_of(content):
    identity = Identity("ict")
    identity.feed(content)
    return identity.file_id


def test_bytes_are_known_when_all_but_the_archive_has_forgotten_them(line, watching):
    """They are as delivered as they ever were."""
    line.archived.add(the_id_of(b"PASS"))
    watching(line.watcher())

    (line.folder / "again.csv").write_text("PASS")

    wait_until(lambda: line.in_folder() == [], what="the copy's end")
    wait_until(lambda: line.queue.census().reserved == 0, what="the room it did not need")
    assert line.messages() == []
    assert list(line.spool.waiting()) == []
    assert line.journal.file(next(iter(line.archived))).state is FileState.DELIVERED


def test_a_quarantined_file_dropped_again_is_tried_again(line, watching):
    """Somebody has mended something."""
    watching(line.watcher())
    (line.folder / "board.csv").write_text("PASS")
    wait_until(lambda: line.backlog("convert") == 1, what="the message")
    (file_id,) = line.messages()
    line.spool.quarantine(file_id, {"reason": "no converter"}, b"")
    line.journal.record(file_id, "file_quarantined", state=FileState.QUARANTINED)

    (line.folder / "again.csv").write_text("PASS")

    wait_until(lambda: line.backlog("convert") == 1, what="another message")
    assert line.messages() == [file_id]
    assert line.journal.file(file_id).state is FileState.SEEN
    assert line.spool.place(file_id) is Place.WAITING


def test_bytes_delivered_before_the_spool_forgot_them_are_not_delivered_again(line, watching):
    """Somebody has emptied the archive; the journal still knows."""
    watching(line.watcher())
    (line.folder / "board.csv").write_text("PASS")
    wait_until(lambda: line.backlog("convert") == 1, what="the message")
    (file_id,) = line.messages()
    for state in (FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED):
        line.journal.record(file_id, "moved", state=state)
    line.spool.save_reports(file_id, {})
    line.spool.finish(file_id)
    home = line.spool.source(file_id).parent
    home.rename(line.root / "gone")

    (line.folder / "again.csv").write_text("PASS")

    wait_until(lambda: line.spool.place(file_id) is Place.FINISHED, what="its place in the archive")
    assert line.messages() == []


def test_files_wait_in_their_folder_while_the_queue_is_full(line, watching):
    """Nothing is claimed without room; the oldest goes first as soon as there is some."""
    line.queue = UploadQueue(line.redis, Keys(), limits=QueueLimits(max_size=2))
    for number in range(5):
        (line.folder / f"{number}.csv").write_text(str(number))
        os.utime(line.folder / f"{number}.csv", (1000 + number, 1000 + number))
    watcher = line.watcher()
    watching(watcher)

    wait_until(lambda: line.names() == ["0.csv", "1.csv"], what="the first two")
    wait_until(lambda: watcher.waiting == {"ict": 3}, what="three that wait")
    for file_id in line.spool.waiting():
        line.queue.release(file_id)

    wait_until(lambda: line.names() == ["0.csv", "1.csv", "2.csv", "3.csv"], what="the next two")
    assert line.in_folder() == ["4.csv"]
    assert line.queue.census().depth == 2


def test_nothing_overtakes_a_file_that_waits_for_room(line, watching, arrived, caplog):
    """Not even a second copy that needs none."""
    end = watching(line.watcher())
    (line.folder / "known.csv").write_text("PASS")
    arrived("known.csv")
    end()
    line.queue = UploadQueue(line.redis, Keys(), limits=QueueLimits(max_size=1))
    (line.folder / "new.csv").write_text("FAIL")
    (line.folder / "copy.csv").write_text("PASS")
    os.utime(line.folder / "new.csv", (1000, 1000))
    caplog.set_level(logging.DEBUG, logger="wats_worker.watch")
    watching(line.watcher())

    wait_until(lambda: caplog.text.count("files_waiting") >= 2, what="asking in vain")

    assert line.in_folder() == ["copy.csv", "new.csv"]


def test_the_better_priority_goes_first(line, watching, caplog):
    """While there is not room for all, urgent sources pass."""
    line.queue = UploadQueue(line.redis, Keys(), limits=QueueLimits(max_size=1))
    folders = {"urgent": 0, "ordinary": 5}
    sources = []
    for name, priority in folders.items():
        folder = line.root / name
        folder.mkdir()
        sources.append(line.source(name=name, folder=folder, priority=priority))
    line.queue.reserve("f" * 32)
    caplog.set_level(logging.DEBUG, logger="wats_worker.watch")
    for name in folders:
        for number in range(3):
            (line.root / name / f"{number}.csv").write_text(str(number))
    watching(line.watcher(*sources))
    wait_until(lambda: caplog.text.count("files_waiting") >= 2, what="both sources asking in vain")

    line.queue.release("f" * 32)
    order = []
    for count in range(1, 4):
        wait_until(lambda count=count: len(list(line.spool.waiting())) == count, what=f"file {count}")
        (new,) = set(line.spool.waiting()) - set(order)
        order.append(new)
        line.queue.release(new)

    assert [line.spool.meta(file_id).source for file_id in order] == ["urgent"] * 3


def test_two_watchers_do_not_fight(line, watching, caplog):
    """The second says once that it waits, and takes over when the first is gone."""
    first = watching(line.watcher())
    wait_until(lambda: line.redis.exists(Keys().watch_lease("ict")), what="the first")
    watching(line.watcher(holder="watch-2"))
    wait_until(lambda: "source_watched_elsewhere" in caplog.text, what="the second's word")
    first()

    (line.folder / "board.csv").write_text("PASS")

    wait_until(lambda: line.names() == ["board.csv"], what="the second at work", timeout=20)
    assert caplog.text.count("source_watched_elsewhere") == 1


def test_kept_files_stay_and_are_taken_once(line, watching, arrived):
    """Also by the next process; a changed file is a new one."""
    source = line.source(mode="keep", after="keep")
    (line.folder / "board.csv").write_text("PASS")
    end = watching(line.watcher(source))
    arrived("board.csv")
    (line.folder / "later.csv").write_text("a reason to look again")
    wait_until(lambda: line.backlog("convert") == 2, what="two messages")
    end()
    fingerprints = (line.spool.root / "kept/ict.jsonl").read_text().splitlines()
    watching(line.watcher(source))

    (line.folder / "board.csv").write_text("PASS, retested")

    wait_until(lambda: line.backlog("convert") == 3, what="the third message")
    assert line.in_folder() == ["board.csv", "later.csv"]
    assert "event:file_seen_again" not in line.journal.counters()
    assert [json.loads(text)[:2] for text in fingerprints] == [["board.csv", 4], ["later.csv", 22]]
    assert len(set(line.messages())) == 3


def test_a_share_that_goes_away_and_comes_back(line, watching, arrived):
    """It is trouble while it lasts, and no end of the watch."""
    away = line.root / "away"
    watching(line.watcher())
    wait_until(lambda: line.redis.exists(Keys().watch_lease("ict")), what="the first look")
    line.folder.rename(away)
    wait_until(lambda: line.journal.troubles("ict"), what="the trouble")
    trouble = line.journal.troubles("ict")[0]

    (away / "board.csv").write_text("PASS")
    away.rename(line.folder)
    arrived("board.csv")

    assert "can't be looked into" in trouble.reason
    wait_until(lambda: not line.journal.troubles("ict"), what="the end of the trouble")


def test_a_spool_without_room_leaves_everything_where_it_is(line, watching, arrived):
    """It is said once, and work goes on by itself."""
    line.spool._floor_bytes = 2**62
    (line.folder / "board.csv").write_text("PASS")
    watching(line.watcher())
    wait_until(lambda: line.journal.troubles("ict"), what="the trouble")
    names = line.names()

    line.spool._floor_bytes = 0
    arrived("board.csv")

    assert names == []
    wait_until(lambda: not line.journal.troubles("ict"), what="the end of the trouble")


def test_a_spool_that_gets_full_is_filled_slowly(line, watching, arrived, monkeypatch):
    """A few at a time, so that what makes room can keep up; they come all the same."""
    portions, claim = [], line.spool.claim

    def counted(files, **how):
        portions.append(len(files))
        return claim(files, **how)

    monkeypatch.setattr(line.spool, "claim", counted)
    line.spool._slow_bytes = 2**62
    names = ["1.csv", "2.csv"]
    for name in names:
        (line.folder / name).write_text(name)
    watching(line.watcher())

    arrived(*names)

    assert set(portions) == {1}


def test_a_spool_that_takes_for_ever_leaves_everything_where_it_is(line, watching, arrived):
    """A slow disk is told like a full one, and work goes on when it is quick again."""
    line.spool._tempo._patience_s = 0.0
    (line.folder / "board.csv").write_text("PASS")
    watching(line.watcher())
    wait_until(lambda: line.journal.troubles("ict"), what="the trouble")
    names, (trouble,) = line.names(), line.journal.troubles("ict")

    line.spool._tempo._patience_s = 60.0
    arrived("board.csv")

    assert names == []
    assert "too slow" in trouble.reason
    wait_until(lambda: not line.journal.troubles("ict"), what="the end of the trouble")


def test_a_broker_that_goes_away_is_waited_for(tmp_path, watching, caplog):
    """Files stay in their folder; the watch says so once and goes on when it is back."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = BrokerSettings(url=f"embedded:{folder}")
    with EmbeddedServer(folder):
        redis = connect(broker)
        line = Line(tmp_path, redis, broker)
        watching(line.watcher(line.source(), reconcile_s=60))
        wait_until(lambda: redis.exists(line.keys.watch_lease("ict")), what="the first look")
    (line.folder / "board.csv").write_text("PASS")
    wait_until(lambda: "broker_away" in caplog.text, what="the watcher's word")
    away = line.in_folder()

    with EmbeddedServer(folder):
        wait_until(lambda: line.names() == ["board.csv"], what="the file in the spool", timeout=20)
        wait_until(lambda: line.backlog("convert") == 1, what="its message")

    assert away == ["board.csv"]
    assert caplog.text.count("broker_away") == 1
    redis.close()
    line.celery.close()


def test_stopping_takes_less_than_a_second(line, watching):
    """SIGTERM is followed by SIGKILL soon enough."""
    end = watching(line.watcher(line.source(recursive=True)))
    for number in range(500):
        (line.folder / f"{number}.csv").write_text(str(number))
    wait_until(lambda: list(line.spool.waiting()), what="the first")

    began = time.monotonic()
    end()

    assert time.monotonic() - began < 1.0
    assert len(line.in_folder()) + len(list(line.spool.waiting())) == 500
    assert list(Path(line.spool.root / "incoming").glob("*/*")) == []


def test_a_paused_source_takes_nothing_until_it_goes_on(line, watching, arrived, caplog):
    """Its files wait where they are; the other sources do not notice."""
    (line.root / "fct").mkdir()
    paused = {"ict": "switched off by hall 3: calibration"}
    sources = [line.source(), line.source(name="fct", folder=line.root / "fct")]
    watching(line.watcher(*sources, paused=lambda name: paused.get(name, "")))
    (line.folder / "waits.csv").write_bytes(b"1")
    (line.root / "fct" / "goes.csv").write_bytes(b"2")

    arrived("goes.csv")
    assert line.in_folder() == ["waits.csv"]
    assert [one.reason for one in caplog.records if one.message == "source_paused"] == [paused["ict"]]

    paused.clear()
    arrived("goes.csv", "waits.csv")
