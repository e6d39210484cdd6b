"""Help that is shown at once when answers ask for it, and what is said of it beforehand."""

from __future__ import annotations

import pytest
from factories.alarming import RULES, WORN, alarming_files
from factories.site import ELIGIBLE, LOAD, REST

from longwave.domain.lifecycle import Role
from longwave.services import staff

JSON = {"accept": "application/json"}
ALERTS = "/api/v1/studies/small-trial/alerts"
NO_JUDGEMENT = "no judgement of you"


@pytest.fixture
def site(make_site):
    return make_site(files=alarming_files())


@pytest.fixture
def person(site):
    return site.enrol()


@pytest.fixture
def started(site, person):
    return site.started(person)


# --- without a script ----------------------------------------------------------------------------


def test_help_follows_the_page_that_asked_for_it_and_leads_on(site, person, started):
    page = started.post("/survey/rest", data=WORN)
    assert page.url.path == "/support"
    assert "Call 100." in page.text
    assert "Call 200." not in page.text  # that is another rule's
    assert NO_JUDGEMENT in page.text
    assert started.get("/survey").url.path == "/survey/load"
    assert site.answers(person) == WORN


def test_answers_that_are_well_lead_to_the_next_page(started):
    page = started.post("/survey/rest", data=REST | {"r3": "2"})
    assert page.url.path == "/survey/load"
    assert "/support" in page.text  # in the foot, as ever
    assert "Support, if you would like it" not in page.text


def test_help_is_offered_on_the_pages_that_follow_and_shown_on_the_last(started):
    started.post("/survey/rest", data=WORN)
    assert "Support, if you would like it" in started.get("/survey/load").text
    thanks = started.post("/survey/load", data=LOAD)
    assert thanks.url.path == "/survey/thanks"
    assert "Call 100." in thanks.text
    assert NO_JUDGEMENT in thanks.text


def test_help_that_the_last_page_asks_for_is_on_the_page_that_follows(started):
    started.post("/survey/rest", data=REST | {"r3": "2"})
    thanks = started.post("/survey/load", data={"l1": "1", "hours": "75", "shift": "night"})
    assert thanks.url.path == "/survey/thanks"
    assert "Call 200." in thanks.text


def test_whoever_stops_is_shown_help_as_well(started):
    page = started.post("/survey/rest", data=WORN | {"go": "stop"})
    assert page.url.path == "/survey/stopped"
    assert "Call 100." in page.text


def test_help_speaks_the_language_of_the_page(site, person):
    turkish = site.started(site.enrol(language="tr"))
    assert "100'ü arayın" in turkish.post("/survey/rest", data=WORN).text
    assert "Call 100." in turkish.get("/support?lang=en").text


# --- with a script -------------------------------------------------------------------------------


def test_the_answer_to_a_save_says_that_there_is_help_once(site, started):
    for item in ("r1", "r2"):
        told = started.post(f"/survey/rest/{item}", data={"value": WORN[item]}, headers=JSON).json()
        assert told.keys() == {"revision"}
    told = started.post("/survey/rest/r3", data={"value": "5"}, headers=JSON).json()
    assert told == {"revision": 3, "show": "/support"}
    site.wait(seconds=1)
    again = started.post("/survey/rest/r3?lang=tr", data={"value": "4"}, headers=JSON).json()
    assert again == {"revision": 4}


def test_the_page_of_help_keeps_the_language(started):
    for item in ("r1", "r2", "r3"):
        address = f"/survey/rest/{item}?lang=tr"
        told = started.post(address, data={"value": WORN[item]}, headers=JSON).json()
    assert told["show"] == "/support?lang=tr"


# --- what is said beforehand ---------------------------------------------------------------------

NOBODY = "Nobody watches the answers as they come in"
SAID = {
    "alert: coordinator": [
        "Certain answers alert the study team.",
        "no time is promised.",
    ],
    "alert: {role: coordinator, within: PT2H}": ["within 2 hours, at any hour."],
    'alert: {role: coordinator, within: PT90M, hours: {from: "08:00", to: "18:00", '
    "days: [mon, tue, wed, thu, fri]}}": [
        "within 90 minutes, counted in these hours: Monday to Friday, 08:00 to 18:00 "
        "(Istanbul time). At other times nobody watches."
    ],
    'alert: {role: coordinator, hours: {from: "08:00", to: "18:00", days: [mon, thu], '
    "zone: America/New_York}}": [
        "in these hours: Monday and Thursday, 08:00 to 18:00 (New York time)."
    ],
    'alert: {role: coordinator, within: P1D, hours: {from: "08:00", to: "18:00"}}': [
        "within 1 day, counted in these hours: every day, 08:00 to 18:00 (Istanbul time)."
    ],
    'alert: {role: coordinator, within: PT2H, hours: {from: "08:00", to: "18:00"}, '
    "out_of_hours: {role: owner}}": ["within 2 hours, at any hour."],
}


def consent_page(site, language="en"):
    browser = site.browser()
    browser.get("/s/small-trial/north")
    return browser.post(f"/s/small-trial/north?lang={language}", data=ELIGIBLE).text


@pytest.mark.parametrize("alert", SAID)
def test_the_consent_page_says_whether_and_when_answers_are_watched(make_site, alert):
    rules = RULES.partition("  - id: nights")[0]
    short = "alert: {role: coordinator, within: PT2H, escalate: {role: owner, after: PT5H}}"
    assert short in rules
    text = consent_page(make_site(files=alarming_files(rules.replace(short, alert))))
    for told in SAID[alert]:
        assert told in text
    assert NOBODY not in text
    assert "no emergency service" in text


def test_a_study_without_rules_says_plainly_that_nobody_watches(make_site):
    text = consent_page(make_site())
    assert NOBODY in text
    assert "call the emergency number of your country" in text


def test_it_is_said_in_the_reader_s_language(site):
    text = consent_page(site, "tr")
    assert "en geç 2 saat içinde" in text
    assert "acil yardım numarasını" in text


# --- the team ------------------------------------------------------------------------------------


def test_alerts_are_read_and_looked_after_by_the_api(site, person, started):
    started.post("/survey/rest", data=WORN)
    owner = site.browser(authorization=f"Bearer {site.token}")
    (alert,) = owner.get(ALERTS).json()
    public_id = site.participant(person).public_id
    assert alert == {
        "name": f"{public_id}.worn.1",
        "participant": public_id,
        "site": "north",
        "rule": "worn",
        "raised_at": "2026-02-02T08:00:00Z",
        "next_at": "2026-02-02T10:00:00Z",
        "escalations": 0,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "note": None,
    }
    address = f"{ALERTS}/{alert['name']}/acknowledgement"
    assert owner.post(address, json={"note": " "}).status_code == 422
    assert owner.post(address, json={"note": "called"}).status_code == 204
    assert owner.post(address, json={"note": "called"}).status_code == 409
    assert owner.get(ALERTS).json() == []
    (after,) = owner.get(ALERTS, params={"acknowledged": True}).json()
    assert (after["note"], after["acknowledged_by"]) == ("called", "owner@example.org")


def test_another_site_s_alert_does_not_exist(site, person, started):
    started.post("/survey/rest", data=WORN)
    with site.database.writing() as session:
        _, token = staff.add_staff(
            session,
            "south@example.org",
            Role.COORDINATOR,
            blinded=False,
            study="small-trial",
            site="south",
            now=site.now,
        )
    south = site.browser(authorization=f"Bearer {token}")
    assert south.get(ALERTS).json() == []
    name = f"{site.participant(person).public_id}.worn.1"
    answer = south.post(f"{ALERTS}/{name}/acknowledgement", json={"note": "called"})
    assert answer.status_code == 404
