"""A participant's own place: reached by her link, and hers alone."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import pytest
from factories.site import LOAD, OPENER, REST, Site
from sqlmodel import col, select

from longwave.domain.codes import KEPT, LIFE, MOST_PER_HOUR, MOST_WRONG
from longwave.keys import Purpose
from longwave.services import audit, erasure
from longwave.services.letters import code_digits
from longwave.storage.tables import Code, Contact, Event, Message, Participant, Task


@pytest.fixture
def person(site):
    return site.enrol()


@pytest.fixture
def browser(site, person):
    """Give the browser of somebody who has gone to her place by her link."""
    browser = site.browser()
    browser.post(f"{site.link(person)}/place")
    return browser


def newest_code(site, person):
    with site.database.reading() as session:
        rows = session.exec(
            select(Code).where(Code.participant_id == person).order_by(col(Code.id))
        ).all()
        return code_digits(site.keys, rows[-1])


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def email_of(site, person):
    with site.database.reading() as session:
        public_id = session.get_one(Participant, person).public_id
        sealed = session.get_one(Contact, person).email
    return site.keys.decrypt(Purpose.CONTACT, sealed, public_id).decode()


def rows(site, table):
    with site.database.reading() as session:
        return list(session.exec(select(table)))


def kinds(site, table=Event):
    return [row.kind for row in rows(site, table)]


def test_it_tells_what_waits_what_comes_and_what_is_done(site, person, browser):
    page = browser.get("/place").text
    assert "Waiting for you" in page and "Baseline" in page
    assert "open until 16 February 2026, 11:00" in page
    assert "Four weeks" in page and "once chance has assigned you to a group" in page
    site.complete(person)
    page = browser.get("/place").text
    assert "done on 2 February 2026" in page
    assert "from 2 March 2026 to 12 March 2026" in page
    assert 'href="mailto:team@example.org"' in page
    assert 'href="mailto:team@example.org"' in browser.get("/place?lang=tr").text


def test_it_reveals_no_arm(site):
    """What two people read whose arms differ is the same, but for their numbers."""
    pages = {}
    while len(pages) < 2:
        person = site.enrol()
        site.complete(person)
        browser = site.browser()
        browser.post(f"{site.link(person)}/place")
        found = site.participant(person)
        text = browser.get("/place").text.replace(found.public_id, "NUMBER")
        if found.programme == "not_started":
            pages["waits"] = text
        else:
            pages["has it"] = re.sub(r'<p><a class="button" href="/practice">.*?</p>', "", text)
    assert pages["waits"] == pages["has it"]
    assert "aiting list" not in pages["waits"] and "ourse" not in pages["waits"]


def test_an_open_questionnaire_is_answered_from_there(site, person, browser):
    page = browser.post("/place/open/w0/1")
    assert page.url.path == "/survey/rest"
    assert browser.post("/place/open/w1/1").status_code == 404
    assert browser.post("/place/open/w0/2").status_code == 404
    browser.post("/survey/rest", data=REST)
    browser.post("/survey/load", data=LOAD)
    assert site.assessment(person).status == "completed"


def test_the_dates_come_as_a_calendar_file_without_a_link(site, browser):
    file = browser.get("/place/calendar")
    assert file.headers["content-type"].startswith("text/calendar")
    assert file.text.count("BEGIN:VEVENT") == 1
    assert "/l/" not in file.text and "small-trial" not in file.text


@pytest.mark.parametrize(
    "path", ["/place", "/place/contact", "/place/download", "/place/calendar", "/leave/erase"]
)
def test_without_a_link_there_is_nobody(site, path):
    assert site.browser().get(path).status_code == 404
    assert site.browser().post("/l/unknown/place").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/place/open/w0/1",
        "/place/contact/email",
        "/place/contact/email/code",
        "/place/contact/channel",
        "/place/contact/language",
        "/place/contact/zone",
        "/place/download",
        "/place/download/code",
        "/leave/erase",
        "/leave/erase/code",
        "/leave/programme",
    ],
)
def test_another_site_can_press_no_button_and_a_stranger_neither(site, browser, path):
    before = len(rows(site, Event))
    foreign = browser.post(path, data={}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert site.browser().post(path, data={}).status_code in (404, 422)
    assert len(rows(site, Event)) == before


# --- address, language, zone ---------------------------------------------------------------------


def test_a_new_address_counts_once_the_code_sent_there_is_typed(site, person, browser):
    page = browser.post("/place/contact/email", data={"email": "new@home.example"})
    assert "A code was sent to the new one." in page.text
    assert email_of(site, person) == f"person{person}@clinic.example"
    code = newest_code(site, person)
    page = browser.post("/place/contact/email/code", data={"code": wrong(code)})
    assert page.status_code == 422 and "That is not the code." in page.text
    assert email_of(site, person) == f"person{person}@clinic.example"
    page = browser.post("/place/contact/email/code", data={"code": code})
    assert page.url.path == "/place/contact" and "n•••@home.example" in page.text
    assert email_of(site, person) == "new@home.example"
    assert "old_address_notice" in kinds(site, Message)
    again = browser.post("/place/contact/email/code", data={"code": code})
    assert again.status_code == 422 and "no code that is still good" in again.text


def test_no_page_shows_the_whole_address(site, person, browser):
    assert f"person{person}@" not in browser.get("/place/contact").text
    assert "p•••@clinic.example" in browser.get("/place/contact").text


def test_what_is_misspelt_is_said_beside_the_field_and_kept(browser):
    page = browser.post("/place/contact/email", data={"email": "nobody"})
    assert page.status_code == 422
    assert "Please type an e-mail address" in page.text and 'value="nobody"' in page.text
    same = browser.post("/place/contact/email", data={"email": "person1@clinic.example"})
    assert "That is what is known already." in same.text


def test_a_way_that_the_study_does_not_use_is_refused(browser):
    assert browser.post("/place/contact/phone", data={"phone": "+905551234567"}).status_code == 409
    assert browser.post("/place/contact/channel", data={"channel": "sms"}).status_code == 409
    assert browser.post("/place/contact/fax", data={"fax": "1"}).status_code == 404


def test_language_and_zone_are_changed_without_a_code(site, person, browser):
    page = browser.post("/place/contact/language", data={"language": "tr"})
    assert 'lang="tr"' in page.text
    browser.post("/place/contact/zone", data={"zone": "Asia/Tokyo"})
    found = site.participant(person)
    assert (found.language, found.zone_at(site.now)) == ("tr", "Asia/Tokyo")
    assert browser.post("/place/contact/zone", data={"zone": "Mars"}).status_code == 422
    assert browser.post("/place/contact/language", data={"language": "xx"}).status_code == 422


# --- a copy --------------------------------------------------------------------------------------


def copy_of(site, person, browser):
    browser.post("/place/download/code")
    return browser.post("/place/download", data={"code": newest_code(site, person)})


def test_a_copy_holds_ones_own_answers_with_the_wording_and_the_consent(site, person, browser):
    site.complete(person)
    other = site.enrol()
    site.complete(other)
    file = copy_of(site, person, browser)
    assert file.headers["cache-control"] == "no-store"
    assert "attachment" in file.headers["content-disposition"]
    folder = zipfile.ZipFile(io.BytesIO(file.content))
    assert folder.namelist() == ["answers.html", "answers.json", "answers.csv", "consent-1-0.html"]
    told = json.loads(folder.read("answers.json"))
    assert told["facts"]["email"] == f"person{person}@clinic.example"
    given = {each["item"]: each for each in told["assessments"][0]["answers"]}
    assert (given["shift"]["value"], given["shift"]["answer"]) == ("night", "By night")
    assert given["shift"]["question"] == "When do you work?"
    assert given["hours"]["answer"] == "38 hours"
    html = folder.read("answers.html").decode()
    assert "How many hours did you work?" in html and "How old are you?" in html
    assert f"person{other}@" not in html
    (head, *lines) = csv.reader(io.StringIO(folder.read("answers.csv").decode("utf-8-sig")))
    assert head[:4] == ["wave", "occurrence", "instrument", "item"] and len(lines) == 6
    consent = folder.read("consent-1-0.html").decode()
    assert "<strong>voluntary</strong>" in consent and "<script>" not in consent
    assert "[x] I have read this document." in consent and "A Person" in consent
    assert "participant.downloaded" in kinds(site)


def test_a_link_alone_gives_no_copy(site, person, browser):
    for code in ("", "000000", "nonsense"):
        page = browser.post("/place/download", data={"code": code})
        assert page.status_code == 422 and "zip" not in page.headers["content-type"]
    assert copy_of(site, person, browser).headers["content-type"] == "application/zip"
    replayed = browser.post("/place/download", data={"code": newest_code(site, person)})
    assert replayed.status_code == 422


def test_a_code_of_another_person_or_purpose_is_worth_nothing(site, person, browser):
    other = site.enrol()
    stranger = site.browser()
    stranger.post(f"{site.link(other)}/place")
    stranger.post("/place/download/code")
    browser.post("/place/download/code")
    theirs, own = newest_code(site, other), newest_code(site, person)
    assert browser.post("/place/download", data={"code": theirs}).status_code == 422
    assert browser.post("/leave/erase", data={"code": own}).status_code == 422
    assert browser.post("/place/download", data={"code": own}).status_code == 200


def test_guessing_is_refused_and_so_is_asking_for_ever_more_codes(site, person, browser):
    browser.post("/place/download/code")
    code = newest_code(site, person)
    for _ in range(MOST_WRONG):
        page = browser.post("/place/download", data={"code": wrong(code)})
    assert "wrong too often" in page.text
    assert browser.post("/place/download", data={"code": code}).status_code == 422
    for _ in range(MOST_PER_HOUR - 1):
        assert browser.post("/place/download/code").status_code == 200
    refused = browser.post("/place/download/code")
    assert refused.status_code == 429
    assert "another one from 2 February 2026, 12:00 on" in refused.text
    assert len(rows(site, Code)) == MOST_PER_HOUR


def test_an_old_code_is_refused(site, person, browser):
    browser.post("/place/download/code")
    site.now += LIFE
    page = browser.post("/place/download", data={"code": newest_code(site, person)})
    assert page.status_code == 422 and "no code that is still good" in page.text


def test_looking_at_a_place_sends_and_changes_nothing(site, browser):
    before = len(rows(site, Event)), len(rows(site, Message))
    paths = ("/place", "/place/contact", "/place/download", "/leave/erase", "/leave")
    for path in (*paths, "/place/contact/email", "/place/download/code", "/leave/erase/code"):
        assert browser.get(path).status_code == 200
        assert browser.head(path).status_code == 200
    assert (len(rows(site, Event)), len(rows(site, Message))) == before


# --- leaving -------------------------------------------------------------------------------------


def test_asking_for_erasure_stops_messages_at_once_and_needs_a_code(site, person, browser):
    page = browser.post("/leave/erase/code")
    assert site.participant(person).messages == "paused"
    assert "Messages are paused now." in page.text
    assert rows(site, Task) == []
    page = browser.post("/leave/erase", data={"code": newest_code(site, person)})
    assert "You asked on 2 February 2026 to have your data erased." in page.text
    (task,) = rows(site, Task)
    assert (task.kind, task.participant_id) == ("erasure_requested", person)
    assert "You asked on" in browser.get("/place").text
    assert site.participant(person).follow_up == "active"  # the team does it, and no machine


def test_messages_stop_even_where_no_code_can_be_sent(site, person, browser):
    with site.database.writing() as session:
        session.get_one(Contact, person).email_suppressed_at = site.now
    assert browser.post("/leave/erase/code").status_code == 409
    assert site.participant(person).messages == "paused"


def test_the_programme_can_be_stopped_without_leaving_the_study(site):
    while True:
        person = site.enrol()
        site.complete(person)
        if site.participant(person).programme == "on":
            break
    browser = site.browser()
    browser.post(f"{site.link(person)}/place")
    assert "Stop the programme" in browser.get("/leave").text
    page = browser.post("/leave/programme")
    assert "Stop the programme" not in page.text
    found = site.participant(person)
    assert (found.programme, found.follow_up) == ("stopped", "active")
    assert browser.post("/leave/programme").status_code == 409


def test_who_has_no_programme_sees_nothing_of_one(browser):
    assert "programme" not in browser.get("/leave").text


def test_who_was_erased_finds_nothing_and_changes_nothing(site, person, browser):
    with site.database.writing() as session:
        person_row = session.get_one(Participant, person)
        erasure.erase(session, person_row, reason="asked", viewer=OPENER, now=site.now)
    assert "Your data were erased." in browser.get("/place").text
    assert browser.get("/place/contact").status_code == 404
    assert browser.post("/place/download/code").status_code == 409
    assert browser.post("/leave/erase/code").status_code == 409


def test_all_of_it_works_and_is_proved_on_every_database(database_url, tmp_path):
    site = Site(database_url, tmp_path)
    person = site.enrol()
    browser = site.browser()
    browser.post(f"{site.link(person)}/place")
    browser.post("/place/contact/email", data={"email": "new@home.example"})
    browser.post("/place/contact/email/code", data={"code": newest_code(site, person)})
    browser.post("/place/contact/language", data={"language": "tr"})
    browser.post("/place/contact/zone", data={"zone": "Asia/Tokyo"})
    assert copy_of(site, person, browser).status_code == 422  # the address is too new
    site.now += KEPT
    browser.post(f"{site.link(person)}/place")
    assert copy_of(site, person, browser).status_code == 200
    browser.post("/leave/erase/code")
    browser.post("/leave/erase", data={"code": newest_code(site, person)})
    with site.database.reading() as session:
        assert audit.verify(session, keys=site.keys).findings == []
    told = {"contact.changed", "contact.verified", "participant.language_changed"}
    told |= {"participant.zone_changed", "participant.downloaded", "task.added"}
    assert told | {"participant.erasure_requested", "code.asked"} <= set(kinds(site))
    site.close()
