"""What every response says, and what no request may do."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from factories.site import ELIGIBLE, REST
from sqlmodel import select

from longwave.log import JsonFormatter
from longwave.services import heartbeat, leading
from longwave.services.leading import Holder
from longwave.storage.tables import Message
from longwave.web.app import OPENAPI


@pytest.fixture
def person(site):
    return site.enrol()


def test_personal_pages_are_neither_kept_framed_nor_referred_to(site, browser, person):
    paths = ["/", "/s/small-trial", site.link(person), "/console/sign-in", "/nope", "/survey"]
    for path in paths:
        headers = browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]


def test_pages_keep_to_their_own_policy(site, person):
    browser = site.started(person)
    staff = site.staff_browser()
    pages = [browser.get(path) for path in ("/", "/survey/rest", "/leave", "/s/small-trial/north")]
    pages += [staff.get(path) for path in ("/console", "/console/small-trial")]
    for page in pages:
        assert page.status_code == 200
        for forbidden in ("style=", "<style", "onclick", "javascript:", "<script>"):
            assert forbidden not in page.text


def test_static_files_are_kept_under_addresses_that_change_with_them(browser):
    page = browser.get("/").text
    path = page.split('href="/static/participant.css')[1].split('"')[0]
    answer = browser.get(f"/static/participant.css{path}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert browser.get("/static/nothing.css").status_code == 404
    assert browser.get("/static/../app.py").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_other_sites_cannot_post(site, person, headers):
    browser = site.started(person)
    answer = browser.post("/survey/rest", data=REST, headers=headers)
    assert answer.status_code == 403
    assert site.answers(person) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin", "origin": "null"},  # what no-referrer makes browsers send
        {"sec-fetch-site": "none"},
        {"origin": "http://testserver"},
        {},
    ],
)
def test_our_own_pages_can_post(site, person, headers):
    browser = site.started(person)
    browser.post("/survey/rest", data=REST, headers=headers)
    assert site.answers(person) == REST


def test_a_body_too_large_is_refused_however_it_is_announced(browser):
    announced = browser.post("/s/small-trial/north", content=b"x" * 1_000_001)
    assert announced.status_code == 413

    def pieces():
        for _ in range(300):
            yield b"x" * 5_000

    assert browser.post("/s/small-trial/north", content=pieces()).status_code == 413


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=%ff", b"&".join([b"a=1"] * 2000)])
def test_a_body_that_is_no_form_is_refused(browser, body):
    assert browser.post("/s/small-trial/north", content=body).status_code == 422


def test_the_wrong_method_is_a_friendly_page(browser):
    answer = browser.put("/s/small-trial")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "That is not possible here" in answer.text


def test_no_request_can_set_the_time(site, person):
    site.wait(days=20)
    answer = site.browser(date="Mon, 02 Feb 2026 08:00:00 GMT").get(f"{site.link(person)}?now=1")
    assert answer.status_code == 410


# --- failures of our own -------------------------------------------------------------------------


@pytest.fixture
def broken_commit(site, monkeypatch):
    from sqlmodel import Session

    def fail(self):
        raise RuntimeError("the disk with ada@clinic.example is full")

    monkeypatch.setattr(Session, "commit", fail)


def test_what_was_not_committed_is_never_called_saved(site, person, monkeypatch):
    browser = site.started(person)
    from sqlmodel import Session

    def fail(self):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Session, "commit", fail)
    page = browser.post("/survey/rest", data=REST)
    item = browser.post("/survey/rest/r1", data={"value": "1"})
    monkeypatch.undo()
    assert (page.status_code, item.status_code) == (500, 500)
    assert "may not have been saved" in page.text
    assert site.answers(person) == {}


def test_a_failure_shows_no_trace_and_keeps_its_headers(browser, broken_commit):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE)
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    for told in ("Traceback", "RuntimeError", "ada@clinic.example"):
        assert told not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_a_failure_is_json_for_programs(site, monkeypatch):
    monkeypatch.setattr("longwave.web.api.auth.authenticate", lambda *_, **__: 1 / 0)
    answer = site.browser(authorization=f"Bearer {site.token}").get("/api/v1/studies")
    assert answer.status_code == 500
    assert set(answer.json()["error"]) == {"message", "remedy", "fields"}


def test_many_people_can_save_at_once(site):
    """More writers than the server has threads: none may wait for one that waits for it."""
    from concurrent.futures import ThreadPoolExecutor

    people = [site.enrol() for _ in range(60)]
    browsers = [site.started(person) for person in people]
    with site.browser() as shared:  # one event loop and one pool of threads for all

        def save(browser):
            cookies = dict(browser.cookies)
            header = "; ".join(f"{name}={value}" for name, value in cookies.items())
            return shared.post(
                "/survey/rest", data=REST, headers={"cookie": header}, follow_redirects=False
            ).status_code

        with ThreadPoolExecutor(60) as pool:
            assert set(pool.map(save, browsers, timeout=60)) == {303}
    assert all(site.answers(person) == REST for person in people)


# --- health --------------------------------------------------------------------------------------


def test_health_tells_that_all_is_well(site, browser):
    with site.database.writing() as session:
        heartbeat.beat(session, now=site.now)
        leading.hold(session, Holder("lab", 17, "a1"), timedelta(minutes=5), now=site.now)
    site.wait(seconds=20)
    answer = browser.get("/healthz")
    assert answer.status_code == browser.get("/healthz/clockwork").status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "reachable",
        "schema": "current",
        "clockwork": "ok",
        "last_tick": "2026-02-02T08:00:00+00:00",
        "last_tick_age_seconds": 20,
        "led_since": "2026-02-02T08:00:00+00:00",
        "messages": "ok",
    }


def test_a_clockwork_that_is_late_is_told_and_keeps_nobody_from_answering(site, browser):
    assert browser.get("/healthz").json()["clockwork"] == "never ran"
    assert browser.get("/healthz/clockwork").status_code == 503
    with site.database.writing() as session:
        heartbeat.beat(session, now=site.now)
    site.wait(seconds=150)
    assert browser.get("/healthz/clockwork").status_code == 200
    site.wait(seconds=1)
    told = browser.get("/healthz")
    assert (told.status_code, told.json()["clockwork"]) == (200, "late")
    assert browser.get("/healthz/clockwork").status_code == 503
    assert browser.get("/healthz/clockwork").json() == told.json()


def test_messages_that_are_held_up_are_told_where_they_are_many(site, browser):
    people = [site.enrol() for _ in range(10)]
    site.wait(hours=1)

    def only_of(some):
        with site.database.writing() as session:
            heartbeat.beat(session, now=site.now)
            for message in session.exec(select(Message)):
                waits = message.kind == "invitation" and message.participant_id in some
                message.state = "pending" if waits else "sent"
        return browser.get("/healthz").json()["messages"]

    assert only_of(people[:9]) == "ok"
    assert browser.get("/healthz/clockwork").status_code == 200
    assert only_of(people) == "held up"
    assert browser.get("/healthz/clockwork").status_code == 503
    assert browser.get("/healthz").status_code == 200


def test_health_is_bad_without_the_tables(site, browser):
    with site.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    answer = browser.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["schema"] == "outdated"


def test_health_is_bad_without_the_database(site, browser, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def unreachable():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(site.database, "reading", unreachable)
    answer = browser.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "unreachable"


# --- what is public ------------------------------------------------------------------------------


def test_the_api_is_described_and_pages_stay_out_of_it(browser):
    described = browser.get(OPENAPI)
    assert described.status_code == 200
    paths = described.json()["paths"]
    assert paths
    assert all(path.startswith("/api/v1/") for path in paths)
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert browser.get(path).status_code == 404


def test_tokens_stay_out_of_the_log_of_requests(site, person):
    formatter = JsonFormatter()
    link = site.link(person)
    record = logging.LogRecord(
        "uvicorn.access",
        logging.INFO,
        "",
        0,
        '%s - "%s %s HTTP/%s" %d',
        ("203.0.113.9:5000", "POST", f"{link}/leave?lang=tr", "1.1", 303),
        None,
    )
    line = json.loads(formatter.format(record))
    assert line["path"] == "/l/***/leave"
    assert link.removeprefix("/l/") not in json.dumps(line)
    assert "203.0.113.9" not in json.dumps(line)
