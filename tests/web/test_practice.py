"""A participant's own programme on her pages; nothing of it for those who wait."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest
from factories.lab import SECRET
from factories.programmes import TEAM, course_lab, daily_lab, sound
from factories.site import TestClient

from longwave.config import Settings
from longwave.services import courses
from longwave.storage import media
from longwave.web.app import create_app

LONG = sound(100)  # 800 kB: several pieces


@pytest.fixture
def url(tmp_path, migrated_sqlite):
    shutil.copyfile(migrated_sqlite, tmp_path / "practice.db")
    return f"sqlite:///{tmp_path / 'practice.db'}"


@pytest.fixture
def lab(url):
    opened = daily_lab(url, **{"materials/breath.wav": LONG})
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    """Somebody whose first practice is there."""
    found = lab.in_arm("active")
    lab.wait(days=1)
    return found


def app_of(lab):
    settings = Settings(_env_file=None, secret_key=SECRET, base_url="http://testserver")
    return create_app(settings, lab.database, lambda: lab.now)


def link(lab, person, wave="w0"):
    return f"/l/{lab.keys.link_token(lab.assessment(person, wave).uid)}"


def browser_of(lab, person, language="en"):
    """Return the browser of somebody who came by an old link of hers."""
    browser = TestClient(app_of(lab), raise_server_exceptions=False)
    assert browser.post(f"{link(lab, person)}/today?lang={language}").url.path == "/practice"
    return browser


def test_an_old_link_leads_to_the_programme_by_a_button(lab, person):
    browser = TestClient(app_of(lab))
    page = browser.get(f"{link(lab, person)}/today")
    assert page.status_code == 200
    assert f'action="{link(lab, person)}/today"' in page.text
    assert "set-cookie" not in page.headers
    assert "Day 1" in browser_of(lab, person).get("/practice").text


def test_what_there_is_today_is_opened_with_a_button(lab, person):
    browser = browser_of(lab, person)
    assert lab.doses(person)[0].opened_at is None
    page = browser.post("/practice/1/open")
    assert page.url.path == "/practice/1"
    assert "<em>slowly</em>" in page.text
    assert "&lt;b&gt;" in page.text  # markup in a text stays text
    assert lab.doses(person)[0].opened_at == lab.now


def test_looking_changes_nothing(lab, person):
    browser = browser_of(lab, person)
    for path in ("/practice", "/practice/1", "/practice/1/audio"):
        assert browser.get(path).status_code == 200
    assert browser.get("/practice/1/done").status_code == 405
    assert lab.doses(person)[0].opened_at is None


def test_the_text_is_in_the_readers_language(lab, person):
    page = browser_of(lab, person, "tr").get("/practice/1?lang=tr").text
    assert "nefes alın" in page
    assert "/practice/1/audio?lang=tr" in page


@pytest.mark.parametrize(
    ("written", "stored"), [("12", 12), ("7,5", 7.5), ("", 8), ("0", 0), ("1440", 1440)]
)
def test_a_practice_is_noted_with_its_minutes(lab, person, written, stored):
    browser = browser_of(lab, person)
    page = browser.post("/practice/1/done", data={"minutes": written})
    assert page.url.path == "/practice"
    assert "Done, and noted" in page.text
    assert lab.doses(person)[0].minutes == stored


@pytest.mark.parametrize("written", ["long", "-1", "1441", "1e9", "nan", "inf", "<script>"])
def test_minutes_that_are_none_are_told_beside_the_field(lab, person, written):
    page = browser_of(lab, person).post("/practice/1/done", data={"minutes": written})
    assert page.status_code == 422
    assert "Write a number of minutes" in page.text
    assert 'aria-invalid="true"' in page.text
    assert "<script>" not in page.text
    assert lab.doses(person)[0].done_at is None


def test_the_log_shows_what_was(lab, person):
    browser = browser_of(lab, person)
    browser.post("/practice/1/done", data={"minutes": "9"})
    lab.wait(days=2)
    page = browser_of(lab, person).get("/practice").text
    assert re.findall(r"Day (\d)", page)[0] == "3"
    assert "9 minutes" in page
    assert "not entered" in page


def test_at_the_end_what_there_was_stays(lab, person):
    browser = browser_of(lab, person)
    for _ in range(30):
        lab.wait(days=1)
    browser = browser_of(lab, person)
    assert "come to its end" in browser.get("/practice").text
    page = browser.get("/practice/28").text
    assert "ten steps" in page
    assert "I have done this" not in page
    assert browser.post("/practice/28/done").status_code == 409


# --- sound ---------------------------------------------------------------------------------------


def test_sound_comes_whole_and_is_not_kept(lab, person):
    answer = browser_of(lab, person).get("/practice/1/audio")
    assert (answer.status_code, answer.content) == (200, LONG)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(LONG)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, len(LONG)),
        (f"bytes={media.PIECE - 5}-{media.PIECE + 5}", media.PIECE - 5, media.PIECE + 6),
        ("bytes=-7", len(LONG) - 7, len(LONG)),
        ("bytes=10-99999999999", 10, len(LONG)),
    ],
)
def test_a_part_of_it_can_be_asked_for(lab, person, asked, start, stop):
    answer = browser_of(lab, person).get("/practice/1/audio", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(LONG)}"
    assert answer.content == LONG[start:stop]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_part_behind_the_end_is_refused(lab, person, asked):
    answer = browser_of(lab, person).get("/practice/1/audio", headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(LONG)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "x"])
def test_what_is_no_single_part_brings_the_whole(lab, person, asked):
    answer = browser_of(lab, person).get("/practice/1/audio", headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(LONG))


def test_a_practice_without_sound_has_none(lab, person):
    lab.wait(days=1)
    browser = browser_of(lab, person)
    assert "<audio" not in browser.get("/practice/2").text
    assert browser.get("/practice/2/audio").status_code == 404


def test_the_policy_lets_own_sound_play_and_nothing_else(lab, person):
    policy = browser_of(lab, person).get("/practice/1").headers["content-security-policy"]
    assert "media-src 'self'" in policy
    assert "default-src 'none'" in policy


# --- those who have none -------------------------------------------------------------------------

PATHS = [
    ("GET", "/practice"),
    ("GET", "/practice/1"),
    ("GET", "/practice/1/audio"),
    ("POST", "/practice/1/open"),
    ("POST", "/practice/1/done"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_those_who_wait_find_no_such_page(lab, method, path):
    waiting = lab.in_arm("waitlist")
    lab.wait(days=2)
    browser = TestClient(app_of(lab), raise_server_exceptions=False)
    browser.post(f"{link(lab, waiting)}/leave")  # has the cookie
    missing = browser.request(method, "/practise-something" if method == "GET" else path)
    answer = browser.request(method, path)
    assert answer.status_code == 404
    if method == "GET":
        assert answer.text == missing.text  # as any address that there is not
    assert browser.request(method, f"{link(lab, waiting)}/today").status_code == 404


def test_no_page_or_message_of_those_who_wait_tells_of_a_programme(lab):
    waiting = lab.in_arm("waitlist")
    browser = TestClient(app_of(lab), raise_server_exceptions=False)
    for _ in range(12):
        lab.wait(days=3)
    pages = [browser.get(link(lab, waiting)), browser.post(f"{link(lab, waiting)}/leave")]
    told = [page.text for page in pages] + [
        f"{mail.subject} {mail.body}"
        for mail in lab.transport.mails
        if mail.recipient == f"person{waiting}@clinic.example"
    ]
    assert len(told) > 3
    for text in (re.sub("practice data", "", text) for text in told):  # of every trial run
        assert not re.search(r"practi[cs]e|programme|/today|ten minutes", text, re.IGNORECASE), text


def test_after_the_crossover_the_same_link_leads_there(lab):
    waiting = lab.in_arm("waitlist")
    while lab.participant(waiting).programme != "on":
        lab.wait(days=7)
    lab.wait(days=1)
    assert "Day" in browser_of(lab, waiting).get("/practice").text


def test_who_withdraws_finds_no_such_page_any_more(lab, person):
    browser = browser_of(lab, person)
    browser.post("/leave/withdraw")
    assert browser.get("/practice").status_code == 404
    assert browser.get("/practice/1/audio").status_code == 404


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_strangers_find_no_such_page(lab, person, method, path):
    browser = TestClient(app_of(lab), raise_server_exceptions=False)
    assert browser.request(method, path).status_code == 404
    assert browser.request(method, "/l/unknown/today").status_code == 404


def test_one_has_ones_own_doses_only(lab, person):
    other = lab.in_arm("active")  # her first practice is still to come
    browser = browser_of(lab, other)
    assert browser.get("/practice/1").status_code == 404
    assert browser.post("/practice/1/done").status_code == 404
    assert lab.doses(person)[0].done_at is None


@pytest.mark.parametrize("number", ["2", "0", "-1", "99999999999999999999", "x"])
def test_what_is_not_there_yet_is_not_found(lab, person, number):
    browser = browser_of(lab, person)
    assert browser.get(f"/practice/{number}").status_code in (404, 422)
    assert browser.post(f"/practice/{number}/open").status_code in (404, 422)


# --- courses -------------------------------------------------------------------------------------


def test_a_course_shows_its_sessions_and_leaves_attendance_to_the_facilitator(url):
    lab = course_lab(url)
    person = lab.in_arm("active")
    assert "will tell you when it begins" in browser_of(lab, person).get("/practice").text
    lab.group(zone="UTC")
    lab.join(person)
    lab.study(courses.start_group, "msc8", "g1", datetime(2026, 3, 3, 18), viewer=TEAM)
    lab.wait(minutes=1)
    browser = browser_of(lab, person)
    assert "3 March 2026, 21:00" in browser.get("/practice").text  # in Istanbul, where she lives
    lab.now = datetime(2026, 3, 3, 18, 5, tzinfo=UTC)
    lab.wait(minutes=0)
    browser = browser_of(lab, person)
    assert "Session 1" in browser.get("/practice").text
    assert browser.post("/practice/1/done").status_code == 409
    lab.close()
