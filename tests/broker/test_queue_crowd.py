"""Many at once, on a real server: what one script decides, no race can undo."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wats_broker.connection import connect
from wats_broker.messages import Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, QueueLimits, UploadQueue

BOUND, WIDTH = 7, 3
PRODUCERS, UPLOADERS, FILES = 12, 8, 40


@pytest.fixture
def make_queue(broker, real_redis):
    """Each call makes the view of another process, with a connection of its own."""

    def make():
        return UploadQueue(connect(broker), Keys(), limits=QueueLimits(max_size=BOUND, width=WIDTH))

    return make


class Watch:
    """Counts after every step of everybody, so that no excess is too short to be seen."""

    def __init__(self):
        self.deepest = self.widest = 0

    def look(self, queue):
        census = queue.census()
        self.deepest = max(self.deepest, census.depth)
        self.widest = max(self.widest, census.leased)


def test_no_crowd_of_producers_and_uploaders_gets_past_the_bound_or_the_width(make_queue):
    """Twelve producers push, eight uploaders pull; every report is sent to its end once."""
    watch, everything_offered = Watch(), threading.Event()
    delivered = []

    def produce(number):
        queue, dice = make_queue(), random.Random(number)
        for n in range(FILES):
            file_id = f"{number}-{n}"
            while not queue.reserve(file_id):
                watch.look(queue)
            watch.look(queue)
            # Panels give more reports than there is room reserved for.
            reports = [Offer(f"{file_id}-{place}") for place in range(dice.choice((1, 1, 1, 5)))]
            queue.offer(file_id, reports)
            watch.look(queue)
            if dice.random() < 0.1:
                queue.offer(file_id, reports)

    def upload(number):
        queue, dice = make_queue(), random.Random(-number)
        while True:
            over = everything_offered.is_set()
            lease = queue.lease(f"permit{number}")
            watch.look(queue)
            if isinstance(lease, Lease):
                done = dice.random() < 0.8
                if queue.settle(lease, Done() if done else Later(0, "503")).ours and done:
                    delivered.append(lease.report_id)
            elif over and lease.reason == "empty" and not queue.census().depth:
                return

    with ThreadPoolExecutor(PRODUCERS + UPLOADERS) as pool:
        uploads = [pool.submit(upload, number) for number in range(UPLOADERS)]
        for offered in [pool.submit(produce, number) for number in range(PRODUCERS)]:
            offered.result()
        everything_offered.set()
        for upload_ended in uploads:
            upload_ended.result()

    assert (watch.deepest, watch.widest) == (BOUND, WIDTH)
    assert len(delivered) == len(set(delivered)) == make_queue().census().delivered
    assert len({report.rpartition("-")[0] for report in delivered}) == PRODUCERS * FILES
