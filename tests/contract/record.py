"""Records what this release says, for the releases after it: run once, before it is released.

cd tests && python -m contract.record

A line is started, has a file delivered, one quarantined and one that waits, and is asked everything that needs no
more than a token. What is specific to the machine is replaced, so that two recordings differ where the release does.
"""

import json
import re
import socket
import tempfile
from pathlib import Path
from typing import Any

import httpx
from running import RunningLine, wstf

from wats_broker import messages, protocol
from wats_broker.names import CONVERT_TASK, DRAIN_TASK, POLL_TASK
from wats_broker.states import FileState
from wats_worker.control.operator import read_token
from wats_worker.control.place import Place
from wats_worker.simulator.running import Simulator

HERE = Path(__file__).parent
#: What each message is made from here.
SAID = {
    CONVERT_TASK: messages.ConvertMessage(file_id="0123456789abcdef" * 2),
    DRAIN_TASK: messages.DrainMessage(permit="p-17"),
    POLL_TASK: messages.PollMessage(source="mes", due=1_763_800_000_000),
}
#: Routes without a parameter in them, and what the recording is called.
ASKED = (
    "hello",
    "status",
    "files",
    "quarantined",
    "queue",
    "queue/buried",
    "queue/held",
    "sources",
    "polls",
    "converters",
    "workers",
    "processes",
    "config",
    "tokens",
    "tokens/notes",
)


def main() -> None:
    """Write the recordings of this release over."""
    keep(HERE / f"messages/{messages.PROTOCOL}", {task: said.model_dump() for task, said in SAID.items()})
    with (
        tempfile.TemporaryDirectory(prefix="wats-") as folder,
        Simulator(Path(folder) / "s.sqlite", rate=0) as server,
    ):
        line = RunningLine(Path(folder), server)
        try:
            line.start()
            keep(HERE / f"door/{protocol.PROTOCOL}", answers(line, folder))
        finally:
            line.stop()


def answers(line: RunningLine, folder: str) -> dict[str, Any]:
    """What the door of a line in use answers."""
    line.drop("good.txt", wstf("SN-1"))
    line.drop("bad.bin", b"\x00\x01\x02 no format at all")
    line.wait_for(1)
    line.wait_for_rest()
    place, files = Place.of(line.line.settings), line.line.journal
    token = read_token(place).get_secret_value()
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)),
        base_url="http://line",
        headers={"Authorization": f"Bearer {token}"},
    ) as http:
        told = {path: http.get(f"/api/v2/{path}") for path in ASKED}
        for state in (FileState.DELIVERED, FileState.QUARANTINED):
            (file,) = files.recent(state=state)
            told[f"files/{state}"] = http.get(f"/api/v2/files/{file.file_id}")
        told |= {
            path.strip("/"): http.get(path) for path in ("/health/ready", "/health/details", "/health/live")
        }
        told["refused"] = http.get("/api/v2/files/0")
        told["refused 1.0"] = http.get("/api/v2/status", headers={"WATS-Protocol": "1.0"})
        told["refused 3.0"] = http.get("/api/v2/status", headers={"WATS-Protocol": "3.0"})
    return {path.replace("/", " "): json.loads(neutral(answer.text, folder)) for path, answer in told.items()}


def neutral(text: str, folder: str) -> str:
    """An answer without the folders, names and addresses of the machine it was recorded on."""
    host = re.escape(json.dumps(socket.gethostname())[1:-1])
    text = re.sub(re.escape(folder), "/srv/plant", text)
    text = re.sub(host, "plant-host", text)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8780", text)


def keep(folder: Path, recordings: dict[str, Any]) -> None:
    """One small file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in recordings.items():
        (folder / f"{name}.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
