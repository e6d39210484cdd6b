"""From the public page to the signed consent."""

from __future__ import annotations

import re

import pytest
from factories.site import ELIGIBLE, Site
from factories.small_trial import FILES
from sqlmodel import select

from longwave.services import audit
from longwave.storage.tables import Consent, ConsentChoice, Contact, Message, Participant

SIGNED = {"name": "Ada Example", "email": "ada@clinic.example", "read": "yes"}


def people(site):
    with site.database.reading() as session:
        return list(session.exec(select(Participant)))


def count(site, table):
    with site.database.reading() as session:
        return len(session.exec(select(table)).all())


def test_the_public_page_says_who_asks_how_long_and_who_sees_the_data(browser):
    page = browser.get("/s/small-trial")
    assert page.status_code == 200
    for told in (
        "Rest at work",
        "2 questionnaires",
        "about 4 weeks",
        "about 4 minutes",
        "North Hospital",
        "University of Examples",
        "6 months",
        "10 years",
    ):
        assert told in page.text


def test_a_trial_run_offers_the_link_of_each_site_and_says_what_it_is(browser):
    page = browser.get("/s/small-trial")
    assert 'href="/s/small-trial/north"' in page.text
    assert "practice data, no real study" in page.text


def test_titles_of_participants_pages_name_no_topic(site, browser):
    link = site.link(site.enrol())
    for path in ("/s/small-trial", "/s/small-trial/north", link):
        title = browser.get(path).text.split("<title>")[1].split("</title>")[0]
        assert "Rest" not in title


def test_the_privacy_notice_stands_before_the_first_question(browser):
    page = browser.get("/s/small-trial/north").text
    assert page.index("none of the answers") < page.index('name="age"')


def test_an_unknown_study_or_site_is_a_friendly_page(browser):
    for path in ("/s/nothing", "/s/small-trial/nowhere", "/s/nothing/north"):
        page = browser.get(path)
        assert page.status_code == 404
        assert "There is no such page" in page.text


def test_missing_answers_are_asked_for_beside_the_question(browser):
    page = browser.post("/s/small-trial/north", data={"age": "200"})
    assert page.status_code == 422
    assert 'aria-describedby="e-licensed"' in page.text
    assert "Please type a number from 16 to 99." in page.text
    assert 'value="200"' in page.text


def test_of_the_ineligible_nothing_is_kept_but_the_fact(site, browser):
    page = browser.post("/s/small-trial/north", data={"age": "17", "licensed": "yes"})
    assert page.status_code == 200
    assert "Your answers were not kept." in page.text
    assert not browser.cookies
    (person,) = people(site)
    assert (person.stage, person.screening) == ("ineligible", None)


def test_consent_enrols_and_queues_the_invitation(site, browser):
    consent = browser.post("/s/small-trial/north", data=ELIGIBLE)
    assert consent.url.path == "/enrol/consent"
    done = browser.post("/enrol/consent", data=SIGNED)
    assert done.url.path == "/enrol/done"
    assert "Please check your mail" in done.text
    (person,) = people(site)
    assert (person.stage, person.site) == ("enrolled", "north")
    with site.database.reading() as session:
        kinds = sorted(message.kind for message in session.exec(select(Message)))
        assert kinds == ["consent_copy", "invitation", "reminder"]
        assert b"Ada" not in session.exec(select(Contact)).one().name


def choices(site):
    with site.database.reading() as session:
        return [(row.use, row.allowed) for row in session.exec(select(ConsentChoice))]


def test_further_uses_are_asked_unticked_and_allowed_only_by_a_tick(site, browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE).text
    (tick,) = re.findall(r'<input type="checkbox" id="c-later"[^>]*>', page)
    assert "checked" not in tick and "required" not in tick
    browser.post("/enrol/consent", data=SIGNED)
    assert choices(site) == [("later", False)]
    other = site.browser()
    other.post("/s/small-trial/north", data=ELIGIBLE)
    other.post("/enrol/consent", data={**SIGNED, "email": "bob@clinic.example", "later": "yes"})
    assert choices(site)[1:] == [("later", True)]


def test_a_tick_is_kept_when_the_form_is_not_complete(browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    page = browser.post("/enrol/consent", data={"later": "yes"})
    assert page.status_code == 422
    assert re.search(r'<input type="checkbox" id="c-later"[^>]* checked>', page.text)


@pytest.mark.parametrize("place", ["screening", "consent"])
def test_a_full_study_ends_kindly(site, browser, place):
    site.amend({"\nconsent:\n": "\n  caps: [{most: 1}]\n\nconsent:\n"})
    if place == "screening":
        site.enrol()
        page = browser.post("/s/small-trial/north", data=ELIGIBLE)
    else:
        browser.post("/s/small-trial/north", data=ELIGIBLE)
        site.enrol()
        page = browser.post("/enrol/consent", data=SIGNED)
        assert browser.get("/enrol/consent").status_code == 404
    assert page.status_code == 200
    assert "has found all the people it needs" in page.text
    assert not browser.cookies
    late = people(site)[1 if place == "screening" else 0]
    assert (late.ineligible_reason, late.screening) == ("full", None)


def test_the_site_comes_from_the_link_and_not_from_the_form(site, browser):
    browser.post("/s/small-trial/north", data={**ELIGIBLE, "site": "south"})
    assert people(site)[0].site == "north"


def test_html_in_the_consent_document_stays_text(browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE).text
    assert "<strong>voluntary</strong>" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"read": ""}, "Please type your name."),
        ({"name": " "}, "Please type your name."),
        ({"email": "nonsense"}, "Please type an e-mail address"),
    ],
)
def test_an_incomplete_signature_keeps_what_was_typed(site, browser, change, complaint):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    sent = {key: value for key, value in {**SIGNED, **change}.items() if value.strip()}
    if "read" in change:
        sent.pop("name")
    page = browser.post("/enrol/consent", data=sent)
    assert page.status_code == 422
    assert complaint in page.text
    assert 'role="alert"' in page.text
    assert people(site)[0].stage == "screened"
    if sent.get("name"):
        assert 'value="Ada Example"' in page.text


def test_an_address_that_takes_part_already_looks_like_a_new_one(site, browser):
    pages = []
    for _ in range(2):
        visitor = site.browser()
        visitor.post("/s/small-trial/north", data=ELIGIBLE)
        done = visitor.post("/enrol/consent", data=SIGNED)
        pages.append((done.url.path, done.text, visitor.get("/enrol/consent").status_code))
    assert pages[0] == pages[1]
    assert sorted(person.stage for person in people(site)) == ["enrolled", "ineligible"]


@pytest.mark.parametrize("known", [False, True])
def test_a_second_click_on_the_signature_leads_to_the_same_page(site, browser, known):
    if known:
        other = site.browser()
        other.post("/s/small-trial/north", data=ELIGIBLE)
        other.post("/enrol/consent", data=SIGNED)
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    before = {"cookie": f"longwave-enrol={browser.cookies['longwave-enrol']}"}
    first = browser.post("/enrol/consent", data=SIGNED)
    messages = count(site, Message)
    # Sent before the answer to the first click came, and after it.
    at_once = site.browser().post(
        "/enrol/consent", data=SIGNED, headers=before, follow_redirects=False
    )
    assert (at_once.status_code, at_once.headers["location"]) == (303, "/enrol/done")
    assert "longwave-enrolled=" in at_once.headers["set-cookie"]
    later = browser.post("/enrol/consent", data=SIGNED)
    assert (later.status_code, later.url.path, later.text) == (200, "/enrol/done", first.text)
    assert count(site, Message) == messages
    assert count(site, Contact) == 1


def test_who_comes_back_too_late_to_sign_is_not_told_to_have_signed(site, browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    with site.database.writing() as session:
        session.exec(select(Participant)).one().screening = None
    page = browser.post("/enrol/consent", data=SIGNED)
    assert page.status_code == 409
    assert "Too much time has passed" in page.text
    assert people(site)[0].stage == "screened"


def test_without_the_cookie_nobody_signs(site, browser):
    assert browser.get("/enrol/consent").status_code == 404
    assert browser.post("/enrol/consent", data=SIGNED).status_code == 404


def test_a_forged_or_outdated_cookie_is_worth_nothing(site, browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    value = browser.cookies["longwave-enrol"]
    forged = site.browser()
    forged.cookies["longwave-enrol"] = value.replace("longwave-enrol.1.", "longwave-enrol.2.")
    assert forged.get("/enrol/consent").status_code == 404
    for nonsense in ("é", ".", "a.b", ""):
        headers = {"cookie": f"longwave-enrol={nonsense}".encode()}
        assert site.browser().get("/enrol/consent", headers=headers).status_code == 404
    other_kind = site.browser()
    other_kind.cookies["longwave"] = value
    assert other_kind.get("/survey").status_code == 404
    site.wait(hours=13)
    assert browser.get("/enrol/consent").status_code == 404


def test_the_chosen_language_stays_to_the_end(site, browser):
    page = browser.post("/s/small-trial/north?lang=tr", data={**ELIGIBLE, "language": "tr"})
    assert 'lang="tr"' in page.text
    assert "Onamınız" in page.text
    assert "gönüllüdür" in page.text
    done = browser.post("/enrol/consent", data=SIGNED)
    assert "Lütfen e-postanıza bakın" in done.text
    assert people(site)[0].language == "tr"


def test_another_language_keeps_what_was_typed_and_judges_and_stores_nothing(site, browser):
    typed = {"age": "17", "language": "en", "reread": "tr"}
    page = browser.post("/s/small-trial/north?lang=tr", data=typed)
    assert page.status_code == 200 and 'lang="tr"' in page.text
    assert 'value="17"' in page.text and 'role="alert"' not in page.text
    assert people(site) == []
    browser.post("/s/small-trial/north?lang=en", data={**ELIGIBLE, "language": "en"})
    page = browser.get("/enrol/consent?lang=en").text
    (read,) = re.findall(r'name="read-document" value="([^"]+)"', page)
    typed = {**SIGNED, "read-document": read, "zone": "Asia/Tokyo", "language": "en"}
    switched = {**typed, "reread": "tr", "shown-in": "en", "email": "not yet"}
    page = browser.post("/enrol/consent?lang=tr", data=switched)
    assert page.status_code == 200 and "gönüllüdür" in page.text
    assert 'value="Ada Example"' in page.text and 'value="not yet"' in page.text
    assert '<option value="Asia/Tokyo" selected>' in page.text
    assert '<option value="tr" lang="tr" selected>' in page.text
    assert re.search(r'name="read"[^>]* checked', page.text) is None, "another document"
    assert count(site, Consent) == 0 and people(site)[0].stage == "screened"
    wanted = {**switched, "shown-in": "tr", "reread": "en"}
    page = browser.post("/enrol/consent?lang=tr", data=wanted)
    assert '<option value="en" lang="en" selected>' in page.text, "it was chosen"


def test_what_was_ticked_stays_ticked_under_the_same_document(browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE)
    (read,) = re.findall(r'name="read-document" value="([^"]+)"', page.text)
    data = {**SIGNED, "read-document": read, "reread": "en"}
    page = browser.post("/enrol/consent", data=data)
    assert re.search(r'name="read"[^>]* checked', page.text)


def test_the_browser_s_language_is_a_first_guess(site):
    page = site.browser(**{"accept-language": "tr-TR,tr;q=0.9"}).get("/s/small-trial")
    assert "İşte dinlenme" in page.text


def test_enrolment_works_on_every_database(database_url, tmp_path):
    site = Site(database_url, tmp_path)
    browser = site.browser()
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    assert browser.post("/enrol/consent", data=SIGNED).url.path == "/enrol/done"
    site.complete(people(site)[0].id)
    assert site.participant(people(site)[0].id).stage == "randomised"
    assert browser.get("/s/small%00trial").status_code == 404
    site.close()


def test_nobody_enrols_under_a_document_that_took_the_place_of_the_one_she_read(site, browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE)
    (read,) = re.findall(r'name="read-document" value="([^"]+)"', page.text)
    site.amend({'version: "1.0"': 'version: "2.0"'})
    page = browser.post("/enrol/consent", data={**SIGNED, "read-document": read})
    assert page.status_code == 422 and "This document has changed" in page.text
    assert count(site, Contact) == 0
    (read,) = re.findall(r'name="read-document" value="([^"]+)"', page.text)
    done = browser.post("/enrol/consent", data={**SIGNED, "read-document": read})
    assert done.url.path == "/enrol/done" and count(site, Contact) == 1


# --- how one is reached --------------------------------------------------------------------------


BY_BOTH = {
    **FILES,
    "protocol.yaml": FILES["protocol.yaml"].replace(
        b"reminders: [P3D]", b"reminders: [P3D], channels: [email, sms]"
    ),
}
NUMBER = "+90 555 123 45 67"


def contact(site):
    with site.database.reading() as session:
        return session.exec(select(Contact)).one()


def test_language_and_time_zone_are_chosen_with_the_signature(site, browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE).text
    assert '<option value="Europe/Istanbul" selected>Istanbul</option>' in page
    browser.post("/enrol/consent", data={**SIGNED, "zone": "Asia/Tokyo", "language": "tr"})
    (person,) = people(site)
    assert (person.zone, person.language) == ("Asia/Tokyo", "tr")
    assert site.assessment(person.id).zone == "Asia/Tokyo"
    with site.database.reading() as session:
        assert audit.verify(session, keys=site.keys).findings == []


def test_a_zone_that_does_not_exist_is_refused_and_what_was_typed_is_kept(site, browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    page = browser.post("/enrol/consent", data={**SIGNED, "zone": "Mars/Olympus"})
    assert page.status_code == 422
    assert (
        "Please choose your time zone." in page.text and 'value="ada@clinic.example"' in page.text
    )
    assert people(site)[0].stage == "screened"


def test_a_number_is_not_asked_for_where_nothing_goes_by_sms(site, browser):
    page = browser.post("/s/small-trial/north", data=ELIGIBLE).text
    assert 'name="phone"' not in page
    browser.post("/enrol/consent", data={**SIGNED, "phone": NUMBER, "channel": "sms"})
    assert (contact(site).phone, contact(site).channel) == (None, "email")


def test_whoever_gives_a_number_alone_is_reached_by_it(make_site):
    site = make_site(files=BY_BOTH)
    for _ in range(2):  # the second time it is known
        browser = site.browser()
        browser.post("/s/small-trial/north", data=ELIGIBLE)
        done = browser.post("/enrol/consent", data={**SIGNED, "email": "", "phone": NUMBER})
        assert done.url.path == "/enrol/done" and "Please look at your messages" in done.text
    assert sorted(person.stage for person in people(site)) == ["enrolled", "ineligible"]
    found = contact(site)
    assert (found.email, found.channel) == (None, "sms")
    with site.database.reading() as session:
        rows = [(row.kind, row.channel) for row in session.exec(select(Message))]
    assert set(rows) >= {("invitation", "sms"), ("reminder", "sms")}
    assert "consent_copy" not in [kind for kind, _ in rows]


def test_messages_go_by_what_was_chosen_of_both(make_site):
    site = make_site(files=BY_BOTH)
    browser = site.browser()
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    browser.post("/enrol/consent", data={**SIGNED, "phone": NUMBER, "channel": "sms"})
    assert contact(site).channel == "sms" and contact(site).email is not None


def test_a_misspelt_number_is_said_beside_the_field(make_site):
    browser = make_site(files=BY_BOTH).browser()
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    page = browser.post("/enrol/consent", data={**SIGNED, "phone": "12"})
    assert page.status_code == 422 and 'aria-describedby="h-phone e-phone"' in page.text


def test_the_document_is_signed_in_the_language_in_which_it_was_read(site, browser):
    browser.post("/s/small-trial/north", data={**ELIGIBLE, "language": "en"})
    page = browser.get("/enrol/consent?lang=tr").text
    assert "gönüllüdür" in page and '<option value="tr" lang="tr" selected>' in page
    (read,) = re.findall(r'name="read-document" value="([^"]+)"', page)
    browser.post("/enrol/consent?lang=tr", data={**SIGNED, "read-document": read})
    with site.database.reading() as session:
        signature = session.exec(select(Consent)).one()
        assert signature.language == "tr" and read.endswith(signature.document_hash)
        assert audit.verify(session, keys=site.keys).findings == []


# --- what happens next ---------------------------------------------------------------------------


def test_what_happens_next_is_told_with_dates_where_they_are_known(site, browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    page = browser.post("/enrol/consent", data=SIGNED).text
    assert "What happens next" in page
    assert "open until 16 February 2026, 11:00" in page
    assert "its date is known once chance has assigned you to a group" in page
    assert "/place/open" not in page and "Course" not in page and "Waiting list" not in page


def test_it_looks_the_same_for_an_address_that_takes_part_already(site):
    told = []
    for _ in range(2):
        visitor = site.browser()
        visitor.post("/s/small-trial/north", data=ELIGIBLE)
        visitor.post("/enrol/consent", data={**SIGNED, "zone": "Asia/Tokyo"})
        file = visitor.get("/enrol/done/calendar")
        assert file.headers["content-type"].startswith("text/calendar")
        told.append((visitor.get("/enrol/done").text, re.sub("UID:.*", "", file.text)))
    assert told[0] == told[1] and "BEGIN:VEVENT" in told[0][1]
    (first, _) = people(site)
    site.complete(first.id)  # which whoever merely typed the address does not see
    assert visitor.get("/enrol/done").text == told[1][0]


def test_a_newcomers_dates_are_those_that_her_own_page_gives_later(site, browser):
    browser.post("/s/small-trial/north", data=ELIGIBLE)
    browser.post("/enrol/consent", data=SIGNED)
    first = browser.get("/enrol/done/calendar").text
    browser.post(f"{site.link(people(site)[0].id)}/place")
    assert browser.get("/place/calendar").text == first


# --- who sees the data ---------------------------------------------------------------------------


def test_the_privacy_notice_is_linked_from_every_page_of_entry(browser):
    notice = browser.get("/privacy/small-trial")
    for told in ("University of Examples", "Your consent", "6 months", "10 years", "Cookies"):
        assert told in notice.text
    for page in (browser.get("/s/small-trial"), browser.get("/s/small-trial/north")):
        assert 'href="/privacy/small-trial"' in page.text
    consent = browser.post("/s/small-trial/north", data=ELIGIBLE)
    assert 'href="/privacy/small-trial"' in consent.text
    assert browser.get("/privacy/nothing").status_code == 404
