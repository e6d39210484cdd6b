"""Commands of the platform as processes of their own, that a test can watch and kill."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from factories.lab import SECRET

PATIENCE = 120
RUN = "from longwave.entry import main; main()"


class Program:
    """A command that runs. ``log`` is what it has written to standard error."""

    def __init__(self, folder: Path, name: str, command: list[str], settings: dict[str, str]):
        self._err = folder / f"{name}.err"
        environment = {key: text for key, text in os.environ.items() if "LONGWAVE_" not in key}
        with self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, *command],
                cwd=folder,
                env={**environment, **settings},
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self._err.read_text()

    def says(self, pattern: str) -> str:
        """Wait for a line that matches; return what the first group found, or all of it."""
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if found := re.search(pattern, line):
                return found[found.re.groups and 1]
        raise AssertionError(f"{pattern!r} was never said, but: {seen}\n{self.log}")

    def ends(self) -> int:
        """Wait for its end; return its code."""
        return self.process.wait(PATIENCE)


@contextmanager
def program(
    database_url: str, folder: Path, *command: str, **settings: object
) -> Iterator[Program]:
    """Run a command for as long as the block lasts; settings are named without LONGWAVE_."""
    given = {"database_url": database_url, "secret_key": SECRET, **settings}
    name = f"{'-'.join(command[:1])}-{len(list(folder.glob('*.err')))}"
    started = Program(
        folder,
        name,
        list(command),
        {f"LONGWAVE_{key.upper()}": str(value) for key, value in given.items()},
    )
    with started.process:
        try:
            yield started
        finally:
            started.process.kill()


def eventually(look: Callable[[], object], patience: float = PATIENCE) -> object:
    """Look again and again until there is something to see; return it."""
    until = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.02)
    return seen
