"""What follows from events alone, of this version and of the first."""

from __future__ import annotations

import pytest

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, ProgrammeState, Stage, StudyState
from longwave.domain.replay import person, study
from longwave.domain.replay.person import Signed, replay
from longwave.domain.trail import Happened, canonical_payload, read_payload


def happened(*told):
    return [
        Happened(number, kind, "x", f"t{number}", payload)
        for number, (kind, payload) in enumerate(told, 1)
    ]


SCREENED = ("participant.screened", {"eligible": True, "site": "north"})
ENROLLED = (
    "participant.enrolled",
    {"consent": "1", "document": "ab", "language": "en", "statements": {"read": True}},
)
RANDOMISED = (
    "participant.randomised",
    {"list": "all", "position": 3, "arm": "active", "stratum": "all"},
)
COMPLETED = ("assessment.completed", {"wave": "w0", "occurrence": 1, "answers": "d1"})


def test_a_person_goes_through_the_study():
    state = replay(happened(SCREENED, ENROLLED, COMPLETED, RANDOMISED))
    assert (state.stage, state.follow_up) == (Stage.RANDOMISED, FollowUp.ACTIVE)
    assert (state.screened_at, state.enrolled_at, state.randomised_at) == ("t1", "t2", "t4")
    assert state.consents == [Signed("1", "en", "ab", {"read": True}, "t2")]
    assert state.allocations == [("all", 3, "active", "t4")]
    assert state.assessments == {("w0", 1): (AssessmentStatus.COMPLETED, "d1", "t3", None)}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([("participant.screened", {"eligible": False, "site": "n", "reason": "age"})], "age"),
        ([("participant.screened", {"eligible": False, "site": "n"})], "rule"),
        ([SCREENED, ("participant.full", {"cap": "all"})], "full"),
        ([SCREENED, ("participant.duplicate", {"of": "ABC"})], "duplicate"),
        ([SCREENED, ("participant.duplicate", {})], "duplicate"),
        ([SCREENED], None),
        ([SCREENED, ENROLLED], None),
    ],
)
def test_an_exclusion_has_its_reason(told, reason):
    state = replay(happened(*told))
    assert state.excluded_as == reason
    assert (state.stage is Stage.INELIGIBLE) == (reason is not None)


def test_the_last_word_about_follow_up_and_programme_holds():
    started = ("programme.started", {"programme": "course", "number": 1})
    told = [SCREENED, ENROLLED, RANDOMISED, started, ("programme.stopped", {"reason": "r"})]
    told += [("participant.lost", {"reason": "r"}), ("participant.found", {})]
    state = replay(happened(*told))
    assert (state.follow_up, state.programme) == (FollowUp.ACTIVE, ProgrammeState.STOPPED)
    assert state.stopped and len(state.started) == 1
    state = replay(happened(*told, ("participant.withdrew", {})))
    assert (state.follow_up, state.withdrawn_at) == (FollowUp.WITHDRAWN, "t8")


def test_a_correction_brings_a_new_digest():
    corrected = ("answer.corrected", {"wave": "w0", "occurrence": 1, "answers": "d2"})
    state = replay(happened(SCREENED, ENROLLED, COMPLETED, corrected))
    assert state.assessments["w0", 1].answers == "d2"


def test_events_of_the_first_version_tell_less():
    told = [SCREENED, ("participant.enrolled", {"consent": "1", "document": "ab"})]
    told += [("assessment.partial", {"wave": "w0", "occurrence": 1})]
    told += [("participant.randomised", {"list": "site=north", "position": 0, "arm": "active"})]
    state = replay(happened(*told))
    assert state.consents == [Signed("1", None, "ab", None, "t2")]
    assert state.assessments["w0", 1].answers is None
    assert (state.stratum, state.tells_programmes) == ("site=north", False)


@pytest.mark.parametrize(
    "event",
    [
        ("participant.enrolled", {}),
        ("participant.screened", {"eligible": True}),
        ("assessment.completed", {"wave": "w0", "occurrence": "x"}),
        ("answer.corrected", {"wave": "w9", "occurrence": 1, "answers": "d"}),
    ],
)
def test_an_event_that_is_none_of_its_kind_is_named(event):
    with pytest.raises(ValueError, match=f"event 1 is not what one called {event[0]} is"):
        replay(happened(event))


def test_kinds_from_which_nothing_follows_pass():
    assert replay(happened(("message.sent", {}), ("x.y", {}))) == person.PersonState()


def test_a_study_goes_through_its_life():
    approved = {"reference": "R", "approver": "B", "approved_on": "2026-01-01", "registry": "X"}
    told = [
        ("study.added", {"hash": "h1"}),
        ("study.approved", {**approved, "hash": "h1", "commitment": "c"}),
        ("study.opened", {"mode": "live", "commitment": "c"}),
        ("study.approved", {**approved, "hash": "h2", "commitment": "c"}),
        ("study.amended", {"number": 2, "hash": "h2"}),
        ("screening.entered", {"outcome": "declined", "site": "n"}),
        ("screening.entered", {"outcome": "declined", "site": "n"}),
        ("cluster.allocated", {"cluster": "site=n", "list": "all", "position": 0, "arm": "a"}),
        ("study.closed", {}),
        ("study.locked", {}),
    ]
    states, record = [], study.StudyRecord()
    for event in happened(*told):
        study.apply(record, event)
        states.append(record.state)
    assert states[1] is StudyState.APPROVED and states[4] is StudyState.OPEN
    assert record.state is StudyState.LOCKED
    assert record.versions == {1: "h1", 2: "h2"}
    assert [approval.hash for approval in record.approvals] == ["h1", "h2"]
    assert record.register == {("declined", "n", None): 2}
    assert record.clusters == {"site=n": ("all", 0, "a", "t8")}
    assert (record.commitment, record.opened_at, record.locked_at) == ("c", "t3", "t10")


def test_a_payload_has_one_form_whatever_the_order_of_its_keys():
    assert canonical_payload('{"b": 1, "a": {"d": "ü", "c": null}}') == (
        '{"a": {"c": null, "d": "\\u00fc"}, "b": 1}'
    )
    assert canonical_payload("{}") == "{}"


@pytest.mark.parametrize("stored", ["", "{", "nonsense"])
def test_what_is_no_payload_equals_none(stored):
    assert canonical_payload(stored) == f"not JSON: {stored}"
    assert read_payload(stored) == {}
