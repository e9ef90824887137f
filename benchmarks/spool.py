"""What a file costs in a spool: on a disk, and in an object store on loopback, in the same run.

    python benchmarks/spool.py [--files 200]

Each file goes its whole way: claimed in batches of fifty, its bytes read, one report kept, read and
delivered, the file finished and gone. A table, and one line of JSON at the end. The object store is a test
server made of Python that does one thing at a time, so its times are an upper bound; the number of requests
is what counts.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# The server, and how a file is hashed, are those of the tests.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from objects import BUCKET, ObjectServer
from worker.claimables import claimable

from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.model import Claimable
from wats_worker.spool.shared import SharedSpool
from wats_worker.spool.spool import Spool
from wats_worker.spool.store import DiskSpool
from wats_worker.store.bucket import Bucket, BucketStore

_BATCH = 50
_REPORT = b"{" + b" " * 4000 + b"}"


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, store: BucketStore) -> None:
        self._store = store
        self.name = store.name
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str):
        act = getattr(self._store, name)

        def counted(*about, **more):
            self.asked[name] += 1
            return act(*about, **more)

        return counted


def drop(folder: Path, count: int) -> list[Claimable]:
    """Files of 2.5 kB, each another."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_bytes(f"{number}\n".encode() + b"x" * 2500)
    return [claimable(folder, f"{number}.txt") for number in range(count)]


def run(spool: Spool, files: list[Claimable]) -> dict[str, float]:
    """Seconds of each part of the way, for all files."""
    took: Counter[str] = Counter()

    def timed(part: str, began: float) -> None:
        took[part] += time.perf_counter() - began

    began = time.perf_counter()
    for start in range(0, len(files), _BATCH):
        spool.claim(files[start : start + _BATCH], keep=False)
    timed("claim", began)
    for file in files:
        began = time.perf_counter()
        spool.meta(file.file_id)
        with spool.draft(file.file_id) as draft:
            with spool.bytes_of(file.file_id) as path:
                path.read_bytes()
            draft.add(ReportCard(report_id="r1"), _REPORT)
            draft.keep(Making(converter="bench"))
        timed("convert", began)
    for file in files:
        began = time.perf_counter()
        spool.report(file.file_id, "r1")
        spool.delivered(file.file_id, "r1", {"stored_as": "r1"})
        assert spool.finish(file.file_id)
        timed("upload", began)
    for file in files:
        began = time.perf_counter()
        spool.meta(file.file_id)
        spool.made(file.file_id)
        spool.receipts(file.file_id)
        spool.body(file.file_id, "r1")
        spool.leave(file.file_id)
        timed("archive", began)
    return dict(took)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=200)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name, ObjectServer(Path(name) / "objects") as server:
        folder = Path(name)
        disk = DiskSpool(folder / "disk")
        on_disk = run(disk, drop(folder / "in-1", files))
        disk.close()
        bucket = Bucket(bucket=BUCKET, endpoint=server.endpoint, access_key="k", secret_key="s")  # noqa: S106
        store = Counting(BucketStore(bucket))
        shared = SharedSpool(store, DiskSpool(folder / "landing"))
        in_store = run(shared, drop(folder / "in-2", files))
        asked = {name: round(count / files, 2) for name, count in sorted(store.asked.items())}
        shared.close()
    print(f"{'per file':10} {'disk ms':>9} {'store ms':>9}")
    for part, seconds in on_disk.items():
        print(f"{part:10} {seconds / files * 1000:9.2f} {in_store[part] / files * 1000:9.2f}")
    whole = sum(on_disk.values()) / files * 1000, sum(in_store.values()) / files * 1000
    print(f"{'all':10} {whole[0]:9.2f} {whole[1]:9.2f}   {sum(asked.values()):.1f} requests: {asked}")
    print(
        json.dumps(
            {
                "files": files,
                "disk_ms_per_file": round(whole[0], 2),
                "store_ms_per_file": round(whole[1], 2),
                "ratio": round(whole[1] / whole[0], 1),
                "requests_per_file": round(sum(asked.values()), 2),
                "disk_ms": {part: round(seconds / files * 1000, 2) for part, seconds in on_disk.items()},
                "store_ms": {part: round(seconds / files * 1000, 2) for part, seconds in in_store.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
