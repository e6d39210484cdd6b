"""What staff see, and what the blinded among them do not."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date, timedelta

import pytest
from sqlmodel import select

from longwave.domain.lifecycle import Role
from longwave.services import heartbeat, leading
from longwave.services.leading import Holder
from longwave.services.staff import add_staff
from longwave.services.study import get_study
from longwave.storage.tables import Event, Message, Study
from longwave.web.console.chart import enrolment_chart

HOME = "/console/small-trial"
PAGES = ("/console", HOME, f"{HOME}/participants", f"{HOME}/data", f"{HOME}/data.zip")


@pytest.fixture
def staff(site):
    return site.staff_browser()


@pytest.fixture
def randomised(site):
    people = [site.enrol() for _ in range(4)]
    for person in people:
        site.complete(person)
    return people


def export(site, *, blinded, study="small-trial", extra=()):
    folder = site.settings.export_directory
    folder.mkdir()
    (folder / "panel.csv").write_text("participant_id,rest_total__w0\nABC,3.5\n")
    (folder.parent / "secret.txt").write_text("not part of it")
    files = {"panel.csv": {"bytes": 41, "sha256": "ab" * 32}}
    files |= {name: {"bytes": 1, "sha256": ""} for name in extra}
    manifest = {
        "study": study,
        "blinded": blinded,
        "cut_off": "2026-02-02T08:00:00Z",
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


# --- signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/console/analysis"])
def test_a_stranger_is_asked_to_sign_in_and_then_led_on(browser, site, path):
    asked = browser.get(path)
    assert asked.url.path == "/console/sign-in"
    assert f'value="{path}"' in asked.text
    answer = browser.post(
        "/console/sign-in", data={"token": site.token, "next": path}, follow_redirects=False
    )
    assert answer.headers["location"] == path


def test_a_wrong_token_is_refused_in_words(browser):
    page = browser.post("/console/sign-in", data={"token": "guess"})
    assert page.status_code == 401
    assert "This token is not known" in page.text
    assert not browser.cookies


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/s/x",
        "/consoles",
        "/console\r\nx: y",
        "javascript:1",
    ],
)
def test_signing_in_never_leads_to_another_site(browser, site, target):
    answer = browser.post(
        "/console/sign-in", data={"token": site.token, "next": target}, follow_redirects=False
    )
    assert answer.headers["location"].startswith("/console")
    assert "evil" not in answer.headers["location"]
    assert "x" not in answer.headers


def test_the_cookie_hides_the_token_and_ends(site, staff):
    assert site.token not in str(dict(staff.cookies))
    site.wait(hours=13)
    assert staff.get(HOME).url.path == "/console/sign-in"


def test_a_changed_cookie_is_worth_nothing(site, staff):
    value = staff.cookies["longwave-staff"].strip('"')
    for forged in (value[:-6] + "AAAA==", "AAAA", "é", "."):
        other = site.browser()
        answer = other.get(HOME, headers={"cookie": f"longwave-staff={forged}".encode()})
        assert answer.url.path == "/console/sign-in"


def test_signing_out_ends_it(staff):
    staff.post("/console/sign-out")
    assert staff.get(HOME).url.path == "/console/sign-in"


def test_a_participant_s_cookie_opens_no_console(site):
    assert site.started().get(HOME).url.path == "/console/sign-in"


# --- a study at a glance -------------------------------------------------------------------------


def test_the_home_of_a_study_tells_what_matters(site, staff, randomised):
    with site.database.writing() as session:
        heartbeat.beat(session, now=site.now)
    site.wait(seconds=20)
    page = staff.get(HOME).text
    for told in (
        "Rest at work",
        "enrolled of 40",
        "protocol v1",
        "trial run",
        "Four weeks",
        "clock ticked 20 seconds ago",
        "as a table",
        "practice data",
    ):
        assert told in page


def test_a_clock_that_never_ticked_is_told(staff):
    assert "the clock has never ticked" in staff.get(HOME).text


def test_a_clock_that_is_late_is_told_with_the_process_that_should_wind_it(site, staff):
    with site.database.writing() as session:
        heartbeat.beat(session, now=site.now)
        leading.hold(session, Holder("lab", 17, "a1"), timedelta(hours=1), now=site.now)
    site.wait(minutes=3)
    page = staff.get(HOME).text
    assert "the clock is late, it ticked 3 minutes ago" in page
    assert "worker: process 17 on lab" in page


def test_how_many_messages_are_due_is_told_to_those_who_may_know_arms(site, staff, randomised):
    assert re.search(r"\d+ messages are due", staff.get(HOME).text)
    assert "due</span>" not in site.staff_browser(blinded=True).get(HOME).text


def test_what_went_wrong_with_mail_comes_first(site, staff, randomised):
    with site.database.writing() as session:
        first, second = session.exec(select(Message)).all()[:2]
        first.state, second.state = "uncertain", "failed"
    page = staff.get(HOME).text
    assert "2 messages wait for you" in page
    assert page.index("wait for you") < page.index("enrolled of")


def test_arms_are_shown_to_those_who_may_know(staff, randomised):
    home, people = staff.get(HOME).text, staff.get(f"{HOME}/participants").text
    for page in (home, people):
        assert "Programme" in page
        assert "Waiting list" in page
    assert "arm-1" in home


def test_the_blinded_see_no_arm_anywhere(site, randomised):
    blinded = site.staff_browser(blinded=True)
    for path in ("/console", HOME, f"{HOME}/participants", f"{HOME}/data"):
        page = blinded.get(path).text
        for arm in ("Programme", "Waiting list", "waitlist", "arm-1", "arm-2", "By arm"):
            assert arm not in page
    assert "you are blinded" in blinded.get(HOME).text


def test_participants_are_listed_with_their_waves(site, staff, randomised):
    page = staff.get(f"{HOME}/participants").text
    for person in randomised:
        assert site.participant(person).public_id in page
    assert page.count('class="is-completed"') == 4
    assert "clinic.example" not in page


def test_long_lists_come_in_pages(site, staff):
    for _ in range(52):
        site.enrol()
    first = staff.get(f"{HOME}/participants").text
    second = staff.get(f"{HOME}/participants?page=2").text
    assert "1 to 50 of 52" in first
    assert "51 to 52 of 52" in second
    assert 'rel="next"' in first
    assert 'rel="next"' not in second
    assert staff.get(f"{HOME}/participants?page=9").status_code == 200
    assert staff.get(f"{HOME}/participants?page=0").status_code == 422


def test_an_unknown_study_is_told_in_the_console_s_look(staff):
    page = staff.get("/console/nothing")
    assert page.status_code == 404
    assert "There is no study called nothing" in page.text
    assert "console.css" in page.text


def test_the_console_speaks_turkish(staff):
    page = staff.get(f"{HOME}?lang=tr").text
    assert "Genel bakış" in page
    assert "İşte dinlenme" in page


# --- the drawing ---------------------------------------------------------------------------------


def test_the_drawing_climbs_to_what_was_enrolled():
    months = ((date(2026, 1, 1), 10), (date(2026, 4, 1), 40))
    chart = enrolment_chart(months, 100)
    heights = [float(point.split(",")[1]) for point in chart.points.split()]
    assert heights == sorted(heights, reverse=True)
    assert chart.enrolled == 40
    values = [value for _, value in chart.lines]
    assert values[0] == 0
    assert values[-1] >= 100
    assert [month for _, month in chart.months] == [date(2026, m, 1) for m in (1, 2, 3, 4)]


@pytest.mark.parametrize("target", [1, 3, 7, 240, 100_000])
@pytest.mark.parametrize("enrolled", [1, 250, 99_999])
def test_the_drawing_stays_in_its_box(target, enrolled):
    chart = enrolment_chart(((date(2025, 12, 1), enrolled),), target)
    for point in chart.points.split():
        across, down = map(float, point.split(","))
        assert 44 <= across <= 510
        assert 24 <= down <= 190
    assert 24 <= chart.target_y <= 190
    assert 2 <= len(chart.lines) <= 7


def test_nothing_is_drawn_before_anybody_enrolled():
    assert enrolment_chart((), 10) is None


# --- data ----------------------------------------------------------------------------------------


def downloads(site):
    with site.database.reading() as session:
        return [event for event in session.exec(select(Event)) if event.kind == "export.downloaded"]


def test_without_an_export_the_page_says_how_to_make_one(staff):
    assert "longwave export small-trial" in staff.get(f"{HOME}/data").text
    assert staff.get(f"{HOME}/data.zip").status_code == 404


def test_the_export_can_be_downloaded_whole(site, staff):
    export(site, blinded=False)
    page = staff.get(f"{HOME}/data").text
    assert "panel.csv" in page
    assert "ab" * 32 in page
    answer = staff.get(f"{HOME}/data.zip")
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {"manifest.json", "panel.csv"}
    assert archive.read("panel.csv").startswith(b"participant_id")


def test_the_blinded_get_blinded_exports_only(site):
    blinded = site.staff_browser(blinded=True)
    export(site, blinded=False)
    assert "you are blinded" in blinded.get(f"{HOME}/data").text
    assert "panel.csv" not in blinded.get(f"{HOME}/data").text
    assert blinded.get(f"{HOME}/data.zip").status_code == 403
    assert downloads(site) == []


def test_a_blinded_export_is_for_all_staff(site):
    export(site, blinded=True)
    assert site.staff_browser(blinded=True).get(f"{HOME}/data.zip").status_code == 200
    assert downloads(site) == []


def test_who_downloads_the_arms_stands_in_the_trail(site, staff):
    export(site, blinded=False)
    staff.get(f"{HOME}/data")
    assert downloads(site) == []
    staff.get(f"{HOME}/data.zip")
    (event,) = downloads(site)
    assert (event.actor, event.at) == ("owner@example.org", site.now)
    assert event.payload == {"cut_off": "2026-02-02T08:00:00Z", "role": "owner"}
    with site.database.reading() as session:
        assert event.study_id == get_study(session, "small-trial").id


def test_an_export_of_another_study_is_not_shown(site, staff):
    export(site, blinded=True, study="another")
    assert "There is no export" in staff.get(f"{HOME}/data").text


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "missing.csv"])
def test_a_manifest_leads_nowhere_else(site, staff, name):
    export(site, blinded=True, extra=[name])
    archive = zipfile.ZipFile(io.BytesIO(staff.get(f"{HOME}/data.zip").content))
    assert set(archive.namelist()) == {"manifest.json", "panel.csv"}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"study": "small-trial", "files": 3}'])
def test_a_broken_manifest_is_no_export(site, staff, text):
    export(site, blinded=True)
    (site.settings.export_directory / "manifest.json").write_text(text)
    assert staff.get(f"{HOME}/data").status_code == 200


# --- caught mail ---------------------------------------------------------------------------------

LETTER = (
    b"From: study@localhost\r\nTo: ada@clinic.example\r\nSubject: Ready\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Hello,\r\n\r\nhttp://127.0.0.1:8000/l/abc.\r\n<script>alert(1)</script>\r\n"
)


@pytest.fixture
def mailbox(make_site, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "000001-ada.eml").write_bytes(LETTER)
    (tmp_path / "outside.eml").write_bytes(b"Subject: outside\r\n\r\n")
    return make_site(mail_directory=folder)


def test_caught_mail_is_listed_and_shown_with_links_and_nothing_else_alive(mailbox):
    staff = mailbox.staff_browser()
    assert "000001-ada.eml" in staff.get("/console/mail").text
    page = staff.get("/console/mail/000001-ada.eml").text
    assert '<a href="http://127.0.0.1:8000/l/abc">' in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize("name", ["..%2foutside.eml", "%2e%2e/outside.eml", "no.eml", "x.txt"])
def test_only_caught_mail_can_be_read(mailbox, name):
    answer = mailbox.staff_browser().get(f"/console/mail/{name}")
    assert answer.status_code == 404
    assert "outside" not in answer.text.replace(name, "")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\nx",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Subject: =?utf-8?q?=FF?=\r\nTo: <<>>,,\r\nContent-Type: multipart/mixed\r\n\r\nx",
    ],
)
def test_a_damaged_mail_is_shown_as_far_as_it_goes(mailbox, raw):
    (mailbox.settings.mail_directory / "bad.eml").write_bytes(raw)
    staff = mailbox.staff_browser()
    assert staff.get("/console/mail").status_code == 200
    assert staff.get("/console/mail/bad.eml").status_code == 200


def test_mail_is_shown_to_staff_only_and_only_where_it_is_caught(mailbox, staff):
    assert mailbox.browser().get("/console/mail").url.path == "/console/sign-in"
    assert staff.get("/console/mail").status_code == 404


EVERY_ROLE = [(role, blinded) for role in Role for blinded in (True, False)]
READERS = {(Role.OWNER, False), (Role.COORDINATOR, False)}


@pytest.mark.parametrize(("role", "blinded"), EVERY_ROLE)
@pytest.mark.parametrize("mode", ["draft", "trial_run", "live"])
def test_caught_mail_is_for_those_who_run_a_trial_run(mailbox, role, blinded, mode):
    with mailbox.database.writing() as session:
        token = add_staff(session, "new@example.org", role, blinded=blinded, now=mailbox.now)[1]
        if mode != "trial_run":
            row = Study(slug="other", mode="live", state="draft", added_at=mailbox.now)
            if mode == "live":
                row.state, row.opened_at = "open", mailbox.now
            session.add(row)
    browser = mailbox.browser()
    browser.post("/console/sign-in", data={"token": token})
    allowed = mode != "live" and (role, blinded) in READERS
    for path in ("/console/mail", "/console/mail/000001-ada.eml", "/console/mail/no.eml"):
        page = browser.get(path)
        assert page.status_code == (403 if not allowed else 404 if "no.eml" in path else 200)
        assert ("ada@clinic.example" in page.text) == (page.status_code == 200)
    assert ('href="/console/mail"' in browser.get(f"{HOME}/data").text) == allowed


# --- analysis ------------------------------------------------------------------------------------


def test_the_report_is_shown_in_a_box_that_can_do_nothing(site, staff):
    assert staff.get("/console/analysis").status_code == 404
    site.settings.analysis_directory.mkdir()
    (site.settings.analysis_directory / "report.html").write_text("<h1>Report</h1>")
    answer = staff.get("/console/analysis")
    assert answer.text == "<h1>Report</h1>"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert site.staff_browser(blinded=True).get("/console/analysis").status_code == 403


# --- the front page and the demonstration --------------------------------------------------------


def test_the_front_page_lists_what_is_open_and_no_more(site, browser):
    site.enrol()
    page = browser.get("/").text
    assert 'href="/s/small-trial"' in page
    assert "/l/" not in page
    assert "/console/demo" not in page
    assert browser.post("/console/demo", data={"next": HOME}).status_code == 404


def test_a_demonstration_leads_on_to_all_of_it(make_site, tmp_path):
    site = make_site(mail_directory=tmp_path)
    demo = make_site(mail_directory=tmp_path, demo_token=site.token)
    # The token is the other site's: this one does not know it.
    assert demo.browser().post("/console/demo", data={"next": HOME}).url.path == "/console/sign-in"


def test_a_demonstration_shows_open_links_and_signs_in(make_site, tmp_path):
    site = make_site(mail_directory=tmp_path)
    demo_settings = site.settings.model_copy(update={"demo_token": _secret(site.token)})
    from longwave.web.app import create_app

    site.app = create_app(demo_settings, site.database, lambda: site.now)
    link = site.link(site.enrol())
    (site.settings.analysis_directory).mkdir()
    (site.settings.analysis_directory / "report.html").write_text("x")
    browser = site.browser()
    page = browser.get("/").text
    assert f'href="{link}"' in page
    for target in (HOME, f"{HOME}/data", "/console/mail", "/console/analysis"):
        assert f'value="{target}"' in page
        assert browser.post("/console/demo", data={"next": target}).url.path == target


def _secret(token):
    from pydantic import SecretStr

    return SecretStr(token)
