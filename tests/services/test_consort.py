"""The flow of participants: from events alone, and in accord with the tables."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import LongwaveError, NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.services import corrections, erasure, follow_up, programme, screening, withdrawal
from longwave.services.consort import consort
from longwave.services.study import get_study
from longwave.storage.tables import Allocation

SEEING = Viewer("owner", Role.OWNER, blinded=False)
BLINDED = Viewer("monitor", Role.MONITOR, blinded=True)


def flow(lab, viewer=SEEING):
    with lab.database.reading() as session:
        return consort(session, lab.slug, viewer)


@pytest.fixture
def trial(lab):
    lab.screen(answers={"age": "17", "licensed": "yes", "profession": "nurse"})
    lab.screen()
    lab.enrol()
    people = [lab.randomise() for _ in range(4)]
    lab.act(people[0], withdrawal.withdraw)
    return lab


def test_everybody_is_counted_where_she_came_to(trial):
    found = flow(trial)
    assert (found.assessed, found.excluded, found.undecided) == (7, 1, 1)
    assert dict(found.excluded_by_reason) == {"adult": 1}
    assert (found.enrolled, found.not_randomised, found.randomised) == (5, 1, 4)
    assert (found.withdrew, found.lost, found.analysed) == (1, 0, 0)


def test_arms_add_up_to_the_whole_and_follow_the_allocations(trial):
    found = flow(trial)
    arms = [row.arm for row in trial.rows(Allocation)]
    assert {arm.arm: arm.allocated for arm in found.arms} == {
        "active": arms.count("active"),
        "waitlist": arms.count("waitlist"),
    }
    assert {arm.arm: arm.received for arm in found.arms}["waitlist"] == 0


def test_the_blinded_get_totals_alone(trial):
    assert flow(trial, BLINDED).arms is None
    with pytest.raises(NotAllowedError):
        flow(trial, Viewer("facilitator", Role.FACILITATOR, blinded=False))


def test_a_table_that_parts_from_the_events_is_an_error_that_names_the_line(trial):
    with trial.database.writing() as session:
        session.connection().execute(
            text("UPDATE participant SET follow_up = 'active' WHERE follow_up = 'withdrawn'")
        )
    with pytest.raises(LongwaveError, match="withdrew is 1 by the audit trail, and 0 by"):
        flow(trial)


# --- every line ----------------------------------------------------------------------------------


def enter(lab, site, outcome, reason=None):
    with lab.database.writing() as session:
        screening.enter(
            session,
            get_study(session, lab.slug),
            site=site,
            outcome=outcome,
            reason=reason,
            keys=lab.keys,
            viewer=SEEING,
            now=lab.now,
        )


@pytest.fixture
def busy(lab):
    """Give a trial with somebody on every line, at two sites."""
    enter(lab, "ankara", "approached")
    enter(lab, "ankara", "declined", "no time")
    enter(lab, "ankara", "ineligible", "on leave")
    enter(lab, "gaziantep", "ineligible", "on leave")
    lab.consent(lab.screen(), "one@clinic.example")
    lab.consent(lab.screen(), "one@clinic.example")
    lab.act(lab.enrol(), withdrawal.withdraw)
    people = [lab.randomise(site=site) for site in ("ankara",) * 6 + ("gaziantep",) * 2]
    why = {"reason": "r", "viewer": SEEING}
    # Chance decides the arms; in the first six of a site there are two of each at least.
    in_course, lost, dead, *others = sorted(
        people, key=lambda who: lab.participant(who).programme != "on"
    )
    flagged, erased = others[:2]
    lab.act(in_course, programme.stop, **why)
    lab.act(lost, follow_up.mark_lost, **why)
    lab.act(dead, follow_up.mark_deceased, **why)
    lab.act(flagged, corrections.flag_randomised_in_error, **why)
    lab.wait(weeks=26)
    for who in people:
        if lab.statuses(who).get("w3") == "open":
            lab.fill(who, "w3", pages=1)
    lab.wait(weeks=60)
    lab.act(erased, erasure.erase, **why)
    return lab


def test_every_line_is_counted(busy):
    found = flow(busy)
    assert (found.approached, found.declined) == (1, 1)
    assert dict(found.excluded_by_reason) == {"duplicate": 1, "on leave": 2}
    assert (found.assessed, found.excluded, found.undecided) == (13, 3, 0)
    assert dict(found.not_randomised_by_reason) == {"awaiting randomisation": 1, "withdrew": 1}
    assert (found.enrolled, found.not_randomised, found.randomised) == (10, 2, 8)
    assert (found.randomised_in_error, found.lost, found.deceased) == (1, 1, 1)
    assert (found.withdrew, found.completed) == (0, 6)
    assert found.wave == "w3" and found.analysed == 5  # the erased one answered and is gone


def test_the_lines_add_up(busy):
    found = flow(busy)
    assert found.assessed == found.excluded + found.undecided + found.enrolled
    assert found.excluded == sum(found.excluded_by_reason.values())
    assert found.enrolled == found.not_randomised + found.randomised
    assert found.not_randomised == sum(found.not_randomised_by_reason.values())
    for total, name in (
        (found.randomised, "allocated"),
        *((getattr(found, name), name) for name in ("lost", "deceased", "completed", "analysed")),
    ):
        assert total == sum(getattr(arm, name) for arm in found.arms)
    active, waitlist = found.arms
    assert active.received == active.allocated and active.crossed_over == 0
    assert waitlist.received == waitlist.crossed_over
    assert active.stopped + waitlist.stopped == 1


def test_whoever_has_some_sites_gets_the_counts_of_those(busy):
    def at(site):
        return flow(busy, Viewer("m", Role.MONITOR, blinded=True, sites=frozenset({site})))

    here, there, whole = at("ankara"), at("gaziantep"), flow(busy)
    assert here.sites == ("ankara",) and whole.sites is None
    assert (there.randomised, there.assessed, there.declined) == (2, 3, 0)
    for name in ("approached", "declined", "assessed", "excluded", "enrolled", "analysed"):
        assert getattr(here, name) + getattr(there, name) == getattr(whole, name)


def test_each_line_is_held_against_the_tables(busy):
    for statement, line in {
        "DELETE FROM screening WHERE outcome = 'declined'": "declined is 1 by",
        "UPDATE screening SET reason = 'x' WHERE site = 'gaziantep'": "excluded (on leave) is 2",
        "UPDATE participant SET duplicate_of = NULL, ineligible_reason = 'x'": "excluded (dupl",
        "UPDATE participant SET randomised_in_error_at = NULL": "randomised in error is 1 by",
        "UPDATE participant SET crossover_at = NULL": "crossed over (waitlist) is",
        "UPDATE participant SET programme = 'on'": "stopped (",
        "DELETE FROM arm_period": "received (active) is",
        "UPDATE assessment SET status = 'expired' WHERE wave = 'w3'": "analysed is 5 by",
        "UPDATE participant SET erased_at = NULL": "analysed is 5 by the audit trail, and 6",
        "UPDATE participant SET stage = 'enrolled' WHERE stage = 'randomised'": "allocated (",
        "UPDATE participant SET follow_up = 'lost' WHERE follow_up = 'completed'": "completed is 6",
    }.items():
        with Session(busy.database.engine) as session:
            session.connection().execute(text(statement))
            with pytest.raises(LongwaveError) as error:
                consort(session, busy.slug, SEEING)
            assert line in str(error.value)
            session.rollback()
    assert flow(busy).randomised == 8


def test_the_blinded_meet_no_error_that_tells_of_arms(busy):
    with busy.database.writing() as session:
        session.connection().execute(text("DELETE FROM arm_period"))
    assert flow(busy, BLINDED).arms is None
