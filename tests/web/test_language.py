"""The reader's language: chosen once, kept, and changed without losing what was typed."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from longwave.storage.tables import Event

SCREENING = "/s/small-trial/north"
SWITCH = {"reread": "tr"}


def language_of(page) -> str:
    return re.search(r'<html lang="(\w+)"', page.text).group(1)


def test_a_choice_holds_for_the_pages_that_follow(browser):
    assert language_of(browser.get("/s/small-trial?lang=tr")) == "tr"
    assert language_of(browser.get(SCREENING)) == "tr"
    assert language_of(browser.get("/nowhere")) == "tr"
    assert language_of(browser.get("/console/sign-in")) == "tr"
    assert language_of(browser.get("/s/small-trial?lang=en")) == "en"
    assert language_of(browser.get(SCREENING)) == "en"


def test_a_choice_is_a_cookie_that_says_nothing_else_and_ends_with_the_browser(make_site):
    page = make_site(base_url="https://study.example").browser().get("/?lang=tr")
    assert page.headers["set-cookie"] == (
        "longwave-language=tr; Path=/; HttpOnly; SameSite=Lax; Secure"
    )


@pytest.mark.parametrize(
    "query", ["", "?lang=xx", "?lang=", "?lang=tr%0d%0aset-cookie:x", "?x=lang"]
)
def test_nothing_else_becomes_a_cookie(browser, query):
    page = browser.get(f"/s/small-trial{query}")
    assert page.status_code == 200
    assert "set-cookie" not in page.headers


def test_a_cookie_of_a_language_that_nobody_speaks_is_worth_nothing(browser):
    browser.cookies["longwave-language"] = '"><script>'
    page = browser.get(SCREENING)
    assert language_of(page) == "en"
    assert "<script>" not in page.text


def test_a_choice_comes_before_the_participants_own_language(site):
    person = site.enrol(language="tr")
    browser = site.browser()
    assert language_of(browser.get(site.link(person))) == "tr"
    browser.get(f"{site.link(person)}?lang=en")
    assert language_of(browser.get(site.link(person))) == "en"


def test_the_front_page_speaks_every_language(browser):
    page = browser.get("/?lang=ar")
    assert 'dir="rtl"' in page.text
    for name in ("Deutsch", "English", "Español", "Türkçe"):
        assert f">{name}</a>" in page.text


def test_a_page_that_is_nowhere_can_be_read_in_every_language(browser):
    assert 'href="?lang=es"' in browser.get("/nowhere").text


def test_the_rest_of_an_address_stays_when_the_language_changes(browser):
    page = browser.get("/s/small-trial?from=poster&lang=en")
    assert 'href="?from=poster&amp;lang=tr"' in page.text


# --- what was typed stays ------------------------------------------------------------------------


def is_kept(page, *parts: str) -> bool:
    """Whether a page in Turkish shows what was filled in, and complains of nothing."""
    assert page.status_code == 200
    assert language_of(page) == "tr"
    assert "aria-invalid" not in page.text
    return all(part in page.text for part in parts)


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/place/contact/email", "email", "new@clinic.example"),
        ("/place/contact/email/code", "code", "12345"),
        ("/place/download", "code", "12345"),
        ("/leave/erase", "code", "12345"),
    ],
)
def test_at_the_own_place_what_was_typed_stays_and_does_nothing(site, path, field, value):
    browser = site.browser()
    browser.post(f"{site.link(site.enrol())}/place")
    browser.post("/place/contact/email", data={"email": "other@clinic.example"})
    for asking in ("/place/download/code", "/leave/erase/code"):
        browser.post(asking)
    with site.database.reading() as session:
        before = len(session.exec(select(Event)).all())
    page = browser.post(f"{path}?lang=tr", data={field: value} | SWITCH)
    assert is_kept(page, f'value="{value}"', f'formaction="{path}?lang=en"')
    with site.database.reading() as session:
        assert len(session.exec(select(Event)).all()) == before


def test_whoever_changes_her_own_language_reads_it_at_once(site):
    browser = site.browser()
    browser.post(f"{site.link(site.enrol())}/place?lang=en")
    assert language_of(browser.get("/place/contact")) == "en"
    page = browser.post("/place/contact/language", data={"language": "tr"})
    assert language_of(page) == "tr"
    assert language_of(browser.get("/place")) == "tr"
