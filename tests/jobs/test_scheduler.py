"""The scheduler is only a heartbeat: what fails is tried again, and nothing waits for another."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from longwave.clock import system_clock
from longwave.jobs import scheduler
from longwave.jobs.leading import Leadership
from longwave.services import leading
from longwave.services.leading import Holder
from longwave.storage.database import Database

PATIENCE = 10


class Fake:
    """A clockwork that does what a test says, and tells when it has done so."""

    clock = staticmethod(system_clock)

    def __init__(self, lead=lambda _: None, dispatch=lambda _: None) -> None:
        self._lead, self._dispatch = lead, dispatch
        self.ticked, self.sent = threading.Semaphore(0), threading.Semaphore(0)

    def lead(self, goes_on) -> None:
        self.ticked.release()
        self._lead(goes_on)

    def dispatch(self, goes_on) -> None:
        self.sent.release()
        self._dispatch(goes_on)


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


@contextmanager
def running(database, clockwork, *, tick=0.05, lease=60):
    leadership = Leadership(database, system_clock, timedelta(seconds=lease))
    with scheduler.running(clockwork, leadership, tick):
        yield


def leader(database):
    with database.reading() as session:
        return leading.leader(session, now=system_clock())


def happens(semaphore, times=3) -> bool:
    return all(semaphore.acquire(timeout=PATIENCE) for _ in range(times))


def failing(error):
    def fail(_):
        raise error

    return fail


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_fails_is_tried_again(database, caplog):
    broken = failing(RuntimeError("no luck today"))
    clockwork = Fake(lead=broken, dispatch=broken)
    with running(database, clockwork):
        assert happens(clockwork.ticked)
        assert happens(clockwork.sent)
    assert "the tick failed; the next one tries again" in caplog.text
    assert "the sending failed; the next one tries again" in caplog.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_breaks_off_is_told_in_one_line(database, caplog):
    gone = OperationalError("SELECT name FROM participant", {}, ConnectionError("gone"))
    clockwork = Fake(lead=failing(gone))
    with running(database, clockwork):
        assert happens(clockwork.ticked)
    told = [record for record in caplog.records if record.name == "longwave.jobs.scheduler"]
    assert told[0].getMessage() == (
        "the database broke off the tick (ConnectionError); the next one tries again"
    )
    assert told[0].exc_info is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_slow_mail_server_delays_no_wave(database):
    answer = threading.Event()
    clockwork = Fake(dispatch=lambda _: answer.wait(PATIENCE))
    with running(database, clockwork):
        assert happens(clockwork.sent, 1)
        assert happens(clockwork.ticked, 5)
        assert not clockwork.sent.acquire(blocking=False)
        answer.set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_tick_has_queued_is_sent_at_once(database):
    clockwork = Fake()
    with running(database, clockwork, tick=3600):
        assert happens(clockwork.ticked, 1)
        assert happens(clockwork.sent, 2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stop_lets_what_is_in_hand_be_finished_and_nothing_more_begin(database):
    steps = []

    def in_steps(goes_on):
        while goes_on():
            stopping = begun.wait(PATIENCE)
            steps.append(stopping)

    begun = threading.Event()
    clockwork = Fake(lead=in_steps)
    with running(database, clockwork):
        assert happens(clockwork.ticked, 1)
        begun.set()
    assert steps
    assert all(steps)
    assert leader(database) is None


def test_a_worker_leads_while_it_runs_and_gives_it_back_at_the_end(database):
    clockwork = Fake()
    with running(database, clockwork):
        assert happens(clockwork.ticked, 1)
        assert leader(database).holder.pid == os.getpid()
    assert leader(database) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_workers_one_ticks_and_both_send(database):
    first, second = Fake(), Fake()
    with running(database, first), running(database, second):
        assert happens(second.sent)
        assert happens(first.ticked)
        assert not second.ticked.acquire(blocking=False)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_work_of_one_who_is_gone_is_taken_over_and_begun_at_once(database):
    with database.writing() as session:
        gone = Holder("elsewhere", 17, "a1")
        leading.hold(session, gone, timedelta(seconds=0.5), now=system_clock())
    clockwork = Fake()
    with running(database, clockwork, tick=3600, lease=0.5):
        assert happens(clockwork.ticked, 1)
        assert leader(database).holder.pid == os.getpid()
