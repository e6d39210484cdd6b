"""Adding and opening studies."""

from __future__ import annotations

import pytest
from factories.lab import OPENER, START

from longwave import resources
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.keys import KeyRing
from longwave.services import study as studies
from longwave.storage.database import Database
from longwave.storage.tables import Event, Study


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def files():
    return resources.protocol_files(resources.protocols_directory() / "msc_burnout_rct")


KEYS = KeyRing("x" * 40)


def add(database, files):
    with database.writing() as session:
        return studies.add_study(session, files, actor="test", now=START)


def open_(database, slug, *, trial_run):
    with database.writing() as session:
        return studies.open_study(
            session, slug, trial_run=trial_run, keys=KEYS, viewer=OPENER, now=START
        )


def test_a_study_is_added_as_a_draft_and_opens_as_a_trial_run(database, files):
    assert add(database, files).state == "draft"
    study = open_(database, "msc-clinicians", trial_run=True)
    assert (study.mode, study.state, study.opened_at) == ("trial_run", "open", START)


def test_the_stored_protocol_is_the_one_that_was_read(database, files):
    add(database, files)
    with database.reading() as session:
        study = studies.get_study(session, "msc-clinicians")
        protocol = studies.current_protocol(session, study)
        assert protocol.hash == studies.current_version(session, study).hash
    from longwave.domain.protocol import read_protocol

    assert protocol == read_protocol(files)


def test_a_second_study_of_the_same_name_is_refused(database, files):
    add(database, files)
    with pytest.raises(InvalidInputError, match="msc-clinicians"):
        add(database, files)


def test_a_live_study_needs_approval(database, files):
    add(database, files)
    with pytest.raises(RefusedTransitionError, match="draft"):
        open_(database, "msc-clinicians", trial_run=False)


def test_a_live_study_does_not_open_on_placeholder_wordings(database, files):
    add(database, files)
    with database.writing() as session:
        study = studies.get_study(session, "msc-clinicians")
        study.state = "approved"
        session.add(study)
    with pytest.raises(RefusedTransitionError, match=r"placeholder wordings: bat_12 \(en\)"):
        open_(database, "msc-clinicians", trial_run=False)


def test_a_trial_run_opens_once_and_never_becomes_live(database, files):
    add(database, files)
    open_(database, "msc-clinicians", trial_run=True)
    for trial_run in (True, False):
        with pytest.raises(RefusedTransitionError):
            open_(database, "msc-clinicians", trial_run=trial_run)


def test_an_unknown_study_is_named(database):
    with database.reading() as session, pytest.raises(NotFoundError, match="atlantis"):
        studies.get_study(session, "atlantis")


def test_a_refused_opening_leaves_no_trace(database, files):
    add(database, files)
    with pytest.raises(RefusedTransitionError):
        open_(database, "msc-clinicians", trial_run=False)
    from sqlmodel import select

    with database.reading() as session:
        assert [event.kind for event in session.exec(select(Event))] == ["study.added"]
        assert session.exec(select(Study)).one().sealed is None
