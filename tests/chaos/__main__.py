"""The long storm: ``make chaos``, or ``python -m chaos`` in the tests' folder.

    make chaos                                        three seeds, a hundred faults each, about ten minutes
    make chaos ARGS="--seeds 7 --acts 40 --keep"      one seed; its folder stays

The last line is JSON: the figures of all seeds together.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from chaos import plan
from chaos.rig import BOUND, WIDTH
from chaos.storm import Figures, run
from rich.console import Console
from rich.table import Table


def main() -> int:
    parser = argparse.ArgumentParser(description="Storms over a whole line.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--acts", type=int, default=130, help="faults planned for each storm; some find nobody to hit"
    )
    parser.add_argument("--seconds", type=float, default=130.0, help="how long they are spread over")
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--keep", action="store_true", help="leave the folders behind")
    options = parser.parse_args()
    storms = []
    for seed in options.seeds:
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        made = plan.make(seed, acts=options.acts, seconds=options.seconds, files=options.files)
        figures = run(made, folder)
        storms.append(figures)
        for trouble in figures.troubles:
            print(f"  {trouble}")
        if options.keep or not fine(figures):
            print(f"seed {seed}: everything is in {folder}")
        else:
            shutil.rmtree(folder)
        print(figures.as_json())
    show(storms)
    print(json.dumps(together(storms)))
    return 0 if all(fine(figures) for figures in storms) else 1


def fine(figures: Figures) -> bool:
    """Whether the promises held."""
    return not figures.troubles and figures.queue_max <= BOUND and figures.in_flight_max <= WIDTH


def together(storms: list[Figures]) -> dict[str, object]:
    """One set of figures for all storms: sums, and the largest of what is a maximum."""
    rows = [json.loads(figures.as_json()) for figures in storms]
    faults: dict[str, int] = {}
    for row in rows:
        for kind, count in row["faults"].items():
            faults[kind] = faults.get(kind, 0) + count
    largest = {"queue_max", "in_flight_max", "longest_stall_s", "drain_s"}
    return {"faults": dict(sorted(faults.items()))} | {
        name: (max if name in largest else sum)(row[name] for row in rows)
        for name in rows[0]
        if name != "faults"
    }


def show(storms: list[Figures]) -> None:
    rows = [json.loads(figures.as_json()) for figures in storms]
    table = Table("", *(f"seed {figures.seed}" for figures in storms), title="Storms", title_justify="left")
    table.add_row("faults", *(str(figures.faults.total()) for figures in storms))
    table.add_row("faulty answers", *(str(figures.answers.total()) for figures in storms))
    for name in (name for name in rows[0] if name != "faults"):
        table.add_row(name.replace("_", " "), *(str(row[name]) for row in rows))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
