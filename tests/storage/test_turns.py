"""Writers of one SQLite file take turns in the order in which they come, whatever process."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from longwave.storage.turns import Turns, begin_writing

PATIENCE = 20


def wait_until(come: threading.Event) -> None:
    assert come.wait(PATIENCE)


def waiting(turns: Turns, number: int) -> None:
    """Wait until so many wait for their turn."""
    until = time.monotonic() + PATIENCE
    while len(turns._waiting) < number:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_it_goes_to_who_waits_and_not_back_to_who_asks_again_at_once():
    turns, order = Turns(), []

    def take(name):
        with turns:
            order.append(name)

    others = [threading.Thread(target=take, args=(name,)) for name in ("first", "second", "third")]
    with turns:
        for number, other in enumerate(others, start=1):
            other.start()
            waiting(turns, number)
    take("again")
    for other in others:
        other.join()
    assert order == ["first", "second", "third", "again"]


def test_only_one_has_it_at_a_time():
    turns, inside, most = Turns(), [], []

    def work():
        for _ in range(200):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 1200
    assert set(most) == {1}


def test_a_failure_in_one_s_turn_hands_it_on():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns:
        raise ZeroDivisionError
    with turns:
        pass


def test_who_is_called_away_while_waiting_holds_up_nobody():
    turns, held, free = Turns(), threading.Event(), threading.Event()

    def hold():
        with turns:
            held.set()
            wait_until(free)

    def call(*_):
        raise InterruptedError

    holder = threading.Thread(target=hold)
    holder.start()
    wait_until(held)
    before = signal.signal(signal.SIGALRM, call)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(InterruptedError), turns:
            pass
    finally:
        signal.signal(signal.SIGALRM, before)
    free.set()
    holder.join()
    with turns:
        pass


@pytest.fixture
def two(tmp_path):
    """Two connections as of two processes."""
    path = tmp_path / "file.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as one,
        closing(sqlite3.connect(path, isolation_level=None)) as two,
    ):
        one.execute("CREATE TABLE t (x)")
        yield one, two


def test_a_writer_waits_for_another_process_and_then_writes(two):
    one, other = two
    begin_writing(one, PATIENCE)
    one.execute("INSERT INTO t VALUES (1)")
    ends = threading.Timer(0.1, one.execute, ["COMMIT"])
    ends.start()
    begin_writing(other, PATIENCE)
    assert other.execute("SELECT count(*) FROM t").fetchone() == (1,)
    ends.join()


def test_a_writer_does_not_wait_for_ever(two):
    one, other = two
    begin_writing(one, PATIENCE)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin_writing(other, 0.05)
    assert other.execute("PRAGMA busy_timeout").fetchone() == (50,)


def test_what_is_no_wait_fails_at_once(two):
    one, _ = two
    begin_writing(one, PATIENCE)
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin_writing(one, PATIENCE)
