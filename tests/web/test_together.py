"""Requests that come at once are served together; none is lost, and none waits for a bad one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from longwave.web.together import Together

LIMIT = 20


class Counter:
    """Answers with ten times a number; the first batch waits until it is let go."""

    def __init__(self):
        self.batches = []
        self.alone = []
        self.has_begun = threading.Event()
        self.go = threading.Event()
        self.together = Together(self.serve, self.serve_alone, key=lambda one: one % 100, most=3)

    def serve(self, numbers):
        self.batches.append(list(numbers))
        self.has_begun.set()
        assert self.go.wait(LIMIT)
        if 13 in numbers:
            raise ValueError("13 spoils the batch")
        return [None if number == 7 else number * 10 for number in numbers]

    def serve_alone(self, number):
        self.alone.append(number)
        if number == 13:
            raise ValueError("not 13")
        return number * 10

    def ask(self, first, *others):
        """Ask for the others while the first is being served; return all answers."""

        async def asked():
            beginning = asyncio.create_task(self.together.ask(first))
            await asyncio.to_thread(self.has_begun.wait, LIMIT)
            rest = [asyncio.create_task(self.together.ask(number)) for number in others]
            await asyncio.sleep(0)
            self.go.set()
            return await asyncio.gather(beginning, *rest, return_exceptions=True)

        return asyncio.run(asyncio.wait_for(asked(), LIMIT))


@pytest.fixture
def counter():
    return Counter()


def test_one_that_comes_alone_is_a_batch(counter):
    assert counter.ask(1) == [10]
    assert counter.batches == [[1]]


def test_those_that_come_meanwhile_are_the_next_batches(counter):
    assert counter.ask(1, 2, 3, 4, 5) == [10, 20, 30, 40, 50]
    assert counter.batches == [[1], [2, 3, 4], [5]]


def test_a_batch_holds_one_about_each_and_keeps_their_order(counter):
    assert counter.ask(1, 2, 102, 202, 3) == [10, 20, 1020, 2020, 30]
    assert counter.batches == [[1], [2, 3], [102], [202]]


def test_one_that_would_keep_the_others_waiting_is_served_alone(counter):
    assert counter.ask(1, 2, 7) == [10, 20, 70]
    assert counter.alone == [7]


def test_a_batch_that_fails_is_served_one_by_one(counter):
    first, second, bad, last = counter.ask(1, 2, 13, 3)
    assert (first, second, last) == (10, 20, 30)
    assert str(bad) == "not 13"
    assert sorted(counter.alone) == [2, 3, 13]


def test_whoever_goes_away_keeps_nobody_from_an_answer(counter):
    async def asked():
        gone = asyncio.create_task(counter.together.ask(1))
        await asyncio.to_thread(counter.has_begun.wait, LIMIT)
        stays = asyncio.create_task(counter.together.ask(2))
        gone.cancel()
        counter.go.set()
        return await stays

    assert asyncio.run(asyncio.wait_for(asked(), LIMIT)) == 20


def test_another_event_loop_starts_afresh(counter):
    counter.ask(1, 2)
    assert asyncio.run(counter.together.ask(3)) == 30
