"""The audit trail as staff read it: in parts, near their sites, without what tells an arm."""

from __future__ import annotations

import pytest

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.services.events import read_events
from longwave.services.study import get_study
from longwave.storage.tables import Event

SEEING = Viewer("owner", Role.OWNER, blinded=False)
BLINDED = Viewer("owner", Role.OWNER, blinded=True)


@pytest.fixture
def cohort(lab):
    lab.people = {site: lab.randomise(site=site) for site in ("ankara", "gaziantep")}
    return lab


def read(lab, viewer=SEEING, *, after="", limit=500):
    with lab.database.reading() as session:
        study = get_study(session, lab.slug)
        return read_events(session, study, viewer, keys=lab.keys, after=after, limit=limit)


def test_the_whole_trail_is_told_in_its_order(cohort):
    page = read(cohort)
    stored = [event for event in cohort.rows(Event) if event.study_id is not None]
    assert [(e.id, e.kind, e.payload) for e in page.events] == [
        (e.id, e.kind, e.payload) for e in stored
    ]
    assert page.next is None
    public = {cohort.participant(person).public_id for person in cohort.people.values()}
    assert {event.participant for event in page.events} == {None, *public}


@pytest.mark.parametrize("viewer", [SEEING, BLINDED], ids=["seeing", "blinded"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_parts_make_up_the_whole(cohort, viewer, limit):
    whole = read(cohort, viewer).events
    after, parts = "", []
    while True:
        page = read(cohort, viewer, after=after, limit=limit)
        assert len(page.events) <= limit
        parts += page.events
        if page.next is None:
            break
        after = page.next
    assert tuple(parts) == whole


def test_the_place_of_the_next_part_tells_no_number(cohort):
    first, second = (read(cohort, BLINDED, limit=2).next for _ in range(2))
    assert first != second
    assert all(event.id is None for event in read(cohort, BLINDED).events)


@pytest.mark.parametrize("after", ["5", "x", "é", "AAAA", "a" * 199])
def test_a_place_that_was_not_given_out_is_refused(cohort, after):
    with pytest.raises(InvalidInputError, match="no place in the trail"):
        read(cohort, after=after)


def test_the_blinded_do_not_hear_what_only_some_arms_have(cohort):
    kinds = {event.kind for event in read(cohort, BLINDED).events}
    assert "participant.randomised" in kinds
    assert "programme.started" not in kinds
    assert all("arm" not in event.payload for event in read(cohort, BLINDED).events)


def test_somebody_of_one_site_hears_of_the_study_and_of_that_site(cohort):
    local = Viewer("m", Role.MONITOR, blinded=False, sites=frozenset({"ankara"}))
    found = read(cohort, local).events
    near = cohort.participant(cohort.people["ankara"]).public_id
    assert {event.participant for event in found} == {None, near}
    assert all(event.kind.startswith("study.") for event in found if event.participant is None)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.FACILITATOR, Role.ANALYST])
def test_the_trail_is_for_owners_and_monitors(lab, role):
    with pytest.raises(NotAllowedError, match="read the audit trail"):
        read(lab, Viewer("x", role, blinded=False))
