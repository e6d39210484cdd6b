"""The flow of participants: from events alone, and in accord with the tables."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from longwave.domain.blinding import Viewer
from longwave.domain.errors import LongwaveError, NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.services import withdrawal
from longwave.services.consort import consort
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
