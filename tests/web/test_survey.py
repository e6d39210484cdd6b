"""From the link to the thank-you, by page and by item."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from factories.site import LOAD, REST, Site
from sqlmodel import select

from longwave.storage.tables import Event

PERSON = "prefer-not-to-answer"


@pytest.fixture
def person(site):
    return site.enrol()


@pytest.fixture
def started(site, person):
    return site.started(person)


def snapshot(site, person):
    with site.database.reading() as session:
        events = len(session.exec(select(Event)).all())
    return site.assessment(person), events


def finish(started):
    started.post("/survey/rest", data=REST)
    return started.post("/survey/load", data=LOAD)


def test_looking_at_a_link_changes_nothing(site, browser, person):
    before = snapshot(site, person)
    for request in (browser.get, browser.head):
        answer = request(site.link(person))
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert snapshot(site, person) == before


def test_head_has_no_body(site, browser, person):
    assert browser.head(site.link(person)).content == b""


def test_the_button_exchanges_the_link_for_a_cookie_on_an_address_without_it(site, browser, person):
    token = site.link(person).removeprefix("/l/")
    page = browser.post(site.link(person))
    assert page.url.path == "/survey/rest"
    assert token not in page.text
    assert "httponly" in page.history[0].headers["set-cookie"].lower()
    assert "samesite=lax" in page.history[0].headers["set-cookie"].lower()
    assert site.assessment(person).opened_at == site.now


def test_over_tls_the_cookie_is_bound_to_the_host(make_site):
    site = make_site(base_url="https://study.example")
    answer = site.browser().post(site.link(site.enrol()), follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-longwave=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert "strict-transport-security" in answer.headers


def test_answering_every_page_completes_the_assessment(site, person, started):
    second = started.post("/survey/rest", data=REST)
    assert second.url.path == "/survey/load"
    thanks = started.post("/survey/load", data=LOAD)
    assert thanks.url.path == "/survey/thanks"
    assert "Everything is saved" in thanks.text
    assert site.assessment(person).status == "completed"
    assert site.answers(person) == {**REST, **LOAD}


def test_skipped_and_refused_are_kept_apart(site, person, started):
    started.post("/survey/rest", data={"r1": "3", "r2": PERSON})
    assert site.answers(person) == {"r1": "3", "r2": "(refused)", "r3": "(skipped)"}


def test_a_number_that_is_refused_needs_no_number(site, person, started):
    started.post("/survey/rest", data=REST)
    started.post("/survey/load", data={"l1": "0", "hours": ["", PERSON], "shift": "day"})
    assert site.answers(person)["hours"] == "(refused)"


def test_a_wrong_value_shows_the_page_again_with_all_that_was_entered(site, person, started):
    started.post("/survey/rest", data=REST)
    page = started.post("/survey/load", data={"l1": "3", "hours": "500", "shift": "day"})
    assert page.status_code == 422
    assert "Please type a number from 0 to 80." in page.text
    assert 'value="500"' in page.text
    assert re.search(r'value="3" checked', page.text)
    assert "hours" not in site.answers(person)


def test_a_field_that_is_no_question_is_refused(started):
    assert started.post("/survey/rest", data={**REST, "r9": "1"}).status_code == 422


def test_answers_can_be_saved_one_by_one(site, person, started):
    json = {"accept": "application/json"}
    first = started.post("/survey/rest/r1", data={"value": "4"}, headers=json)
    second = started.post("/survey/rest/r1", data={"value": "5"}, headers=json)
    assert (first.json()["revision"], second.json()["revision"]) == (1, 2)
    assert started.post("/survey/rest/r2", data={"value": PERSON}).status_code == 204
    assert site.answers(person) == {"r1": "5", "r2": "(refused)"}


def test_a_wrong_item_is_told_as_json_to_a_script(started):
    json = {"accept": "application/json"}
    wrong = started.post("/survey/load/hours", data={"value": "many"}, headers=json)
    assert wrong.status_code == 422
    assert wrong.json()["error"]["fields"] == {"hours": "Please type a number."}
    assert started.post("/survey/rest/zz", data={"value": "1"}, headers=json).status_code == 404


def test_one_comes_back_to_the_first_open_page_with_what_was_answered(site, person, started):
    started.post("/survey/rest", data=REST)
    again = site.started(person).get("/survey")
    assert again.url.path == "/survey/load"
    assert 'value="4" checked' in started.get("/survey/rest").text


def test_going_back_saves_and_skips_nothing(site, person, started):
    started.post("/survey/rest", data=REST)
    page = started.post("/survey/load", data={"l1": "2", "go": "back"})
    assert page.url.path == "/survey/rest"
    assert site.answers(person) == {**REST, "l1": "2"}


def test_stopping_saves_skips_nothing_and_forgets_the_cookie(site, person, started):
    page = started.post("/survey/rest", data={"r1": "2", "go": "stop"})
    assert "Your answers are saved" in page.text
    assert site.answers(person) == {"r1": "2"}
    assert started.get("/survey").status_code == 404
    assert site.assessment(person).status == "started"


def test_a_page_passed_over_by_its_address_comes_before_the_end(site, person, started):
    page = started.post("/survey/load", data=LOAD)
    assert page.url.path == "/survey/rest"
    assert site.assessment(person).status == "started"


def test_a_completed_link_says_thank_you_and_takes_nothing_more(site, browser, person):
    site.complete(person)
    for request in (browser.get, browser.post):
        page = request(site.link(person))
        assert page.status_code == 410
        assert "You have completed this questionnaire" in page.text
    late = site.browser()
    late.cookies["longwave"] = site.keys.sign(f"longwave.{site.assessment(person).id}.9999999999")
    again = late.post("/survey/rest", data={"r1": "1"})
    assert again.url.path == "/survey/thanks/complete"
    assert "This questionnaire is complete. Thank you." in again.text
    assert "saved" not in again.text  # for this was not
    assert site.answers(person)["r1"] == REST["r1"]


def test_a_second_click_on_finish_is_no_error(site, person, started):
    started.post("/survey/rest", data=REST)
    before = {"cookie": f"longwave={started.cookies['longwave']}"}
    started.post("/survey/load", data=LOAD)
    for values in (LOAD, {**LOAD, "go": "back"}, {**LOAD, "go": "stop"}):
        again = site.browser().post(
            "/survey/load", data=values, headers=before, follow_redirects=False
        )
        assert (again.status_code, again.headers["location"]) == (303, "/survey/thanks/complete")
    script = {**before, "accept": "application/json"}
    late = site.browser().post("/survey/load/hours", data={"value": "3"}, headers=script)
    assert late.status_code == 410
    assert site.answers(person) == {**REST, **LOAD}


def test_two_clicks_at_the_same_time_complete_it_once(database_url, tmp_path):
    site = Site(database_url, tmp_path)
    person = site.enrol()
    browser = site.started(person)
    browser.post("/survey/rest", data=REST)
    cookie = {"cookie": f"longwave={browser.cookies['longwave']}"}

    def press(one):
        return one.post("/survey/load", data=LOAD, headers=cookie, follow_redirects=False)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(press, [site.browser() for _ in range(4)], timeout=60))
    assert [answer.status_code for answer in answers] == [303] * 4
    places = sorted(answer.headers["location"] for answer in answers)
    assert places == ["/survey/thanks", *["/survey/thanks/complete"] * 3]
    with site.database.reading() as session:
        kinds = [event.kind for event in session.exec(select(Event))]
    assert kinds.count("assessment.completed") == 1
    site.close()


def test_after_the_thanks_the_device_knows_nobody(site, person, started):
    finish(started)
    assert "longwave" not in started.cookies
    for path in ("/leave", "/survey", "/survey/rest", "/survey/thanks"):
        page = started.get(path)
        assert page.status_code == 404
        assert "<h1>There is no such page</h1>" in page.text
    assert started.post("/leave/withdraw").status_code == 404
    assert site.participant(person).follow_up == "active"


def test_the_thanks_lead_to_nothing_that_is_gone(site, started):
    page = finish(started)
    paths = re.findall(r'<a href="(/[^"]*)"', page.text)
    assert paths == ["/support/small-trial"]
    help_page = started.get(paths[0])
    assert "team@example.org" in help_page.text
    assert 'href="/survey' not in help_page.text
    assert started.get("/support/nothing").status_code == 404


def test_an_expired_link_is_kind_and_saves_nothing(site, person, started):
    site.wait(days=15)
    page = started.get(site.link(person))
    assert page.status_code == 410
    assert "This questionnaire is closed" in page.text
    started.cookies["longwave"] = site.keys.sign(
        f"longwave.{site.assessment(person).id}.9999999999"
    )
    assert started.post("/survey/rest", data=REST).status_code == 410
    assert site.answers(person) == {}


@pytest.mark.parametrize("token", ["x", "a" * 32, "%00", "..%2f..", "<b>"])
def test_an_unknown_link_is_a_friendly_page(browser, token):
    for request in (browser.get, browser.post):
        page = request(f"/l/{token}")
        assert page.status_code == 404
        assert "<h1>There is no such page</h1>" in page.text


def test_the_cookie_of_one_assessment_opens_no_other(site):
    first, second = site.enrol(), site.enrol()
    site.started(first).post("/survey/rest", data=REST)
    assert site.answers(second) == {}


def test_pages_speak_the_participant_s_language_unless_another_is_chosen(site):
    person = site.enrol(language="tr")
    browser = site.started(person)
    assert "Molalar için yer tutucu" in browser.get("/survey/rest").text
    english = browser.get("/survey/rest?lang=en")
    assert "A placeholder about breaks" in english.text
    assert 'action="/survey/rest?lang=en"' in english.text
    onward = browser.post("/survey/rest?lang=en", data=REST)
    assert str(onward.url).endswith("/survey/load?lang=en")


def test_placeholder_wordings_say_so_and_real_ones_do_not(started):
    assert "Placeholder wording" in started.get("/survey/rest").text
    started.post("/survey/rest", data=REST)
    assert "Placeholder wording" not in started.get("/survey/load").text


def test_where_help_is_found_stands_beside_questions_that_may_distress(started):
    assert 'id="help"' not in started.get("/survey/rest").text
    started.post("/survey/rest", data=REST)
    assert "talk to somebody you trust" in started.get("/survey/load").text
    assert "güvendiğiniz biriyle konuşun" in started.get("/survey/load?lang=tr").text


def test_every_answer_can_be_refused_and_stopping_is_on_every_page(started):
    page = started.get("/survey/rest").text
    assert page.count("I prefer not to answer") == len(REST)
    assert "Stop for now" in page


def test_pages_work_without_a_script_and_hide_nothing(started):
    page = started.get("/survey/rest").text
    assert page.count("<fieldset") == len(REST)
    assert " hidden" not in page.split("<form")[1].split('id="back"')[0]
