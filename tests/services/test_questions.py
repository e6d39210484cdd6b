"""Items of every kind, answered: rules, orders, what is written beside, and two tabs at once."""

from __future__ import annotations

import threading

import pytest
from factories.answering import ABOUT, EVENING, TRAIT_ANSWERS, come, save, save_one, submit
from factories.lab import Lab
from factories.questions import FILES, TRAITS

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.items import Complaint
from longwave.domain.ordering import drawn_order
from longwave.domain.randomisation.draws import Draws
from longwave.keys import Purpose
from longwave.services import assessment as assessments
from longwave.services.assessment import AnswersChangedError, Given
from longwave.storage.tables import Answer

HTML = "<script>alert('x')</script>'; DROP TABLE answer; -- {{ role }}"


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, FILES)
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    return come(lab)


def stored(lab, instrument="about"):
    return {row.item: row for row in lab.rows(Answer) if row.instrument == instrument}


def sheet_of(lab, person):
    with lab.database.reading() as session:
        sheet = assessments.questionnaire(session, lab._assessment(session, person, "w0"))
        return sheet, assessments.answers_of(session, sheet.assessment)


def shown(lab, person, instrument="about"):
    sheet, answers = sheet_of(lab, person)
    return [item.id for item in sheet.shown_items(instrument, answers)]


# --- kinds ----------------------------------------------------------------------------------------


def test_answers_of_every_kind_are_stored(lab, person):
    save(lab, person, ABOUT | {"works_nights": "yes"})
    save(lab, person, {"nights": "9", "why": "team pay"})
    save(lab, person, TRAIT_ANSWERS, "traits")
    note = {"note": HTML, "last_shift": "2026-03-31", "pay_matters": "yes"}
    save(lab, person, EVENING | note, "evening")
    values = {row.item: row.value for row in lab.rows(Answer) if row.value is not None}
    given = ABOUT | TRAIT_ANSWERS | EVENING | note
    assert values == given | {"works_nights": "yes", "nights": "9", "why": "pay team"}
    submit(lab, person)
    assert lab.statuses(person)["w0"] == "completed"


@pytest.mark.parametrize(
    ("instrument", "values", "at_fault"),
    [
        ("about", {"role": "pilot"}, {"role"}),
        ("about", {"ward": "x" * 1_000_000, "works_nights": "maybe"}, {"ward", "works_nights"}),
        ("about", {"ward": "a\x00b"}, {"ward"}),
        ("about", {"role": Given("other", "x" * 501)}, {"role"}),
        ("about", {"why": "pay none"}, {"why"}),
        ("about", {"nights": "1e3"}, {"nights"}),
        ("evening", {"agree": "1", "tired": "NaN"}, {"tired"}),
        ("evening", {"agree": "1", "tired": "1000"}, {"tired"}),
        ("evening", {"agree": "yes", "last_shift": "2026-02-30"}, {"agree", "last_shift"}),
        ("evening", {"agree": "", "tired": "5"}, {"agree"}),
        ("evening", {"agree": assessments.REFUSED}, {"agree"}),
    ],
)
def test_one_bad_answer_saves_nothing_and_each_is_told_once(
    lab, person, instrument, values, at_fault
):
    with pytest.raises(InvalidInputError) as failure:
        save(lab, person, values, instrument)
    assert set(failure.value.fields) == at_fault
    assert all(isinstance(told, Complaint) for told in failure.value.fields.values())
    assert lab.rows(Answer) == []


@pytest.mark.parametrize("name", ["intro", "role", "role__other", "'; DROP TABLE answer"])
def test_what_asks_nothing_on_this_page_takes_no_answer(lab, person, name):
    with pytest.raises(InvalidInputError):
        save(lab, person, {"agree": "1", name: "1"}, "evening")
    with pytest.raises(NotFoundError):
        save_one(lab, person, name, "1", "evening")
    assert lab.rows(Answer) == []


def test_what_is_written_beside_an_option_is_kept_with_it(lab, person):
    save_one(lab, person, "role", Given("other", "  Midwife "))
    assert (stored(lab)["role"].value, stored(lab)["role"].other) == ("other", "Midwife")
    save_one(lab, person, "role", Given("nurse", "Midwife"))
    assert (stored(lab)["role"].value, stored(lab)["role"].other) == ("nurse", None)


@pytest.mark.parametrize(
    ("told", "kept"), [(1200, 1200), (0, 0), (-1, None), (86_400_001, None), (10**30, None)]
)
def test_response_times_are_kept_as_far_as_they_can_be_true(lab, person, told, kept):
    save_one(lab, person, "role", Given("nurse", milliseconds=told))
    assert stored(lab)["role"].milliseconds == kept


def test_a_page_that_says_the_same_again_leaves_time_and_revision(lab, person):
    first = save_one(lab, person, "role", Given("nurse", milliseconds=900))
    save(lab, person, ABOUT)
    row = stored(lab)["role"]
    assert (row.milliseconds, row.revision) == (900, first)


# --- rules ----------------------------------------------------------------------------------------


def test_what_no_rule_shows_is_neither_asked_nor_skipped(lab, person):
    assert shown(lab, person) == ["role", "ward", "works_nights"]
    save(lab, person, ABOUT)
    assert set(stored(lab)) == set(ABOUT)


def test_an_item_appears_after_the_answer_that_it_hangs_on_and_the_page_stays(lab, person):
    answers = save(lab, person, ABOUT | {"works_nights": "yes"})
    sheet, _ = sheet_of(lab, person)
    assert shown(lab, person) == ["role", "ward", "works_nights", "nights"]
    assert sheet.page_after("about", answers).id == "about"
    assert sheet.first_open(answers).id == "about"
    answers = save(lab, person, {"nights": "3"})
    assert sheet.page_after("about", answers).id == "traits"
    answers = save(lab, person, {"nights": "8"})
    assert sheet.page_after("about", answers).id == "about"
    answers = save(lab, person, {})
    assert stored(lab)["why"].missing_reason == "skipped"
    assert sheet.page_after("about", answers).id == "traits"


def test_answers_to_what_is_hidden_later_are_kept_and_come_back(lab, person):
    save(lab, person, ABOUT | {"works_nights": "yes", "nights": "9", "why": "pay"})
    save(lab, person, {"works_nights": "no"})
    assert shown(lab, person) == ["role", "ward", "works_nights"]
    assert stored(lab)["nights"].value == "9"
    save(lab, person, {"works_nights": "yes"})
    assert shown(lab, person)[-2:] == ["nights", "why"]


def test_pages_saved_together_see_what_the_ones_before_them_answer(lab, person):
    nights = ABOUT | {"works_nights": "yes", "nights": "9", "why": "pay"}
    pages = {"evening": EVENING, "about": nights, "traits": dict.fromkeys(TRAIT_ANSWERS, "1")}
    with lab.database.writing() as session:
        found = lab._assessment(session, person, "w0")
        assessments.save_pages(session, found, pages, now=lab.now)
    assert stored(lab, "evening")["pay_matters"].missing_reason == "skipped"
    assert "note" not in stored(lab, "evening")


def test_what_is_required_and_shown_must_be_there_at_the_end(lab, person):
    save(lab, person, ABOUT)
    with pytest.raises(InvalidInputError) as failure:
        submit(lab, person)
    assert set(failure.value.fields) == {"agree"}
    assert lab.statuses(person)["w0"] == "started"


def test_pages_that_show_nothing_are_passed_over(database_url):
    hidden = FILES[TRAITS].replace(
        b"items: [t1, t2, t3, t4, {id: t5, attention: 2}, t6]",
        b"items:\n"
        + b"".join(
            f"  - {{id: t{number}, when: about.role == 'doctor'}}\n".encode()
            for number in range(1, 7)
        ),
    )
    lab = Lab(database_url, FILES | {TRAITS: hidden})
    person = come(lab)
    answers = save(lab, person, ABOUT)
    sheet, _ = sheet_of(lab, person)
    assert sheet.page_after("about", answers).id == "evening"
    assert sheet.page_before("evening", answers).id == "about"
    assert sheet.page_before("about", answers) is None
    assert sheet.page_after("evening", save(lab, person, EVENING, "evening")) is None
    assert sheet.progress("evening", answers).pages == 2
    submit(lab, person)
    lab.close()


def test_what_is_left_is_told_by_what_is_shown(lab, person):
    sheet, answers = sheet_of(lab, person)
    before = sheet.progress("about", answers)
    answers = save(lab, person, ABOUT)
    after = sheet.progress("traits", answers)
    assert (before.page, before.pages, before.minutes_left) == (1, 3, 6)
    assert (after.page, after.pages) == (2, 3)
    assert after.items_left == 6 + 7  # the note hangs on traits; nobody asks about pay
    assert after.minutes_left < before.minutes_left


# --- texts ----------------------------------------------------------------------------------------


def test_earlier_answers_stand_in_the_texts_as_they_were_typed(lab, person):
    sheet, answers = sheet_of(lab, person)
    tired = sheet.protocol.instruments["evening"].item("tired")
    nights = sheet.protocol.instruments["about"].item("nights")
    assert sheet.text_of("evening", tired, answers, "en") == "How tired were you on your ward?"
    answers = save(lab, person, ABOUT | {"ward": "<b>4</b>"})
    assert sheet.text_of("evening", tired, answers, "en") == "How tired were you on <b>4</b>?"
    assert "on <b>4</b>?" in sheet.text_of("about", nights, answers, "tr")
    hours = sheet.protocol.instruments["evening"].item("hours")
    answers = save(lab, person, {"role": Given("other", "Midwife")})
    assert sheet.text_of("evening", hours, answers, "en").endswith("as a Midwife?")


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_is_drawn_once_recorded_and_can_be_drawn_again(lab, person):
    found = lab.assessment(person, "w0")
    order = found.item_orders["traits"]
    assert set(found.item_orders) == {"traits"}
    assert sorted(order) == sorted(TRAIT_ANSWERS)
    assert order[0] == "t1"
    who = lab.participant(person).public_id
    seed = bytes.fromhex(lab.keys.mac(Purpose.SAMPLING, f"{who}:w0:1:traits"))
    instrument = lab.protocol.instruments["traits"]
    assert tuple(order) == drawn_order(instrument, Draws(seed, "traits").below)
    lab.begin(person, "w0")
    assert lab.assessment(person, "w0").item_orders["traits"] == order
    sheet, _ = sheet_of(lab, person)
    assert [item.id for item in sheet.items("traits")] == order
    assert [item.id for item in sheet.items("about")][:2] == ["role", "ward"]


def test_people_see_different_orders(lab):
    orders = {tuple(lab.assessment(come(lab), "w0").item_orders["traits"]) for _ in range(6)}
    assert len(orders) > 1


def test_where_nothing_is_drawn_nothing_is_recorded(database_url):
    lab = Lab(database_url)
    person = lab.enrol()
    lab.begin(person, "w0")
    assert lab.assessment(person, "w0").item_orders is None
    lab.close()


# --- two tabs -------------------------------------------------------------------------------------


def test_a_save_over_an_answer_that_changed_meanwhile_tells_of_both(lab, person):
    seen = save_one(lab, person, "role", "nurse")
    save_one(lab, person, "role", "doctor", revision=seen)  # the other tab
    with pytest.raises(AnswersChangedError) as caught:
        save_one(lab, person, "role", Given("other", "Midwife"), revision=seen)
    (found,) = caught.value.conflicts.values()
    assert set(caught.value.conflicts) == {"role"}
    assert (found.stored.value, found.offered.value) == ("doctor", "other")
    assert found.offered.other == "Midwife"
    assert stored(lab)["role"].value == "doctor"
    save_one(lab, person, "role", Given("other", "Midwife"), revision=found.stored.revision)
    assert stored(lab)["role"].other == "Midwife"


def test_a_page_that_is_out_of_date_saves_nothing_and_names_what_changed(lab, person):
    seen = save_one(lab, person, "works_nights", "no")
    save_one(lab, person, "role", "doctor", revision=seen)
    with pytest.raises(AnswersChangedError) as caught:
        save(lab, person, ABOUT, revision=seen)
    assert set(caught.value.conflicts) == {"role"}
    assert set(stored(lab)) == {"works_nights", "role"}


@pytest.mark.parametrize("again", ["doctor", ""])
def test_the_same_answer_and_a_blank_are_no_conflict(lab, person, again):
    save_one(lab, person, "role", "doctor")
    save(lab, person, {"role": again, "ward": "Ward 4"}, revision=0)
    assert stored(lab)["role"].value == "doctor"
    assert stored(lab)["ward"].value == "Ward 4"


def test_an_item_that_was_passed_over_elsewhere_can_be_answered(lab, person):
    save(lab, person, ABOUT | {"role": ""})
    save_one(lab, person, "role", "nurse", revision=0)
    assert stored(lab)["role"].value == "nurse"


def test_other_items_may_change_meanwhile(lab, person):
    save_one(lab, person, "role", "nurse", revision=0)
    save_one(lab, person, "ward", "Ward 4", revision=0)
    assert {name: row.value for name, row in stored(lab).items()} == {
        "role": "nurse",
        "ward": "Ward 4",
    }


def test_of_two_tabs_that_save_at_once_one_is_asked(lab, person):
    for attempt in range(5):
        seen = lab.assessment(person, "w0").revision
        raised: list[Exception] = []

        def run(value, seen=seen, raised=raised):
            try:
                save_one(lab, person, "ward", value, revision=seen)
            except AnswersChangedError as error:
                raised.append(error)

        wards = (f"Ward {attempt}a", f"Ward {attempt}b")
        threads = [threading.Thread(target=run, args=(ward,)) for ward in wards]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (failure,) = raised
        found = failure.conflicts["ward"]
        assert stored(lab)["ward"].value == found.stored.value != found.offered.value
