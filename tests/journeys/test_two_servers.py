"""Two web processes on one PostgreSQL database, through which people come to their arms at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from contextlib import ExitStack, contextmanager

import pytest
from factories.lab import SECRET
from factories.trials import Trial

from longwave.clock import system_clock
from longwave.rehearsal.browser import Browser
from longwave.storage.tables import Allocation, Assessment, Event

PEOPLE = 24
BROWSERS = 12
RUN = "from longwave.entry import main; main()"


@pytest.fixture
def open_now(database_url):
    """A trial that goes by the real clock, as its servers do."""
    trial = Trial(database_url)
    trial.now = system_clock()
    yield trial
    trial.close()


@contextmanager
def serving(database_url: str, folder):
    """Run `longwave serve --no-worker` in a process of its own; give its port."""
    environment = {
        **os.environ,
        "LONGWAVE_DATABASE_URL": database_url,
        "LONGWAVE_SECRET_KEY": SECRET,
        "LONGWAVE_BASE_URL": "http://127.0.0.1",
    }
    command = [sys.executable, "-c", RUN, "serve", "--no-worker", "--port", "0"]
    with tempfile.TemporaryFile("w+", dir=folder) as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        with process:
            try:
                address = re.search(
                    r"listens at http://127\.0\.0\.1:(\d+)", process.stdout.readline()
                )
                log.seek(0)
                assert address, log.read()
                yield int(address[1])
            finally:
                process.terminate()


def answer(browser: Browser, link: str, instruments) -> str:
    """Follow a link and answer every page with the first choice; return where that ends."""
    jar: dict[str, str] = {}
    landing = browser.get(link, jar)
    page = browser.submit(landing, landing.form(link), {}, jar)
    for instrument in instruments:
        form = page.form(offering=instrument.items[0].id)
        first = {item.id: form.choices[item.id][0] for item in instrument.items}
        page = browser.submit(page, form, first, jar)
    return page.path


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_processes_allocate_at_once_without_gap_double_or_loss(
    open_now, database_url, tmp_path
):
    trial = open_now
    people = [trial.enrol(site=("ankara", "gaziantep")[number % 2]) for number in range(PEOPLE)]
    links = [f"/l/{trial.keys.link_token(trial.assessment(person, 'w0').uid)}" for person in people]
    wave = trial.protocol.wave("w0")
    instruments = [trial.protocol.instruments[name] for name in wave.instruments]
    ends, failures = [], []
    barrier = threading.Barrier(BROWSERS)

    def visit(port, mine):
        browser = Browser(port)
        barrier.wait()
        try:
            ends.extend(answer(browser, link, instruments) for link in mine)
        except Exception as error:  # reported below, in the test's own thread
            failures.append(error)
        browser.close()

    with ExitStack() as stack:
        ports = [stack.enter_context(serving(database_url, tmp_path)) for _ in range(2)]
        threads = [
            threading.Thread(target=visit, args=(ports[place % 2], links[place::BROWSERS]))
            for place in range(BROWSERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert [end.startswith("/survey/thanks") for end in ends] == [True] * PEOPLE
    positions = defaultdict(list)
    for row in trial.rows(Allocation):
        positions[row.list].append(row.position)
    assert {name: sorted(found) for name, found in positions.items()} == {
        f"profession=nurse|site={site}": list(range(PEOPLE // 2))
        for site in ("ankara", "gaziantep")
    }
    assert {row.participant_id for row in trial.rows(Allocation)} == set(people)
    planned = [row for row in trial.rows(Assessment) if row.wave == "w1"]
    assert sorted(row.participant_id for row in planned) == sorted(people)
    told = [event for event in trial.rows(Event) if event.kind == "participant.randomised"]
    assert len(told) == PEOPLE
    assert trial.verify()
