"""How writers of one SQLite file take turns: in the order in which they come.

An ordinary lock goes to whoever asks first after its release. That is nearly always the one who
has just released it, so that a sweep, batch after batch, would keep everybody else waiting.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from types import TracebackType

_BUSY = 5
_LOOK_AGAIN_SECONDS = 0.002


class Turns:
    """A lock that goes to whoever has waited longest: for the threads of one process."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        """Wait for one's turn."""
        with self._mutex:
            if not self._is_held:
                self._is_held = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            gate.acquire()
        except BaseException:  # a signal came while the main thread waited
            self._give_up(gate)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hand it to the next."""
        with self._mutex:
            self._hand_on()

    def _give_up(self, gate: threading.Lock) -> None:
        with self._mutex:
            if gate in self._waiting:
                self._waiting.remove(gate)
            else:  # it was handed over in this very moment
                self._hand_on()

    def _hand_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._is_held = False


def begin_writing(connection: sqlite3.Connection, patience: float) -> None:
    """Begin a transaction that writes, once no other process does.

    SQLite's own way to wait sleeps up to a tenth of a second at a time, and so comes too late
    again and again while another process writes batch after batch.

    Raises
    ------
    sqlite3.OperationalError
        If another process has been writing for ``patience`` seconds.
    """
    until = time.monotonic() + patience
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != _BUSY or time.monotonic() > until:
                    raise
                time.sleep(_LOOK_AGAIN_SECONDS)
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
