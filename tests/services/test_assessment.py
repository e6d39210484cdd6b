"""Answering: by page and by item, with gaps, and never out of turn."""

from __future__ import annotations

import pytest

from longwave.domain.errors import (
    InvalidInputError,
    LinkExpiredError,
    LinkUsedError,
    NotFoundError,
)
from longwave.services import assessment as assessments
from longwave.storage.tables import Answer, Assessment


@pytest.fixture
def person(lab):
    return lab.enrol()


def token(lab, person, wave="w0"):
    return lab.keys.link_token(lab.assessment(person, wave).uid)


def save(lab, person, values, instrument="scs_sf", wave="w0"):
    with lab.database.writing() as session:
        found = lab._assessment(session, person, wave)
        assessments.save_page(session, found, instrument, values, now=lab.now)


def answers(lab, instrument="scs_sf"):
    return {row.item: row for row in lab.rows(Answer) if row.instrument == instrument}


def items(lab, instrument="scs_sf"):
    return [item.id for item in lab.protocol.instruments[instrument].items]


def test_a_link_can_be_looked_at_without_changing_anything(lab, person):
    with lab.database.reading() as session:
        found = assessments.follow_link(session, token(lab, person), now=lab.now)
        assert found.opened_at is None
    assert lab.assessment(person, "w0").opened_at is None


def test_the_button_behind_the_link_is_noted_once(lab, person):
    first = lab.now
    for _ in range(2):
        with lab.database.writing() as session:
            assessments.begin(session, token(lab, person), keys=lab.keys, now=lab.now)
        lab.wait(hours=1)
    assert lab.assessment(person, "w0").opened_at == first


def test_an_unknown_link_leads_nowhere(lab, person):
    with lab.database.reading() as session, pytest.raises(NotFoundError):
        assessments.follow_link(session, "x" * 32, now=lab.now)


def test_the_database_holds_no_link(lab, person):
    link = token(lab, person)
    assert all(link not in str(row.model_dump()) for row in lab.rows(Assessment))


def test_a_link_expires_with_its_window(lab, person):
    link = token(lab, person)
    lab.wait(days=60)
    with lab.database.reading() as session, pytest.raises(LinkExpiredError):
        assessments.follow_link(session, link, now=lab.now)


def test_a_window_is_over_when_it_closes_though_no_tick_has_noticed(lab, person):
    link = token(lab, person)
    with lab.database.reading() as session, pytest.raises(LinkExpiredError):
        assessments.follow_link(session, link, now=lab.assessment(person, "w0").closes_at)


def test_a_completed_assessment_is_closed_for_good(lab, person):
    lab.complete(person, "w0")
    with lab.database.reading() as session, pytest.raises(LinkUsedError):
        assessments.follow_link(session, token(lab, person), now=lab.now)


def test_a_page_keeps_values_and_the_reasons_for_gaps(lab, person):
    first, second, third, *rest = items(lab)
    save(lab, person, {first: "4", second: assessments.REFUSED, third: ""})
    found = answers(lab)
    assert (found[first].value, found[first].missing_reason) == ("4", None)
    assert (found[second].value, found[second].missing_reason) == (None, "refused")
    assert (found[third].value, found[third].missing_reason) == (None, "skipped")
    assert {found[item].missing_reason for item in rest} == {"skipped"}


def test_a_blank_does_not_wipe_what_was_saved_before(lab, person):
    first = items(lab)[0]
    save(lab, person, {first: "4"})
    save(lab, person, {first: ""})
    assert answers(lab)[first].value == "4"


def test_an_answer_can_be_changed_until_it_is_submitted(lab, person):
    first = items(lab)[0]
    save(lab, person, {first: "4"})
    save(lab, person, {first: "5"})
    assert answers(lab)[first].value == "5"


def test_a_page_with_one_impossible_answer_saves_nothing_and_names_it(lab, person):
    first, second, *_ = items(lab)
    with pytest.raises(InvalidInputError) as failure:
        save(lab, person, {first: "3", second: "6"})
    assert set(failure.value.fields) == {second}
    assert answers(lab) == {}


def test_several_pages_are_saved_together_or_not_at_all(lab, person):
    def save_both(second):
        pages = {"scs_sf": {items(lab)[0]: "3"}, "bat_12": {items(lab, "bat_12")[0]: second}}
        with lab.database.writing() as session:
            found = lab._assessment(session, person, "w0")
            return assessments.save_pages(session, found, pages, now=lab.now)

    with pytest.raises(InvalidInputError) as failure:
        save_both("ninety")
    assert set(failure.value.fields) == {items(lab, "bat_12")[0]}
    assert lab.rows(Answer) == []
    told = save_both("4")
    assert told["scs_sf", items(lab)[0]].value == "3"
    assert answers(lab, "bat_12")[items(lab, "bat_12")[0]].value == "4"
    # An item without an answer counts as skipped, on every page.
    assert len(told) == len(items(lab)) + len(items(lab, "bat_12"))


@pytest.mark.parametrize("values", [{"scs_sf_99": "3"}, {"'; DROP TABLE answer": "3"}])
def test_forged_item_names_are_refused(lab, person, values):
    with pytest.raises(InvalidInputError):
        save(lab, person, values)
    assert lab.rows(Answer) == []


def test_an_instrument_of_another_wave_is_refused(lab, person):
    with pytest.raises(NotFoundError):
        save(lab, person, {}, instrument="mbi_hss")


def test_saving_item_by_item_counts_revisions(lab, person):
    first, second, *_ = items(lab)
    revisions = []
    for item in (first, second, first):
        with lab.database.writing() as session:
            found = lab._assessment(session, person, "w0")
            revisions.append(
                assessments.save_item(session, found, "scs_sf", item, "3", now=lab.now)
            )
    assert revisions == [1, 2, 3]
    assert set(answers(lab)) == {first, second}
    assert lab.assessment(person, "w0").status == "started"


def test_nothing_answered_is_nothing_to_submit(lab, person):
    with lab.database.writing() as session, pytest.raises(InvalidInputError):
        found = lab._assessment(session, person, "w0")
        assessments.submit(session, found, keys=lab.keys, now=lab.now)


def test_what_was_answered_is_kept_when_the_window_closes(lab, person):
    lab.fill(person, "w0", pages=1)
    lab.wait(days=60)
    assert lab.statuses(person) == {"w0": "partial"}
    assert {row.value for row in lab.rows(Answer)} == {"2"}


def test_the_questionnaire_resumes_at_the_first_unanswered_instrument(lab, person):
    lab.fill(person, "w0", pages=1)
    with lab.database.reading() as session:
        form = assessments.questionnaire(session, lab._assessment(session, person, "w0"))
        given = assessments.answers_of(session, form.assessment)
        assert form.first_open(given).id == lab.protocol.wave("w0").instruments[1]
        assert form.minutes_left(form.instruments[0].id) >= form.minutes_left(
            form.instruments[-1].id
        )
