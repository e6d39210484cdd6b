"""The lease of the clockwork: one holder at a time, by one statement, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from longwave.services import leading
from longwave.services.leading import Holder, Leader
from longwave.storage.database import Database

NOW = datetime(2026, 2, 2, 8, tzinfo=UTC)
SPAN = timedelta(seconds=60)
ONE, TWO = Holder("lab", 17, "a1"), Holder("lab", 18, "b2")


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


def hold(database, holder, after=0, **how) -> bool:
    now = NOW + timedelta(seconds=after)
    with database.writing() as session:
        return leading.hold(session, holder, SPAN, now=now, **how)


def leader(database, after=0) -> Leader | None:
    with database.reading() as session:
        return leading.leader(session, now=NOW + timedelta(seconds=after))


def test_the_first_who_comes_leads_and_the_second_does_not(database):
    assert hold(database, ONE)
    assert not hold(database, TWO, after=59)
    assert leader(database, after=59) == Leader(ONE, NOW, NOW + SPAN)


def test_whoever_leads_goes_on_and_is_known_since_when(database):
    assert hold(database, ONE)
    assert hold(database, ONE, after=50)
    assert not hold(database, TWO, after=100)
    assert leader(database, after=100) == Leader(ONE, NOW, NOW + timedelta(seconds=110))


def test_another_leads_when_the_time_is_over(database):
    assert hold(database, ONE)
    assert leader(database, after=60) is None
    assert hold(database, TWO, after=60)
    assert not hold(database, ONE, after=61)
    then = NOW + timedelta(seconds=60)
    assert leader(database, after=61) == Leader(TWO, then, then + SPAN)


def test_who_was_late_goes_on_if_nobody_else_came(database):
    assert hold(database, ONE)
    assert hold(database, ONE, after=3600)
    assert leader(database, after=3601).since == NOW


def test_what_is_given_back_is_free_at_once(database):
    assert hold(database, ONE)
    with database.writing() as session:
        leading.give_back(session, ONE)
    assert leader(database) is None
    assert hold(database, TWO)


def test_nobody_gives_back_what_is_another_s(database):
    assert hold(database, TWO)
    with database.writing() as session:
        leading.give_back(session, ONE)
    assert leader(database).holder == TWO


def test_who_is_known_to_be_gone_gives_way_and_nobody_else_does(database):
    assert hold(database, ONE)
    third = Holder("lab", 19, "c3")
    assert not hold(database, third, instead_of=TWO)
    assert hold(database, TWO, after=1, instead_of=ONE)
    assert not hold(database, third, after=1, instead_of=ONE)


def test_of_many_who_come_at_once_one_leads(database):
    found: list[bool] = []
    holders = [Holder("lab", number, "x") for number in range(8)]
    barrier = threading.Barrier(len(holders))

    def come(holder):
        barrier.wait()
        found.append(hold(database, holder))

    threads = [threading.Thread(target=come, args=(holder,)) for holder in holders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


@pytest.mark.parametrize("host", ["lab", "fe80::1", "a.b.example"])
def test_a_holder_can_be_read_again(host):
    holder = Holder(host, 17, "a1")
    assert Holder.read(str(holder)) == holder
