"""What staff see: numbers that add up, and no arm for those who are blinded."""

from __future__ import annotations

import pytest
from factories.lab import SCREENING

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.keys import token_hash
from longwave.services import overview, withdrawal
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Assessment, Participant, Study

SEEING = Viewer("owner", Role.OWNER, blinded=False)
BLINDED = Viewer("monitor", Role.MONITOR, blinded=True)


@pytest.fixture
def cohort(lab):
    """Six randomised, of whom one withdrew; one enrolled only; one ineligible."""
    randomised = [lab.randomise() for _ in range(6)]
    lab.enrol()
    lab.screen(answers={**SCREENING, "licensed": "no"})
    with lab.database.writing() as session:
        leaver = session.get_one(Participant, randomised[0])
        withdrawal.withdraw(session, leaver, now=lab.now)
    return lab


def look(lab, viewer=SEEING):
    with lab.database.reading() as session:
        return overview.study_overview(session, get_study(session, lab.slug), viewer)


def rows(lab, viewer=SEEING, *, offset=0, limit=50):
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        return overview.participant_rows(session, study, viewer, offset=offset, limit=limit)


def test_the_counts_are_those_of_what_happened(cohort):
    seen = look(cohort)
    assert (seen.screened, seen.ineligible, seen.enrolled) == (8, 1, 7)
    assert (seen.randomised, seen.withdrawn) == (6, 1)
    w0, w1, *_ = seen.waves
    assert (w0.due, w0.completed, w0.open, w0.missed) == (7, 6, 1, 0)
    assert (w1.due, w1.cancelled) == (0, 1)


def test_the_arms_add_up_to_the_whole(cohort):
    seen = look(cohort)
    arms = seen.arms.for_viewer(SEEING)
    assert sum(arm.randomised for arm in arms) == seen.randomised
    assert sum(arm.withdrawn for arm in arms) == 1
    assert sum(arm.waves[0].completed for arm in arms) == seen.waves[0].completed


def test_a_blinded_viewer_is_told_no_arm(cohort):
    assert look(cohort, BLINDED).arms.for_viewer(BLINDED) is None
    listed, total = rows(cohort, BLINDED)
    assert total == 7
    for row in listed:
        assert row.arm.for_viewer(BLINDED) is None
        assert row.programme.for_viewer(BLINDED) is None
        assert "active" not in repr(row).replace("follow_up='active'", "")


def test_rows_say_arm_and_status_of_each_participant(cohort):
    listed, _ = rows(cohort)
    arms = {row.participant_id: row.arm for row in cohort.rows(Allocation)}
    people = {row.public_id: row.id for row in cohort.rows(Participant)}
    for row in listed:
        assert row.arm.for_viewer(SEEING) == arms.get(people[row.public_id])
    assert [row.waves["w0"] for row in listed].count("completed") == 6


def test_pages_follow_each_other(cohort):
    pages = [rows(cohort, offset=at, limit=3)[0] for at in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({row.public_id for page in pages for row in page}) == 7


def test_open_assessments_of_a_trial_run_can_be_tried(cohort):
    with cohort.database.reading() as session:
        ((_, wave, path),) = overview.open_assessments(
            session, cohort.slug, keys=cohort.keys, now=cohort.now, limit=9
        )
    hashes = {row.token_hash: row for row in cohort.rows(Assessment)}
    assert hashes[token_hash(path.rpartition("/")[2])].wave == wave == "w0"


def test_links_of_a_live_study_are_shown_to_nobody(cohort):
    with cohort.database.writing() as session:
        from sqlmodel import select

        session.exec(select(Study)).one().mode = "live"
    with cohort.database.reading() as session, pytest.raises(NotAllowedError):
        overview.open_assessments(session, cohort.slug, keys=cohort.keys, now=cohort.now, limit=9)


def test_somebody_of_one_site_counts_and_lists_that_site_only(lab):
    near, far = lab.randomise(site="ankara"), lab.randomise(site="gaziantep")
    local = Viewer("near", Role.COORDINATOR, blinded=False, sites=frozenset({"ankara"}))
    seen = look(lab, local)
    assert (seen.enrolled, seen.randomised, seen.waves[0].completed) == (1, 1, 1)
    assert sum(arm.randomised for arm in seen.arms.for_viewer(local)) == 1
    assert sum(seen.messages.values()) < sum(look(lab).messages.values())
    listed, total = rows(lab, local)
    assert ([row.public_id for row in listed], total) == ([lab.participant(near).public_id], 1)
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        with pytest.raises(NotFoundError, match="no such participant"):
            overview.participant_row(session, study, lab.participant(far).public_id, local)
