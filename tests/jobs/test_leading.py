"""Whether this process leads: by its own clock, and by what the database says."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from longwave.domain.errors import ConfigurationError
from longwave.jobs.leading import Leadership, this_process
from longwave.services import leading
from longwave.services.leading import Holder
from longwave.storage.database import Database

START = datetime(2026, 2, 2, 8, tzinfo=UTC)
SPAN = timedelta(seconds=60)


class Hall:
    """Processes before one database, and a clock."""

    def __init__(self, database_url: str) -> None:
        self.database = Database(database_url)
        self.now = START

    def process(self, host="lab", pid=17, life="a1", ahead=0) -> Leadership:
        def clock():
            return self.now + timedelta(seconds=ahead)

        return Leadership(self.database, clock, SPAN, Holder(host, pid, life))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def leader(self) -> Holder | None:
        with self.database.reading() as session:
            found = leading.leader(session, now=self.now)
        return found.holder if found else None


@pytest.fixture
def hall(database_url):
    opened = Hall(database_url)
    yield opened
    opened.database.close()


def ended_process() -> int:
    """Return the number of a process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_leader_that_cannot_say_so_stops_by_itself(hall):
    process = hall.process()
    process.begin()
    hall.wait(59)
    assert process.leads
    hall.wait(1)
    assert not process.leads


def test_saying_it_again_prolongs_it_and_is_no_new_beginning(hall):
    process = hall.process()
    process.begin()
    hall.wait(50)
    assert not process.say_again()
    hall.wait(50)
    assert process.leads


def test_who_takes_over_begins_and_the_other_learns_of_it(hall):
    first, second = hall.process(), hall.process(host="other")
    first.begin()
    assert not second.say_again()
    hall.wait(60)
    assert second.say_again()
    assert not first.say_again()
    assert (first.leads, second.leads) == (False, True)


def test_a_clock_that_is_a_little_ahead_takes_nothing_from_one_who_lives(hall):
    first, second = hall.process(), hall.process(host="other", ahead=39)
    first.begin()
    for _ in range(10):
        hall.wait(20)
        assert not second.say_again()
        assert not first.say_again()
        assert first.leads


def test_after_the_end_another_leads_at_once(hall):
    first, second = hall.process(), hall.process(host="other")
    first.begin()
    first.give_back()
    assert not first.leads
    assert second.say_again()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_on_postgresql_a_second_worker_starts_and_sends(hall):
    first, second = hall.process(), hall.process(pid=ended_process())
    first.begin()
    second.begin()
    assert (second.leads, second.may_send) == (False, True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_on_postgresql_one_who_seems_gone_is_waited_for(hall):
    first = hall.process(pid=ended_process())
    first.begin()
    second = hall.process()
    second.begin()
    assert not second.leads


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_a_second_worker_is_refused_and_told_of_the_first(hall):
    host = this_process().host
    hall.process(host, os.getppid()).begin()
    hall.wait(30)
    second = hall.process(host, os.getpid(), "b2")
    with pytest.raises(ConfigurationError) as refused:
        second.begin()
    assert refused.value.message == (
        "The clockwork of this database runs already: "
        f"in process {os.getppid()} on {host}, since 2026-02-02 08:00 UTC."
    )
    assert "--no-worker" in refused.value.remedy
    assert "60 seconds" in refused.value.remedy
    assert (second.leads, second.may_send) == (False, False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_one_who_was_killed_here_gives_way_at_once(hall):
    host = this_process().host
    hall.process(host, ended_process()).begin()
    second = hall.process(host, os.getpid(), "b2")
    second.begin()
    assert second.leads
    assert hall.leader() == Holder(host, os.getpid(), "b2")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_an_earlier_life_of_this_very_process_gives_way_at_once(hall):
    hall.process(pid=1, life="a1").begin()
    second = hall.process(pid=1, life="b2")
    second.begin()
    assert second.leads


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_one_who_ended_elsewhere_is_waited_for(hall):
    hall.process("elsewhere", ended_process()).begin()
    second = hall.process()
    with pytest.raises(ConfigurationError):
        second.begin()
    hall.wait(60)
    second.begin()
    assert second.leads
