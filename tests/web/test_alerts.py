"""The team's page of alerts: who sees which, and looking after one."""

from __future__ import annotations

import pytest
from factories.alarming import WORN, alarming_files

from longwave.domain.lifecycle import Role
from longwave.services import staff

HOME = "/console/small-trial"
ALERTS = f"{HOME}/alerts"


@pytest.fixture
def site(make_site):
    return make_site(files=alarming_files())


@pytest.fixture
def person(site):
    """Somebody at the north whose answers have set off an alert."""
    person = site.enrol()
    site.started(person).post("/survey/rest", data=WORN)
    return person


@pytest.fixture
def name(site, person):
    return f"{site.participant(person).public_id}.worn.1"


@pytest.fixture
def owner(site):
    return site.staff_browser()


def employed(site, role, *, at=None, blinded=False):
    """Return the browser of somebody new on the team, signed in."""
    with site.database.writing() as session:
        _, token = staff.add_staff(
            session,
            f"new-{role}@example.org",
            role,
            blinded=blinded,
            study="small-trial",
            site=at,
            now=site.now,
        )
    browser = site.browser()
    browser.post("/console/sign-in", data={"token": token})
    return browser


def test_a_stranger_is_asked_to_sign_in(browser, name):
    assert browser.get(ALERTS).url.path == "/console/sign-in"
    assert browser.post(f"{ALERTS}/{name}", data={"note": "x"}).url.path == "/console/sign-in"


def test_an_alert_that_waits_is_on_the_first_page_and_in_the_list(site, owner, person, name):
    assert "1 alert about a participant waits" in owner.get(HOME).text
    page = owner.get(ALERTS).text
    assert "1 alert waits" in page
    assert f'id="{name}"' in page
    assert "North Hospital" in page
    assert "Set off on 2 February 2026, 11:00 (Europe/Istanbul)" in page
    assert "the next one on 2 February 2026, 13:00" in page
    assert "Nobody has looked in time" not in page


def test_a_study_without_alerts_says_so(site, owner):
    assert "No alert waits." in owner.get(ALERTS).text
    assert "alert about" not in owner.get(HOME).text


def test_an_alert_past_its_time_is_marked(site, owner, name):
    site.wait(hours=2, minutes=1)
    assert "Nobody has looked in time" in owner.get(ALERTS).text


def test_looking_after_an_alert_takes_it_off_the_list_and_keeps_the_note(site, owner, name):
    page = owner.post(f"{ALERTS}/{name}", data={"note": "Rang & <spoke>."})
    assert page.url.path == ALERTS
    assert "No alert waits." in page.text
    done = owner.get(f"{ALERTS}?acknowledged=true").text
    assert "Rang &amp; &lt;spoke&gt;." in done
    assert "owner@example.org looked after it on 2 February 2026, 11:00." in done
    assert "<textarea" not in done


def test_a_note_is_needed_and_asked_for_beside_its_field(site, owner, name):
    answer = owner.post(f"{ALERTS}/{name}", data={"note": "  "})
    assert answer.status_code == 422
    assert "Please say in a few words what was done." in answer.text
    assert 'aria-describedby="hint-1 fault-1" aria-invalid="true"' in answer.text
    assert "1 alert waits" in owner.get(ALERTS).text


def test_who_comes_second_finds_it_done(site, owner, name):
    owner.post(f"{ALERTS}/{name}", data={"note": "Rang."})
    second = owner.post(f"{ALERTS}/{name}", data={"note": "Wrote."})
    assert "No alert waits." in second.text
    done = owner.get(f"{ALERTS}?acknowledged=true").text
    assert "Rang." in done
    assert "Wrote." not in done


def test_an_alert_that_is_not_there_is_not_found(owner, name):
    assert owner.post(f"{ALERTS}/nobody.worn.1", data={"note": "x"}).status_code == 404


def test_another_site_s_alert_does_not_exist(site, name):
    south = employed(site, Role.COORDINATOR, at="south")
    assert "No alert waits." in south.get(ALERTS).text
    assert south.post(f"{ALERTS}/{name}", data={"note": "x"}).status_code == 404
    north = employed(site, Role.FACILITATOR, at="north")
    assert name in north.get(ALERTS).text
    assert "No alert waits." in north.post(f"{ALERTS}/{name}", data={"note": "rang"}).text


def test_a_monitor_reads_and_does_not_act(site, name):
    monitor = employed(site, Role.MONITOR)
    page = monitor.get(ALERTS).text
    assert name in page
    assert "<textarea" not in page
    assert monitor.post(f"{ALERTS}/{name}", data={"note": "x"}).status_code == 403


def test_an_analyst_sees_nothing_of_it(site, name):
    analyst = employed(site, Role.ANALYST)
    home = analyst.get(HOME).text
    assert "alerts" not in home
    assert analyst.get(ALERTS).status_code == 403


def test_the_blinded_do_not_read_what_somebody_wrote_who_may_have_known_the_arm(site, owner, name):
    owner.post(f"{ALERTS}/{name}", data={"note": "in the programme"})
    blinded = site.staff_browser(blinded=True)
    done = blinded.get(f"{ALERTS}?acknowledged=true").text
    assert name in done
    assert "in the programme" not in done


def test_the_page_speaks_the_reader_s_language(owner, name):
    page = owner.get(ALERTS, headers={"accept-language": "ar"}).text
    assert 'dir="rtl"' in page
    assert "ينتظر تنبيه واحد" in page


def test_long_lists_are_shown_by_page(site, owner, name):
    for _ in range(50):
        site.started(site.enrol()).post("/survey/rest", data=WORN)
    first, second = owner.get(ALERTS).text, owner.get(f"{ALERTS}?page=2").text
    assert first.count("<textarea") == 50
    assert second.count("<textarea") == 1
    assert "?page=2" in first
