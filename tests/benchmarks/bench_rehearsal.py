"""A rehearsal of the shipped trial: seconds per 1,000 participants, and how they grow.

Each cohort lives through the whole study, eighteen months of it, in one process and in two. The
growth is the time per participant of the largest cohort, as a ratio to that of the smallest; 1 is
none. Time is the clock's, so that the machine should have nothing else to do.

    python tests/benchmarks/bench_rehearsal.py [participants ...]
"""

from __future__ import annotations

import sys
from datetime import date

from longwave import resources
from longwave.cli.edge import collect_garbage_rarely
from longwave.rehearsal.rehearse import Measured, Plan, rehearse

PROTOCOL = "msc_burnout_rct"


def main(sizes: tuple[int, ...] = (250, 1000)) -> None:
    """Measure each size once and print."""
    collect_garbage_rarely()
    files = resources.protocol_files(resources.protocols_directory() / PROTOCOL)
    for processes in (1, 2):
        measured = {size: _run(files, size, processes) for size in sizes}
        for size, found in measured.items():
            print(
                f"{size:5} participants, {found.processes} process(es): {found.seconds:7.1f} s, "
                f"{found.seconds * 1000 / size:7.1f} s per 1,000, {found.ticks} ticks, "
                f"{found.database_bytes / 2**20:.0f} MiB"
            )
        small, large = min(sizes), max(sizes)
        growth = measured[large].seconds / large / (measured[small].seconds / small)
        print(f"growth from {small} to {large}: {growth:.2f}")


def _run(files: dict[str, bytes], participants: int, processes: int) -> Measured:
    plan = Plan(files, participants, seed=1, start=date(2027, 2, 1))
    return rehearse(plan, processes=processes)[1]


if __name__ == "__main__":
    main(*([tuple(map(int, sys.argv[1:]))] if sys.argv[1:] else []))
