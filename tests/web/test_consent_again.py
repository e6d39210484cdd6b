"""A new version of the consent document comes before the next question."""

from __future__ import annotations

import re

import pytest
from factories.site import REST
from sqlmodel import select

from longwave.storage.tables import Consent

NEW_VERSION = {'version: "1.0"': 'version: "2.0"'}


@pytest.fixture
def person(site):
    return site.enrol()


def versions(site):
    with site.database.reading() as session:
        return [row.version for row in session.exec(select(Consent))]


def test_the_link_leads_to_the_new_document_and_from_there_to_the_questions(site, person):
    site.amend(NEW_VERSION)
    browser = site.browser()
    page = browser.post(site.link(person))
    assert page.url.path == "/consent"
    assert "The study has changed" in page.text and "version 2.0" in page.text
    assert 'name="email"' not in page.text
    done = browser.post("/consent", data={"read": "yes", "name": "A Person"})
    assert done.url.path == "/survey/rest"
    assert versions(site) == ["1.0", "2.0"]
    assert browser.get("/consent").url.path == "/survey/rest"


def test_nothing_is_answered_before_it_is_signed(site, person):
    browser = site.started(person)
    site.amend(NEW_VERSION)
    assert browser.get("/survey/rest").url.path == "/consent"
    assert browser.post("/survey/rest", data=REST).url.path == "/consent"
    at_once = browser.post(
        "/survey/rest/r1", data={"value": "4"}, headers={"accept": "application/json"}
    )
    assert at_once.status_code == 409
    assert "consent document has changed" in at_once.json()["error"]["message"]
    assert site.answers(person) == {}


def test_another_language_signs_nothing_and_keeps_the_name(site, person):
    browser = site.started(person)
    site.amend(NEW_VERSION)
    typed = {"read": "yes", "name": "A Person", "reread": "tr"}
    page = browser.post("/consent?lang=tr", data=typed)
    assert page.status_code == 200 and 'lang="tr"' in page.text
    assert 'value="A Person"' in page.text and versions(site) == ["1.0"]


def test_an_incomplete_signature_is_asked_for_again(site, person):
    browser = site.started(person)
    site.amend(NEW_VERSION)
    page = browser.post("/consent", data={"later": "yes"})
    assert page.status_code == 422
    assert "Please type your name." in page.text and "Please tick this statement" in page.text
    assert versions(site) == ["1.0"]


def fields_of(page):
    """Return what a browser would send of a form's hidden fields."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page.text))


def test_nobody_signs_a_document_that_took_the_place_of_the_one_she_read(site, person):
    browser = site.started(person)
    site.amend(NEW_VERSION)
    hidden = fields_of(browser.get("/consent"))
    site.amend({'version: "1.0"': 'version: "3.0"'})
    signed = {"read": "yes", "name": "A Person", **hidden}
    page = browser.post("/consent", data=signed)
    assert page.status_code == 422 and "This document has changed" in page.text
    assert "version 3.0" in page.text and " checked" not in page.text
    assert versions(site) == ["1.0"]
    again = browser.post("/consent", data=signed | fields_of(page))
    assert again.url.path == "/survey/rest" and versions(site) == ["1.0", "3.0"]


def test_the_chosen_language_is_kept_on_the_way(site, person):
    site.amend(NEW_VERSION)
    page = site.browser().post(f"{site.link(person)}?lang=tr")
    assert page.url.path == "/consent" and "Çalışma ve onunla birlikte" in page.text


def test_without_a_link_there_is_nothing_to_sign(site, browser):
    assert browser.get("/consent").status_code == 404
    assert browser.post("/consent", data={"read": "yes"}).status_code == 404


def test_who_does_not_sign_can_still_leave(site, person):
    browser = site.started(person)
    site.amend(NEW_VERSION)
    assert "You have left the study" in browser.post("/leave/withdraw").text
