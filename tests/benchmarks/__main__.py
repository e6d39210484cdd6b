"""Run every ``bench_*.py`` beside this file, each in a process of its own: ``make bench``.

A benchmark prints its own table: what was measured, and as a ratio to which baseline of the
same run. Arguments choose among them by a part of the name; without any, all run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def benchmarks(wanted: list[str]) -> list[Path]:
    """List the benchmarks whose name holds one of the wanted parts (all, if none is given)."""
    found = sorted(HERE.glob("bench_*.py"))
    return [path for path in found if not wanted or any(part in path.stem for part in wanted)]


def main(arguments: list[str]) -> int:
    """Run the chosen benchmarks one after another; 1 if any of them failed."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the benchmarks' names")
    chosen = benchmarks(parser.parse_args(arguments).names)
    if not chosen:
        known = ", ".join(path.stem for path in benchmarks([])) or "none"
        print(f"No benchmark has such a name. There are: {known}.", file=sys.stderr)
        return 2
    failed = []
    for path in chosen:
        print(f"\n== {path.stem}", flush=True)
        if subprocess.run([sys.executable, str(path)], check=False).returncode:
            failed.append(path.stem)
    if failed:
        print(f"\nFailed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
