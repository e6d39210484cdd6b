"""Pausing messages is not leaving; leaving keeps the data; both need only a link."""

from __future__ import annotations

from factories.site import REST
from sqlmodel import select

from longwave.storage.tables import ConsentChoice


def test_each_choice_is_a_button_of_its_own(site):
    page = site.started().get("/leave").text
    assert 'action="/leave/pause"' in page
    assert 'action="/leave/withdraw"' in page
    assert "team@example.org" in page  # whom to ask for erasure


def test_pausing_keeps_the_person_in_the_study(site):
    person = site.enrol()
    browser = site.started(person)
    assert "Messages are paused" in browser.post("/leave/pause").text
    found = site.participant(person)
    assert (found.messages, found.follow_up) == ("paused", "active")
    browser.post("/leave/resume")
    assert site.participant(person).messages == "on"


def test_leaving_keeps_the_answers_and_closes_the_questionnaire(site):
    person = site.enrol()
    browser = site.started(person)
    browser.post("/survey/rest", data=REST)
    assert "You have left the study" in browser.post("/leave/withdraw").text
    assert site.participant(person).follow_up == "withdrawn"
    assert site.assessment(person).status == "partial"
    assert site.answers(person) == REST
    assert browser.get("/survey/rest").status_code == 410


def test_leaving_twice_is_told_and_harmless(site):
    browser = site.started()
    browser.post("/leave/withdraw")
    again = browser.post("/leave/withdraw")
    assert again.status_code == 409
    assert "You have left the study already" in again.text


def test_looking_changes_nothing(site):
    person = site.enrol()
    browser = site.started(person)
    browser.get("/leave")
    assert browser.get("/leave/withdraw").status_code == 405
    assert site.participant(person).follow_up == "active"


def test_a_completed_link_still_leads_to_the_choices(site, browser):
    person = site.enrol()
    site.complete(person)
    page = browser.post(f"{site.link(person)}/leave")
    assert page.url.path == "/leave"
    browser.post("/leave/withdraw")
    assert site.participant(person).follow_up == "withdrawn"


def test_without_a_link_there_is_nobody_to_leave(browser):
    assert browser.get("/leave").status_code == 404
    assert browser.post("/leave/withdraw").status_code == 404
    assert browser.post("/l/unknown/leave").status_code == 404


def test_a_mail_program_pauses_messages_at_one_click(site, browser):
    person = site.enrol()
    answer = browser.post(
        f"{site.link(person)}/unsubscribe", data={"List-Unsubscribe": "One-Click"}
    )
    assert (answer.status_code, answer.history) == (200, [])
    assert "set-cookie" not in answer.headers
    found = site.participant(person)
    assert (found.messages, found.follow_up) == ("paused", "active")


def test_support_is_there_for_everybody(site, browser):
    assert "emergency number" in browser.get("/support").text
    assert "team@example.org" in site.started().get("/support").text


def chosen(site):
    with site.database.reading() as session:
        return [row.allowed for row in session.exec(select(ConsentChoice))]


def test_a_further_use_is_allowed_and_taken_back_where_one_leaves(site):
    browser = site.started()
    assert "You may write to me later. <strong>(not allowed)" in browser.get("/leave").text
    assert "<strong>(allowed" in browser.post("/leave/allow/later").text
    assert "<strong>(not allowed" in browser.post("/leave/revoke/later").text
    assert chosen(site) == [False, True, False]
    assert browser.post("/leave/allow/resale").status_code == 404


def test_somebody_who_has_left_can_still_take_a_use_back(site):
    browser = site.started()
    browser.post("/leave/allow/later")
    browser.post("/leave/withdraw")
    assert "<strong>(not allowed" in browser.post("/leave/revoke/later").text
