"""Polls from tick to spool: taken once, remembered, and in good order when something goes wrong."""

import threading

import psutil
import pytest
from support import wait_until

from wats_broker.polls import Begun, Outcome
from wats_broker.states import FileState


class TestTaking:
    def test_what_a_poller_gives_is_claimed_like_any_file(self, plant):
        """In the spool, in the journal with its key, with room reserved and a message sent."""
        plant.poller("yield from items(cursor)")

        state = plant.poll()

        assert (state.outcome, state.taken) == (Outcome.DONE, 3)
        assert plant.taken == {"0.csv": "content 0", "1.csv": "content 1", "2.csv": "content 2"}
        assert plant.line.queue.census().reserved == 3
        files = plant.line.messages()
        assert len(files) == 3
        record = plant.line.journal.file(files[0])
        assert (record.source, record.state) == ("mes", FileState.SEEN)
        assert {"key": "0"} in [event.facts for event in record.story]

    def test_the_next_poll_goes_on_at_the_cursor(self, plant):
        """What it gave is remembered on the spool, so an empty broker forgets nothing."""
        plant.poller("yield from items(cursor, first=0 if cursor is None else cursor + 1, many=2)")
        plant.poll()
        plant.line.redis.flushall()

        plant.poll()

        assert sorted(plant.taken) == ["0.csv", "1.csv", "2.csv", "3.csv"]

    def test_known_keys_are_not_even_read(self, plant):
        """A listing shows everything each time."""
        plant.poller("""
            def content():
                raise RuntimeError("it was read again")
            for n in range(options.count):
                yield Item(key=str(n), name=f"{n}.csv", content=b"x%d" % n if n >= options.count - 2 else content)
        """)
        plant.poll(poller_options={"count": 2})

        state = plant.poll(poller_options={"count": 4})

        assert (state.outcome, state.taken) == (Outcome.DONE, 2)

    def test_content_may_be_a_stream(self, plant):
        """Opened when it is its turn, and closed before the next item is made."""
        plant.poller("""
            import io
            for n in range(2):
                stream = io.BytesIO(b"stream %d" % n)
                yield Item(key=str(n), name=f"{n}.csv", content=lambda: stream)
                assert stream.closed
        """)

        assert plant.poll().outcome is Outcome.DONE
        assert plant.taken == {"0.csv": "stream 0", "1.csv": "stream 1"}

    def test_the_time_an_item_was_changed_goes_along(self, plant):
        """Some converters fall back on it."""
        plant.poller("""
            from datetime import datetime, UTC
            yield Item(key="a", name="a.csv", content=b"a", modified=datetime(2026, 3, 17, tzinfo=UTC))
        """)
        plant.poll()

        (file,) = plant.line.spool.waiting()
        assert plant.line.spool.meta(file).mtime_ns == 1773705600 * 10**9

    def test_the_same_content_under_another_key_is_the_same_file(self, plant):
        """As in a watch folder; the second key is remembered as well."""
        plant.poller("""
            yield Item(key="a", name="a.csv", content=b"same")
            yield Item(key="b", name="b.csv", content=b"same")
        """)

        plant.poll()
        again = plant.poll()

        assert list(plant.taken) == ["a.csv"]
        assert again.taken == 0

    def test_the_same_key_with_other_content_loses_nothing(self, plant):
        """Within one poll both are taken. In a later one the key is known, and the poller's word counts."""
        plant.poller("""
            for n in range(2):
                yield Item(key="a", name="a.csv", content=f"{options.word} {n}".encode())
        """)

        plant.poll(poller_options={"word": "one"})
        plant.poll(poller_options={"word": "two"})

        assert sorted(plant.taken.values()) == ["one 0", "one 1"]

    def test_no_name_leads_out_of_the_spool(self, plant):
        """Whatever a database has in its columns."""
        names = [
            "../../etc/passwd",
            "/etc/passwd",
            "a/b\\c",
            "..",
            ".",
            "",
            "a\0b\n",
            "source",
            "x" * 500,
            "ü" * 500,
        ]
        plant.poller(f"""
            for n, name in enumerate({names!r}):
                yield Item(key=str(n), name=name, content=b"%d" % n)
        """)

        assert plant.poll().taken == len(names)
        assert set(plant.taken.values()) == {str(n) for n in range(len(names))}
        assert not [name for name in plant.taken if set(name) & set("/\\\0\n") or name.startswith(".")]
        assert {len(name.encode()) for name in plant.taken if len(name) > 50} <= set(range(160, 200))
        assert not list(plant.line.spool.root.glob("incoming/*/*"))

    def test_ten_items_of_one_name_are_ten_files(self, plant):
        """They differ in what is in them."""
        plant.poller("""
            for n in range(10):
                yield Item(key=str(n), name="result.csv", content=b"%d" % n)
        """)

        assert plant.poll().taken == 10
        assert len(list(plant.line.spool.waiting())) == 10

    def test_more_than_a_batch_is_taken_in_one_poll(self, plant):
        """And the cursor stands behind the last."""
        plant.poller("yield from items(cursor, first=0 if cursor is None else cursor + 1, many=150)")

        assert plant.poll().taken == 150
        assert plant.poll().taken == 150

    def test_a_source_with_more_than_one_poll_should_give_is_polled_again_at_once(self, plant):
        """But not for ever when there is nothing new in it."""
        plant.poller("yield from items(cursor)\nreturn More()")

        first, second = plant.poll(), plant.poll()

        assert (first.outcome, first.again_at > 0) == (Outcome.UNFINISHED, True)
        assert (second.outcome, second.again_at) == (Outcome.DONE, 0)


class TestRoom:
    def test_without_room_the_rest_is_left_and_comes_later(self, make_plant):
        """The cursor stays before the first item that was not taken."""
        plant = make_plant(max_size=2)
        plant.poller("yield from items(cursor, first=0 if cursor is None else cursor + 1, many=4)")

        first = plant.poll()
        full = plant.poll()
        for file in plant.line.spool.waiting():
            plant.line.queue.release(file)
        second = plant.poll()

        assert (first.outcome, first.taken) == (Outcome.FULL, 2)
        assert (full.outcome, full.taken) == (Outcome.FULL, 0)
        assert (second.outcome, second.taken) == (Outcome.FULL, 2)
        assert sorted(plant.taken) == ["0.csv", "1.csv", "2.csv", "3.csv"]
        assert first.again_at > first.ended_at

    def test_a_full_queue_troubles_no_source(self, make_plant):
        """It is not even asked."""
        plant = make_plant(max_size=1)
        plant.line.queue.reserve("f" * 32)
        plant.poller("raise RuntimeError('it was asked')")

        assert plant.poll().outcome is Outcome.FULL
        assert plant.trouble == ""

    def test_a_disk_without_room_takes_nothing_and_says_so(self, plant):
        """Nothing is remembered as taken."""
        plant.poller("yield from items(cursor)")
        plant.line.spool._floor_bytes = 2**62

        state = plant.poll()
        plant.line.spool._floor_bytes = 0

        assert state.outcome is Outcome.FAILED
        assert "Free some space" in plant.trouble
        assert plant.poll().taken == 3
        assert plant.trouble == ""


class TestFailing:
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ("raise RuntimeError('no such view')\nyield", "RuntimeError: no such view (acme.py, line "),
            ("raise Unreachable('the MES is down', fix='call Bob')\nyield", "the MES is down; call Bob"),
            ("os._exit(3)\nyield", "its process ended with exit code 3"),
            ("os.kill(os.getpid(), signal.SIGSEGV)\nyield", "its process was killed by SIGSEGV"),
            ("print('half way', flush=True)\nos._exit(3)\nyield", "it printed: half way"),
            ("return [Item(key='a', name='a', content=b'')]", "TypeError"),
            ("yield 'an item'", "AttributeError"),
            ("yield Item(key='a', name='a', content=b'', cursor={1})", "TypeError: Object of type set"),
            ("yield Item(key='x' * 2**21, name='a', content=b'')", "a key, a name or a cursor that is too large"),
            ("yield Item(key='a', name='a', content=b'x' * 2**21)", "'a' is larger than 1 MB; raise largest_mb"),
            ("def poll(x): pass\nimport nosuch", "ModuleNotFoundError: No module named 'nosuch'"),
            ("sys.exit('enough')\nyield", "it printed: enough"),
            ("if os.fork():\n    os._exit(3)\ntime.sleep(1000)\nyield", "its process ended with exit code 3"),
        ],
    )  # fmt: skip
    def test_a_poller_that_fails_is_told_with_its_reason(self, plant, body, told):
        """The source has a trouble, and its state has a reason."""
        plant.poller(body)

        state = plant.poll(largest_mb=1)

        assert state.outcome is Outcome.FAILED
        assert told in state.reason
        assert plant.trouble == state.reason

    def test_a_failure_is_told_whichever_host_had_the_last_poll(self, plant):
        """Each host keeps its own idea of what is told already."""
        plant.poller("if options.word:\n    raise Unreachable('away')\nyield from items(cursor)")
        here, there = plant.polling(poller_options={"word": "fail"}), plant.polling()

        told = []
        for polling in (here, there, here):
            polling.run("mes", plant.polls.tick("mes", asked=True)[1])
            told.append(plant.trouble)

        assert told == ["away", "", "away"]

    def test_a_poller_that_is_mended_goes_on(self, plant):
        """The trouble is over with the next good poll."""
        plant.poller("raise RuntimeError('no such view')\nyield")
        plant.poll()
        plant.poller("yield from items(cursor)")

        assert plant.poll().outcome is Outcome.DONE
        assert (plant.trouble, plant.state.failures) == ("", 0)

    def test_what_came_before_the_failure_is_kept(self, plant):
        """And not taken again."""
        plant.poller("yield from items(cursor)\nraise RuntimeError('then it broke')")

        first, second = plant.poll(), plant.poll()

        assert (first.outcome, first.taken, second.taken) == (Outcome.FAILED, 3, 0)
        assert len(plant.taken) == 3

    def test_failing_again_and_again_is_tried_less_and_less(self, plant):
        """A daily poll that fails does not wait for the next day either."""
        plant.poller("raise Unreachable('away')\nyield")

        rests = []
        for _ in range(3):
            state = plant.poll()
            rests.append(round(state.again_at - state.ended_at))

        assert rests == [10, 20, 40]

    def test_a_poller_that_hangs_is_ended_with_all_it_started(self, plant):
        """Nothing of it is left, and the next poll finds the source free."""
        plant.poller("""
            import subprocess
            child = subprocess.Popen(["sleep", "1000"])
            open(options.word, "w").write(f"{os.getpid()} {child.pid}")
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)
            yield
        """)
        pids = plant.line.root / "pids"

        state = plant.poll(limit_s=1.5, poller_options={"word": str(pids)})

        assert "nothing new came within 1.5 s; ask for less at a time, or raise limit_s" in plant.trouble
        assert state.held_until == 0
        for pid in pids.read_text().split():
            wait_until(lambda pid=pid: _is_gone(int(pid)), what=f"process {pid} to end")

    def test_a_poll_that_runs_out_of_time_keeps_what_it_has(self, plant):
        """It made way, so it is no failure, and it goes on at once."""
        plant.poller("""
            yield from items(cursor)
            time.sleep(1000)
        """)

        first, second = plant.poll(limit_s=3), plant.poll(limit_s=1)

        assert (first.outcome, first.taken, second.outcome) == (Outcome.UNFINISHED, 3, Outcome.FAILED)

    def test_an_item_that_can_t_be_had_yet_holds_the_cursor(self, plant):
        """Others go on; it is named if a person should know, and comes with the next poll."""
        plant.poller("""
            def content():
                raise NotYet(options.word)
            first = 0 if cursor is None else cursor + 1
            for n in range(first, 3):
                late = n == 1 and options.word
                yield Item(key=str(n), name=f"{n}.csv", content=content if late else b"%d" % n, cursor=n)
        """)

        plant.poll(poller_options={"word": "locked by Bob"})
        assert sorted(plant.taken) == ["0.csv", "2.csv"]
        assert plant.trouble == "locked by Bob"
        plant.poll()

        assert sorted(plant.taken) == ["0.csv", "1.csv", "2.csv"]
        assert plant.trouble == ""

    def test_a_source_that_fails_keeps_no_other_from_its_turn(self, plant):
        """Each has its own process and its own time."""
        plant.poller("time.sleep(1000) if options.word else None\nyield from items(cursor)")
        sources = [
            {"name": "mes", "poller": "acme", "every": 1, "limit_s": 3, "poller_options": {"word": "hang"}},
            {"name": "aoi", "poller": "acme", "every": 1},
        ]
        settings = plant.settings().model_copy(
            update={"scheduled": type(plant.settings())(scheduled=sources).scheduled}
        )
        plant.settings = lambda **_: settings
        polling = plant.polling()
        hangs = threading.Thread(target=polling.run, args=("mes", 1))
        hangs.start()

        polling.run("aoi", 1)

        assert hangs.is_alive()
        assert len(plant.taken) == 3
        hangs.join()


class TestSecrets:
    def test_a_secret_is_handed_over_and_never_told(self, plant, monkeypatch, caplog, tmp_path):
        """From a file or a variable; not in a log, a message, the journal or the process list."""
        caplog.set_level("DEBUG")
        monkeypatch.setenv("MES_PASSWORD", "s3cret-mes")
        plant.poller("""
            assert options.password.get_secret_value() == "s3cret-mes"
            assert not [name for name in os.environ if name.startswith("WATS_") and name != "WATS_SUPERVISOR"]
            print("printed s3cret-mes", file=sys.stderr, flush=True)
            raise RuntimeError("login failed for s3cret-mes")
            yield
        """)
        monkeypatch.setenv("WATS_SERVER__TOKEN", "dG9rZW4=")

        state = plant.poll(poller_options={"password_env": "MES_PASSWORD"})

        assert "login failed for ***" in state.reason
        said = f"{caplog.text} {plant.trouble} {plant.settings()!r}"
        kept = str([plant.line.redis.dump(key) for key in plant.line.redis.scan_iter()])
        assert "s3cret-mes" not in said + kept

    def test_a_secret_that_is_not_there_is_told(self, plant, tmp_path):
        """The place is named, the poller is not asked."""
        plant.poller("yield from items(cursor)")

        plant.poll(poller_options={"password_file": str(tmp_path / "nowhere")})

        assert (
            plant.trouble == "poller_options.password_file: can't read the secret: No such file or directory"
        )


class TestTrust:
    def test_what_others_may_change_does_not_run(self, plant):
        """It was trusted, and then somebody opened it."""
        plant.poller("yield from items(cursor)")
        (plant.plugins / "acme.py").chmod(0o666)

        state = plant.poll()

        assert (state.outcome, plant.taken) == (Outcome.FAILED, {})
        assert "everybody can write to" in plant.trouble

    def test_a_changed_poller_counts_from_the_next_poll_on(self, plant):
        """Without a restart."""
        plant.poller("yield from items(cursor, many=1)")
        plant.poll()
        plant.poller("yield from items(cursor, many=2)")

        assert plant.poll().taken == 1


class TestTicks:
    def test_a_late_tick_is_dropped(self, plant):
        """A poll has begun since."""
        plant.poller("yield from items(cursor)")
        plant.poll()

        plant.polling().run("mes", 1)

        assert plant.state.dropped == 1
        assert plant.state.taken == 3

    def test_a_tick_for_a_source_that_is_gone_is_dropped(self, plant):
        """The configuration changed while its message waited."""
        plant.polling().run("gone", 1)

        assert plant.polls.states(["gone"])[0].began_at == 0

    def test_a_worker_that_goes_home_keeps_what_it_has(self, plant):
        """Within a moment, whatever the poller does; the source is ticked again at once."""
        plant.poller("yield from items(cursor)\ntime.sleep(1000)")
        polling = plant.polling()
        _, due = plant.polls.tick("mes")
        thread = threading.Thread(target=polling.run, args=("mes", due))
        thread.start()
        landed = "incoming/*/*/landing/batch/*"
        wait_until(lambda: len(list(plant.line.spool.root.glob(landed))) == 3, what="three items to land")

        plant.stop.set()
        thread.join(timeout=5)

        assert not thread.is_alive()
        assert plant.state.outcome is Outcome.STOPPED
        assert plant.state.again_at > 0

    def test_a_source_that_somebody_else_polls_is_left_to_him(self, plant):
        """The poller is not asked."""
        plant.poller("yield from items(cursor)")
        _, due = plant.polls.tick("mes")
        assert plant.polls.begin("mes", due=due, holder="other", term_s=30)[0] is Begun.BEGUN

        plant.polling().run("mes", due + 1)

        assert plant.taken == {}
        assert plant.state.dropped == 1

    def test_whoever_was_silent_for_too_long_takes_nothing_more(self, plant):
        """Somebody else polls the source by now, and takes it all."""
        plant.poller("time.sleep(1000)\nyield")
        polling = plant.polling(term_s=0.5)
        _, due = plant.polls.tick("mes")
        thread = threading.Thread(target=polling.run, args=("mes", due))
        thread.start()
        wait_until(lambda: plant.state.began_at, what="the poll to begin")

        plant.line.redis.hset(plant.line.keys.poll("mes"), "holder", "other")
        thread.join(timeout=5)

        assert not thread.is_alive()
        assert plant.state.outcome is None


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
