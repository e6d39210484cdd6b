"""Every kind of question over HTTP: how pages hang together, and what they refuse."""

from __future__ import annotations

import re
import shutil

import pytest
from factories.asking import ANSWERS, ASIDE, FILES
from factories.site import Site
from sqlmodel import select

from longwave.domain.items import REFUSED
from longwave.storage.tables import Answer

ABOUT = {"role": "nurse", "ward": "Ward 7", "works_nights": "yes"}
JSON = {"accept": "application/json"}
LONG = "x" * 1_000_001
SPIED = "Robert'); DROP TABLE answer;-- <script>alert(1)</script> {{ about.role }}"


@pytest.fixture
def site(make_site):
    return make_site(files=FILES)


@pytest.fixture
def person(site):
    return site.enrol()


@pytest.fixture
def started(site, person):
    return site.started(person)


@pytest.fixture(scope="module")
def untouched(migrated_sqlite, tmp_path_factory):
    """Give a site, and a browser there, for tests that store nothing."""
    folder = tmp_path_factory.mktemp("untouched")
    shutil.copyfile(migrated_sqlite, folder / "untouched.db")
    site = Site(f"sqlite:///{folder}/untouched.db", folder, files=FILES)
    yield site, site.started()
    site.close()


def names_on(page):
    """Return the items of a page, in their order."""
    return re.findall(r'data-item="(\w+)"', page.text)


def all_answers(site):
    with site.database.reading() as session:
        return len(session.exec(select(Answer)).all())


def path_of(page):
    return page.url.raw_path.decode()


def sent(name):
    """Return an answer as a form sends it."""
    value = ANSWERS[name]
    return value.split() if name == "why" else value


# --- pages --------------------------------------------------------------------------------------


def test_what_hangs_on_an_answer_stands_on_a_page_after_it(started):
    assert names_on(started.get("/survey/about")) == ["role", "ward", "works_nights"]
    page = started.post("/survey/about", data=ABOUT)
    assert path_of(page) == "/survey/about?page=2"
    assert names_on(page) == ["nights"]
    assert "How many nights a month do you work on Ward 7?" in page.text
    page = started.post("/survey/about?page=2", data={"nights": "9"})
    assert names_on(page) == ["why"]


def test_a_page_on_which_nothing_is_shown_is_passed_over(site, person, started):
    page = started.post("/survey/about", data=ABOUT | {"works_nights": "no"})
    assert path_of(page) == "/survey/traits"
    assert "nights" not in site.answers(person)
    assert path_of(started.get("/survey/about?page=2")) == "/survey/traits"
    back = started.post("/survey/traits", data={"go": "back"})
    assert path_of(back) == "/survey/about"


def test_only_what_a_page_showed_counts_as_skipped(site, person, started):
    started.post("/survey/about", data=ABOUT)
    assert site.answers(person) == ABOUT


def test_an_answer_that_is_taken_back_is_gone(site, person, started):
    started.post("/survey/about", data=ABOUT)
    revision = re.search(r'name="form__revision" value="(\d+)"', started.get("/survey/about").text)
    started.post("/survey/about", data={**ABOUT, "ward": "", "form__revision": revision[1]})
    assert site.answers(person)["ward"] == "(skipped)"


def test_an_unanswered_item_stands_in_a_text_with_other_words(started):
    page = started.post("/survey/about", data=ABOUT | {"ward": ""})
    assert "How many nights a month do you work on your ward?" in page.text


def test_questions_are_numbered_and_the_time_left_is_told(started):
    page = started.get("/survey/about").text
    assert 'data-count="question {number} of at most 5"' in page
    assert re.findall(r'data-number="(\d)" data-left="about (\d) minutes left"', page) == [
        ("1", "6"),
        ("2", "6"),
        ("3", "5"),
    ]
    last = started.post("/survey/about", data=ABOUT | {"works_nights": "no"}).text
    assert 'data-count="question {number} of 6"' in last


def test_the_order_by_chance_is_the_assessment_s_own_and_stays(site, person, started):
    started.post("/survey/about", data=ABOUT | {"works_nights": "no"})
    order = names_on(started.get("/survey/traits"))
    assert order == site.assessment(person).item_orders["traits"]
    assert names_on(site.started(person).get("/survey/traits")) == order


def test_whoever_comes_back_finds_the_first_open_question(site, person, started):
    started.post("/survey/about/role", data={"value": "nurse"})
    again = site.browser().post(site.link(person), follow_redirects=False)
    assert again.headers["location"] == "/survey/about#q-ward"


def test_a_script_is_told_where_to_go(started):
    answer = started.post("/survey/about?lang=en", data=ABOUT, headers=JSON)
    assert answer.json() == {"go": "/survey/about?page=2&lang=en"}


# --- kinds --------------------------------------------------------------------------------------


def walk(started):
    """Answer everything page by page; return the last page."""
    page = started.get("/survey")
    while "/survey/check-answers" not in path_of(page):
        data = {name: sent(name) for name in names_on(page) if name in ANSWERS}
        data |= {f"{name}__other": ASIDE[name] for name in data if name in ASIDE}
        page = started.post(path_of(page), data=data)
        assert page.status_code == 200
    return page


def test_the_review_shows_all_that_is_answered_and_what_is_markup_stays_text(site, person, started):
    page = walk(started)
    assert site.answers(person) == ANSWERS
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "How many nights a month do you work on &lt;b&gt;Ward 7&lt;/b&gt;?" in page.text
    for words in ("Porter", "The pay, &amp; the quiet", "30 January 2026", "2.5 h", "I agree"):
        assert words in page.text
    assert page.text.count(">Change<") == len(ANSWERS)
    assert site.assessment(person).status == "started"
    thanks = started.post("/survey/check-answers")
    assert path_of(thanks) == "/survey/thanks"
    assert site.assessment(person).status == "completed"


def test_the_review_comes_after_all_questions_only(site, person, started):
    assert path_of(started.get("/survey/check-answers")) == "/survey/about"
    assert path_of(started.post("/survey/check-answers")) == "/survey/about"
    assert site.assessment(person).status != "completed"


def test_a_change_from_the_review_leads_back_to_it(site, person, started):
    walk(started)
    page = started.post("/survey/about?edit=1", data={**ABOUT, "role": "doctor"})
    assert path_of(page) == "/survey/check-answers"
    assert site.answers(person)["role"] == "doctor"
    page = started.post("/survey/about?edit=1", data={"works_nights": "no", "go": "back"})
    assert path_of(page) == "/survey/check-answers"
    assert "How many nights" not in page.text


def test_stopping_at_the_review_completes_nothing(site, person, started):
    walk(started)
    assert path_of(started.post("/survey/check-answers", data={"go": "stop"})) == "/survey/stopped"
    assert site.assessment(person).status == "started"


def test_what_is_written_beside_an_option_counts_with_that_option_alone(site, person, started):
    beside = {"role__other": "Porter"}
    for role, kept in (("other", "Porter"), ("nurse", None)):
        started.post("/survey/about", data=ABOUT | beside | {"role": role})
        with site.database.reading() as session:
            row = session.exec(select(Answer).where(Answer.item == "role")).one()
            assert (row.value, row.other) == (role, kept)


def test_a_refusal_counts_whatever_stands_beside_it(site, person, started):
    started.post("/survey/about", data=ABOUT | {"ward": ["Ward 7", REFUSED]})
    assert site.answers(person)["ward"] == "(refused)"


def test_statements_and_required_questions_cannot_be_refused(started):
    walked = started.post("/survey/about", data=ABOUT | {"works_nights": "no"})
    evening = started.post(path_of(walked), data={f"t{n}": "1" for n in range(1, 7)})
    assert names_on(evening)[0] == "intro"
    box = evening.text.split('id="q-agree"')[1].split("</fieldset>")[0]
    assert "I prefer not to answer" not in box
    refused = started.post("/survey/evening", data={"agree": REFUSED})
    assert refused.status_code == 422
    assert "Please answer this question." in refused.text


def test_a_slider_sends_nothing_by_itself(started):
    walked = started.post("/survey/about", data=ABOUT | {"works_nights": "no"})
    page = started.post(path_of(walked), data={f"t{n}": "1" for n in range(1, 7)})
    slider = re.search(r'<input type="range"[^>]*>', page.text)[0]
    assert "name=" not in slider
    assert "value=" not in slider
    assert 'type="text" name="tired" value=""' in page.text


def test_a_script_is_told_in_the_reader_s_language_what_is_wrong(started):
    answer = started.post("/survey/about/nights?lang=ar", data={"value": "99"}, headers=JSON)
    assert answer.status_code == 422
    fault = answer.json()["error"]["fields"]["nights"]
    assert "31" in fault
    assert "Please" not in fault


# --- two devices --------------------------------------------------------------------------------


def test_a_page_that_is_behind_shows_both_answers_and_saves_neither(site, person, started):
    started.post("/survey/about", data=ABOUT)
    behind = ABOUT | {"ward": "Ward 8", "role": "nurse", "form__revision": "0"}
    page = started.post("/survey/about", data=behind)
    assert page.status_code == 409
    box = page.text.split('class="dispute"')[1].split("</div>")[0]
    assert ">Ward 7</strong>" in box
    assert ">Ward 8</strong>" in box
    assert page.text.count('class="dispute"') == 2  # and the one that a script fills in
    assert site.answers(person) == ABOUT
    started.post("/survey/about", data=behind | {"ward__counts": "there"})
    assert site.answers(person) == ABOUT
    started.post("/survey/about", data=behind | {"ward__counts": "here"})
    assert site.answers(person) == ABOUT | {"ward": "Ward 8"}


def test_a_script_that_is_behind_is_told_both_answers(site, person, started):
    started.post("/survey/about/why", data={"value": ["pay", "other"], "other": "the quiet"})
    behind = {"value": ["team"], "revision": "0"}
    answer = started.post("/survey/about/why", data=behind, headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["conflict"] == {
        "value": "pay other",
        "values": ["pay", "other"],
        "other": "the quiet",
        "there": "The pay, the quiet",
        "here": "The team",
        "revision": 1,
    }
    assert site.answers(person) == {"why": "pay other"}


def test_a_blank_does_not_stand_against_an_answer_of_another_device(site, person, started):
    started.post("/survey/about/ward", data={"value": "Ward 7"})
    page = started.post("/survey/about", data={"form__revision": "0", "role": "nurse"})
    assert page.status_code == 200
    assert site.answers(person)["ward"] == "Ward 7"


@pytest.mark.parametrize("nights", ["99", "8"])
def test_a_page_that_another_device_has_hidden_leads_on(site, person, started, nights):
    started.post("/survey/about", data=ABOUT)
    started.post("/survey/about/nights", data={"value": "3"})
    started.post("/survey/about/works_nights", data={"value": "no"})
    behind = {"nights": nights, "form__revision": "1"}
    page = started.post("/survey/about?page=2", data=behind)
    assert page.status_code == 200
    assert path_of(page) == "/survey/traits"
    assert site.answers(person)["nights"] == "3"


def test_two_answers_to_one_question_are_told_of_at_the_top_and_take_the_focus(started):
    started.post("/survey/about", data=ABOUT)
    page = started.post("/survey/about", data=ABOUT | {"ward": "Ward 8", "form__revision": "0"})
    summary = page.text.split('class="summary"')[1].split("</ul>")[0]
    assert '<a href="#q-ward">Where do you work?: Which answer counts?</a>' in summary
    assert 'name="ward__counts" value="there" autofocus' in page.text


def test_a_language_is_chosen_without_losing_the_page(started):
    started.post("/survey/about", data=ABOUT)
    page = started.get("/survey/about?page=2&edit=1&lang=en")
    assert 'formaction="/survey/about?page=2&amp;edit=1&amp;lang=ar"' in page.text
    arabic = started.post("/survey/about?page=2&edit=1&lang=ar", data={"nights": "9", "go": "stay"})
    assert path_of(arabic) == "/survey/about?page=2&edit=1&lang=ar"
    assert 'value="9"' in arabic.text


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/survey/about", {"role": "emperor"}, 422),
        ("/survey/about", {"role": ["nurse", "doctor", "<b>"]}, 422),
        ("/survey/about", {"works_nights": "yes' OR '1'='1"}, 422),
        ("/survey/about", {"ward": "x" * 41}, 422),
        ("/survey/about", {"ward": "\x07 bell"}, 422),
        ("/survey/about", {"role": "other", "role__other": "x" * 501}, 422),
        ("/survey/about", {"forged": "1"}, 422),
        ("/survey/about", {"role__counts__counts": "here"}, 422),
        ("/survey/about", {"t1": "1"}, 422),
        ("/survey/about?page=99", {"role": "nurse"}, 404),
        ("/survey/about?page=-1", {"role": "nurse"}, 404),
        ("/survey/about?page=x", {"role": "nurse"}, 404),
        ("/survey/rest", {"r1": "1"}, 404),
        ("/survey/..%2fabout", {"role": "nurse"}, 404),
        ("/survey/about/forged", {"value": "1"}, 404),
        ("/survey/traits/role", {"value": "nurse"}, 404),
        ("/survey/evening/intro", {"value": "1"}, 404),
        ("/survey/about/nights", {"value": "31.5"}, 422),
        ("/survey/about/nights", {"value": "32"}, 422),
        ("/survey/about/nights", {"value": "nan"}, 422),
        ("/survey/about/nights", {"value": "inf"}, 422),
        ("/survey/about/nights", {"value": "1e3"}, 422),
        ("/survey/about/nights", {"value": "٣"}, 422),
        ("/survey/about/why", {"value": ["pay", "forged"]}, 422),
        ("/survey/about/why", {"value": ["none", "pay"]}, 422),
        ("/survey/evening/tired", {"value": "101"}, 422),
        ("/survey/evening/tired", {"value": "7"}, 422),
        ("/survey/evening/slept_at", {"value": "17:59"}, 422),
        ("/survey/evening/slept_at", {"value": "25:00"}, 422),
        ("/survey/evening/last_shift", {"value": "2026-02-30"}, 422),
        ("/survey/evening/last_shift", {"value": "2025-12-31"}, 422),
        ("/survey/evening/agree", {"value": "yes"}, 422),
        ("/survey/evening/agree", {"value": REFUSED}, 422),
        ("/survey/evening/note", {"value": LONG}, 413),
        ("/survey/evening", {"note": LONG}, 413),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_stored(untouched, path, data, status):
    site, started = untouched
    for headers in ({}, JSON):
        answer = started.post(path, data=data, headers=headers)
        assert answer.status_code == status
        assert "Traceback" not in answer.text
        assert "emperor" not in answer.text.replace('value="emperor"', "")
    assert all_answers(site) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"ward=%ff%fe", 422),
        (b"ward=\xff", 422),
        (b"ward=%ED%A0%80", 422),
        (b"ward=%00x", 422),
        (b"=1", 422),
        (b"ward=1&" * 1001, 422),
        (b"go=delete&forged=1", 422),
        (b"form__revision=" + b"9" * 400 + b"&ward=%07", 422),
    ],
)
def test_a_form_that_no_browser_sends_is_refused(untouched, body, status):
    site, started = untouched
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for headers in (kind, kind | JSON):
        answer = started.post("/survey/about", content=body, headers=headers)
        assert answer.status_code == status
    assert all_answers(site) == 0


def test_text_that_looks_like_code_is_text(site, person, started):
    started.post("/survey/about", data=ABOUT | {"ward": SPIED[:40]})
    started.post("/survey/evening/note", data={"value": SPIED})
    assert site.answers(person)["note"] == SPIED
    page = started.get("/survey/about").text
    assert "DROP TABLE" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
@pytest.mark.parametrize("path", ["/survey", "/survey/about", "/survey/check-answers"])
def test_a_wrong_method_is_refused(untouched, method, path):
    site, started = untouched
    answer = getattr(started, method)(path)
    assert answer.status_code == 405
    assert all_answers(site) == 0


def test_one_answer_cannot_be_asked_for(untouched):
    _, started = untouched
    assert started.get("/survey/about/role").status_code == 405


def test_nobody_reaches_the_answers_of_another(site, person, started):
    started.post("/survey/about", data=ABOUT)
    other = site.enrol()
    stranger = site.started(other)
    assert "Ward 7" not in stranger.get("/survey/about").text
    stranger.post("/survey/about/ward", data={"value": "Ward 8"})
    assert site.answers(person) == ABOUT
    assert site.answers(other) == {"ward": "Ward 8"}
    for forged in (f"longwave.{site.assessment(person).id}.9999999999", "x", ""):
        unknown = site.browser()
        unknown.cookies["longwave"] = forged
        for path in ("/survey", "/survey/about", "/survey/check-answers"):
            page = unknown.get(path)
            assert page.status_code == 404
            assert "Ward 7" not in page.text
        assert unknown.post("/survey/about", data=ABOUT).status_code == 404
        assert unknown.post("/survey/check-answers").status_code == 404


def test_a_page_saves_nothing_into_the_questionnaire_of_another_tab(site, person, started):
    walk(started)
    pages = {path: started.get(path).text for path in ("/survey/about", "/survey/check-answers")}
    other = site.enrol()
    started.post(site.link(other))  # the same browser
    for path, page in pages.items():
        mark = {"form__sheet": re.search(r'name="form__sheet" value="(\w+)"', page)[1]}
        for go in ("stop", "next"):
            refused = started.post(path, data=mark | {"go": go})
            assert refused.status_code == 409
            assert "another questionnaire was opened in this browser" in refused.text
    one = started.post("/survey/about/role", data=mark | {"value": "doctor"}, headers=JSON)
    assert one.status_code == 409
    assert site.answers(other) == {}
    assert site.answers(person) == ANSWERS


def test_a_cookie_of_an_earlier_day_opens_nothing(site, person, started):
    site.wait(hours=13)
    assert started.get("/survey/about").status_code == 404
    assert started.post("/survey/about", data=ABOUT).status_code == 404
    assert site.answers(person) == {}


def test_a_page_kept_open_past_the_end_saves_nothing_and_says_so(site, person):
    site.wait(days=13, hours=20)
    started = site.started(person)
    site.wait(hours=6)
    for path, data in (("/survey/about", ABOUT), ("/survey/about/role", {"value": "nurse"})):
        assert started.post(path, data=data).status_code == 410
    assert site.answers(person) == {}
