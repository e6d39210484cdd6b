"""A study's life: added, approved, opened, amended, closed, locked, archived; and refusals."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from datetime import date, timedelta

import pytest
import yaml
from factories.lab import OPENER, START, Lab
from factories.small_trial import FILES, SLUG
from sqlmodel import select

from longwave import resources
from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    LongwaveError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.domain.protocol import read_protocol
from longwave.keys import KeyRing
from longwave.services import assessment as assessments
from longwave.services import randomisation, withdrawal
from longwave.services import study as studies
from longwave.services.staff import add_staff
from longwave.storage.database import Database
from longwave.storage.tables import Answer, Approval, Assessment, Event, Message, Participant, Study

KEYS = KeyRing("x" * 40)
APPROVAL = {
    "reference": "2026/17",
    "approver": "Ethics Committee",
    "approved_on": date(2026, 1, 15),
    "registry_id": "NCT00000000",
}
SAFE = ()


@pytest.fixture
def database(database_url):
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def files():
    return resources.protocol_files(resources.protocols_directory() / "msc_burnout_rct")


def licensed(files=FILES):
    """The small trial with wordings that are no placeholders."""
    return {
        name: content.replace(b"placeholder: true\n", b"") if "wordings" in name else content
        for name, content in files.items()
    }


def edited(files, before, after, name="protocol.yaml"):
    text = files[name].decode()
    assert before in text
    return {**files, name: text.replace(before, after).encode()}


def add(database, files):
    with database.writing() as session:
        return studies.add_study(session, files, actor="test", now=START)


def act(database, what, *args, **how):
    with database.writing() as session:
        return what(session, *args, viewer=OPENER, now=START, **how)


def approve(database, slug=SLUG, **changes):
    return act(database, studies.approve_study, slug, keys=KEYS, **{**APPROVAL, **changes})


def open_(database, slug=SLUG, *, trial_run=False, unsafe=SAFE):
    return act(database, studies.open_study, slug, trial_run=trial_run, keys=KEYS, unsafe=unsafe)


def events(database, kind=""):
    with database.reading() as session:
        found = session.exec(select(Event).order_by(Event.id))
        return [event for event in found if event.kind.startswith(kind)]


# --- a draft, and practising with it -------------------------------------------------------------


def test_a_study_is_added_as_a_draft_and_opens_as_a_trial_run(database, files):
    assert add(database, files).state == "draft"
    study = open_(database, "msc-clinicians", trial_run=True)
    assert (study.mode, study.state, study.opened_at) == ("trial_run", "open", START)


def test_a_trial_run_may_open_with_lists_that_are_given(database):
    add(database, edited(FILES, "method: permuted_blocks", "method: list"))
    lists = {f"site={site}": ["active", "waitlist"] for site in ("north", "south")}
    study = act(database, studies.open_study, SLUG, trial_run=True, keys=KEYS, lists=lists)
    assert studies.sealed_settings(study, KEYS).lists == {
        stratum: tuple(arms) for stratum, arms in lists.items()
    }


def test_the_stored_protocol_is_the_one_that_was_read(database, files):
    add(database, files)
    with database.reading() as session:
        study = studies.get_study(session, "msc-clinicians")
        protocol = studies.current_protocol(session, study)
        assert protocol.hash == studies.current_version(session, study).hash
    assert protocol == read_protocol(files)


def test_a_second_study_of_the_same_name_is_refused(database, files):
    add(database, files)
    with pytest.raises(InvalidInputError, match="msc-clinicians"):
        add(database, files)


def test_a_trial_run_opens_once_and_never_becomes_live(database, files):
    add(database, files)
    open_(database, "msc-clinicians", trial_run=True)
    for trial_run in (True, False):
        with pytest.raises(RefusedTransitionError, match=r"is open \(a trial run\)"):
            open_(database, "msc-clinicians", trial_run=trial_run)
    with pytest.raises(RefusedTransitionError, match="cannot be approved"):
        approve(database, "msc-clinicians")


def test_an_unknown_study_is_named(database):
    with database.reading() as session, pytest.raises(NotFoundError, match="atlantis"):
        studies.get_study(session, "atlantis")


def test_a_refused_opening_leaves_no_trace(database, files):
    add(database, files)
    with pytest.raises(RefusedTransitionError):
        open_(database, "msc-clinicians")
    assert [event.kind for event in events(database)] == ["study.added"]
    with database.reading() as session:
        assert session.exec(select(Study)).one().sealed is None


# --- approval ------------------------------------------------------------------------------------


def test_an_approval_is_kept_with_who_gave_it_when_and_where_it_is_registered(database):
    add(database, licensed())
    study = approve(database)
    assert (study.state, study.mode) == ("approved", "live")
    with database.reading() as session:
        (row,) = session.exec(select(Approval))
    assert (row.reference, row.approver, row.registry_id) == (
        "2026/17",
        "Ethics Committee",
        "NCT00000000",
    )
    (event,) = events(database, "study.approved")
    assert event.payload == {
        "reference": "2026/17",
        "approver": "Ethics Committee",
        "approved_on": "2026-01-15",
        "registry": "NCT00000000",
        "hash": read_protocol(licensed()).hash,
        "commitment": study.commitment,
    }


def test_a_study_that_need_not_be_registered_says_why(database):
    add(database, licensed())
    approve(database, registry_id=None, exemption="a service evaluation")
    (event,) = events(database, "study.approved")
    assert event.payload["exemption"] == "a service evaluation"
    assert "registry" not in event.payload


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reference": " ", "approver": ""}, {"reference", "approver"}),
        ({"registry_id": None}, {"registry_id"}),
        ({"registry_id": " ", "reference": ""}, {"registry_id", "reference"}),
        ({"exemption": "none needed"}, {"exemption"}),
        ({"approved_on": START.date() + timedelta(days=1)}, {"approved_on"}),
    ],
)
def test_an_approval_that_is_not_complete_is_refused_with_all_that_it_lacks(
    database, changes, fields
):
    add(database, licensed())
    with pytest.raises(InvalidInputError, match="not complete") as caught:
        approve(database, **changes)
    assert set(caught.value.fields) == fields
    with database.reading() as session:
        assert session.exec(select(Study)).one().state == "draft"


def test_the_commitment_is_fixed_at_approval(database):
    add(database, licensed())
    committed = approve(database).commitment
    assert len(committed) == 64
    with database.reading() as session:
        study = studies.get_study(session, SLUG)
        assert studies.sealed_settings(study, KEYS).commitment() == committed
    assert open_(database).commitment == committed
    (event,) = events(database, "study.opened")
    assert event.payload["commitment"] == committed


def test_a_study_is_approved_once(database):
    add(database, licensed())
    approve(database)
    with pytest.raises(RefusedTransitionError, match="is approved and cannot be approved"):
        approve(database)


INLINE = edited(licensed(), "after: w0}\nwaves", "after: w0, sealed: {block_sizes: [4]}}\nwaves")


def test_settings_in_the_open_are_refused_at_approval_and_allowed_for_practice(database):
    add(database, INLINE)
    with pytest.raises(RefusedTransitionError, match="tells the settings"):
        approve(database)
    assert open_(database, trial_run=True).state == "open"


def test_lists_are_sealed_at_approval(database):
    files = edited(licensed(), "method: permuted_blocks", "method: list")
    add(database, files)
    with pytest.raises(InvalidInputError):
        approve(database)
    lists = {f"site={site}": ["active", "waitlist"] * 3 for site in ("north", "south")}
    approve(database, lists=lists)
    with database.reading() as session:
        settings = studies.sealed_settings(studies.get_study(session, SLUG), KEYS)
    assert {name: list(arms) for name, arms in settings.lists.items()} == lists


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ({"site=north": ["active", "waitlist"]}, "no row for site=south"),
        ({"site=north": ["active"], "site=south": ["active"]}, "No row allocates to waitlist"),
        ({"all": ["active", "waitlist"]}, "'all': there is no such stratum"),
        (
            {f"site={site}": ["active", "waitlist"] for site in ("north", "south", "moon")},
            "'site=moon': there is no such stratum",
        ),
        ({"site=north": ["active", "waitlist"], "site=south": []}, "no row for site=south"),
    ],
)
def test_lists_by_which_not_everybody_could_be_allocated_are_not_sealed(database, lists, told):
    add(database, edited(licensed(), "method: permuted_blocks", "method: list"))
    with pytest.raises(InvalidInputError, match=told):
        approve(database, lists=lists)
    assert events(database, "study.approved") == []


# --- opening -------------------------------------------------------------------------------------


def test_opening_records_the_hash_of_the_protocol_and_of_its_planned_analysis(database, files):
    add(database, files)
    open_(database, "msc-clinicians", trial_run=True)
    (event,) = events(database, "study.opened")
    planned = yaml.safe_load(files["protocol.yaml"])["analysis"]
    canonical = json.dumps(planned, sort_keys=True, separators=(",", ":"))
    assert event.payload["hash"] == read_protocol(files).hash
    assert event.payload["analysis_hash"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert event.payload["mode"] == "trial_run"


def test_a_live_study_opens_once_all_is_in_order(database):
    add(database, licensed())
    approve(database)
    study = open_(database)
    assert (study.mode, study.state, study.opened_at) == ("live", "open", START)
    with pytest.raises(RefusedTransitionError, match="is open and cannot be opened"):
        open_(database)


def test_everything_that_keeps_a_live_study_from_opening_is_told_at_once(database, files):
    files = edited(FILES, "languages: [en, tr]", "languages: [en, fr]")
    files = {name.replace("tr.", "fr."): content for name, content in files.items()}
    files = {
        name: content.replace(b"tr:", b"fr:").replace(b"language: tr", b"language: fr")
        for name, content in files.items()
    }
    files = edited(files, "after: w0}\nwaves", "after: w0, sealed: {block_sizes: [4]}}\nwaves")
    add(database, files)
    with pytest.raises(RefusedTransitionError) as caught:
        open_(database, unsafe=("the key is known", "no mail"))
    for reason in (
        "it is a draft, not approved",
        "no approval of the version",
        "placeholder wordings: rest (en), rest (fr)",
        "a language is missing: the pages (fr)",
        "settings of its randomisation stand in the protocol",
        "the key is known",
        "no mail",
    ):
        assert reason in caught.value.message


def test_a_live_study_does_not_open_on_placeholder_wordings(database, files):
    add(database, files)
    approve(database, "msc-clinicians")
    with pytest.raises(RefusedTransitionError, match=r"placeholder wordings: bat_12 \(ar\)"):
        open_(database, "msc-clinicians")


def test_a_live_study_does_not_open_until_the_permissions_are_recorded(database):
    asking = "licence: {terms: Ask the owner., commercial: ask}"
    files = edited(licensed(), "licence: made for tests", asking, "instruments/rest.yaml")
    add(database, files)
    approve(database)
    with pytest.raises(RefusedTransitionError, match=r"no permission is recorded .* for rest"):
        open_(database)
    recorded = "permissions: {rest: {by: Owner, reference: L1, date: 2026-01-02}}\nstudy:"
    how = {"reference": "A1", "approver": "EC", "approved_on": START.date()}
    with pytest.raises(RefusedTransitionError, match="no permission is recorded"):
        amend(database, edited(files, "during long", "during all"), **how)
    amend(database, edited(files, "\nstudy:", f"\n{recorded}"), **how)
    assert open_(database).state == "open"


def test_a_live_study_does_not_open_where_nobody_looked_at_the_configuration(database):
    add(database, licensed())
    approve(database)
    with pytest.raises(RefusedTransitionError, match="nobody has looked"):
        act(database, studies.open_study, SLUG, trial_run=False, keys=KEYS)


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "viewer",
    [
        *(Viewer("x", role, blinded=False) for role in Role if role is not Role.OWNER),
        Viewer("x", Role.OWNER, blinded=False, sites=frozenset({"north"})),
    ],
    ids=lambda viewer: f"{viewer.role}{' of a site' if viewer.sites else ''}",
)
def test_only_an_owner_of_the_whole_study_takes_it_on(database, viewer):
    add(database, licensed())
    common = {"viewer": viewer, "now": START}
    for step in (
        lambda s: studies.approve_study(s, SLUG, keys=KEYS, **APPROVAL, **common),
        lambda s: studies.open_study(s, SLUG, trial_run=True, keys=KEYS, **common),
        lambda s: studies.close_enrolment(s, SLUG, **common),
        lambda s: studies.lock_study(s, SLUG, **common),
        lambda s: studies.archive_study(s, SLUG, **common),
        lambda s: studies.amend_study(s, SLUG, licensed(), **common),
    ):
        with database.writing() as session, pytest.raises(NotAllowedError):
            step(session)


# --- the end -------------------------------------------------------------------------------------


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()


def end(lab, step, **how):
    with lab.database.writing() as session:
        return step(session, lab.slug, viewer=OPENER, now=lab.now, **how)


def test_a_closed_study_takes_nobody_more_and_goes_on_with_those_who_are_in(lab):
    person = lab.enrol()
    study = end(lab, studies.close_enrolment)
    assert (study.state, study.closed_at) == ("closed", lab.now)
    with pytest.raises(RefusedTransitionError, match="does not take new participants"):
        lab.screen()
    lab.complete(person, "w0")
    assert lab.statuses(person)["w1"] == "scheduled"
    with pytest.raises(RefusedTransitionError, match="is closed"):
        end(lab, studies.close_enrolment)


def test_a_study_with_unfinished_assessments_is_not_locked_and_their_number_is_told(lab):
    lab.randomise()
    end(lab, studies.close_enrolment)
    unfinished = [row for row in lab.rows(Assessment) if row.status == "scheduled"]
    with pytest.raises(RefusedTransitionError, match=f": {len(unfinished)} assessments"):
        end(lab, studies.lock_study)


def test_an_early_lock_ends_what_is_under_way_and_cancels_what_is_to_come(lab):
    done, begun, waiting = lab.randomise(), lab.enrol(), lab.enrol()
    lab.fill(begun, "w0", pages=1)
    end(lab, studies.close_enrolment)
    with pytest.raises(InvalidInputError, match="needs a reason"):
        end(lab, studies.lock_study, early=True, reason=" ")
    study = end(lab, studies.lock_study, early=True, reason="stopped by the board")
    assert (study.state, study.locked_at) == ("locked", lab.now)
    assert set(lab.statuses(done).values()) == {"completed", "cancelled"}
    assert lab.statuses(begun) == {"w0": "partial"}
    assert lab.statuses(waiting) == {"w0": "expired"}
    assert {row.state for row in lab.rows(Message)} <= {"sent", "cancelled"}
    told = {
        event.kind: event for event in lab.rows(Event) if event.kind.startswith(("assess", "study"))
    }
    assert told["study.locked"].payload == {"reason": "stopped by the board"}
    assert len(told["assessment.partial"].payload["answers"]) == 64
    assert told["assessment.cancelled"].actor == "test"


def test_a_locked_study_leaves_nothing_that_a_sweep_would_look_at(make_lab):
    after_w3 = "crossover: {programme: msc8, after: w3}"
    lab = make_lab({after_w3: "crossover: {programme: msc8, at: P8W, from: randomisation}"})
    for _ in range(6):
        lab.randomise()
    lab.fill(lab.enrol(), "w0", pages=1)
    assert any(row.crossover_due_at for row in lab.rows(Participant))
    end(lab, studies.close_enrolment)
    end(lab, studies.lock_study, early=True, reason="r")
    assert {row.status for row in lab.rows(Assessment)} <= {"completed", "partial", "cancelled"}
    assert not any(row.crossover_due_at for row in lab.rows(Participant))


def test_nothing_is_answered_or_sent_after_the_lock(lab):
    person = lab.enrol()
    end(lab, studies.close_enrolment)
    end(lab, studies.lock_study, early=True, reason="r")
    sent = len(lab.transport.mails)
    lab.wait(days=20)
    assert len(lab.transport.mails) == sent
    with pytest.raises(LongwaveError, match="cannot be answered"):
        lab.fill(person, "w0")


def test_an_answer_that_was_on_its_way_is_in_before_an_early_lock_ends_it(lab):
    person = lab.enrol()
    lab.begin(person, "w0")
    end(lab, studies.close_enrolment)
    locking = threading.Thread(
        target=end, args=(lab, studies.lock_study), kwargs={"early": True, "reason": "r"}
    )
    with lab.database.writing() as session:
        assessment = lab._assessment(session, person, "w0")
        instrument = lab.protocol.wave("w0").instruments[0]
        item = lab.protocol.instruments[instrument].items[0].id
        assessments.save_item(session, assessment, instrument, item, "3", now=lab.now)
        locking.start()
        locking.join(0.3)
        assert locking.is_alive()  # it waits for whoever enters something
    locking.join(30)
    assert lab.statuses(person) == {"w0": "partial"}
    assert [answer.value for answer in lab.rows(Answer)] == ["3"]
    with pytest.raises(LongwaveError):
        lab.fill(person, "w0")


def test_a_blinded_owner_who_locks_is_not_told_of_waves_that_tell_the_arm(database_url):
    lab = Lab(database_url, edits=LATE_WAVE)
    try:
        lab.randomise(), lab.randomise()
        end(lab, studies.close_enrolment)
        left = [row.wave for row in lab.rows(Assessment) if row.status == "scheduled"]
        assert "late" in left
        blinded = Viewer("x", Role.OWNER, blinded=True)
        told = {}
        for viewer in (OPENER, blinded):
            with (
                lab.database.writing() as session,
                pytest.raises(RefusedTransitionError) as caught,
            ):
                studies.lock_study(session, lab.slug, viewer=viewer, now=lab.now)
            told[viewer.blinded] = int(re.search(r": (\d+) assess", caught.value.message).group(1))
        assert told == {False: len(left), True: len([wave for wave in left if wave != "late"])}
    finally:
        lab.close()


LATE_WAVE = {
    "\nprogrammes:\n": """
  - {id: late, label: {en: Late, tr: L, ar: L}, anchor: programme, target: P2W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}

programmes:
"""
}


def test_a_study_is_locked_once_all_is_over_and_then_archived(lab):
    person = lab.randomise()
    with pytest.raises(RefusedTransitionError, match="is open"):
        end(lab, studies.lock_study)
    with lab.database.writing() as session:
        withdrawal.withdraw(session, session.get_one(Participant, person), now=lab.now)
    end(lab, studies.close_enrolment)
    with pytest.raises(RefusedTransitionError, match="is closed"):
        end(lab, studies.archive_study)
    assert end(lab, studies.lock_study).state == "locked"
    assert end(lab, studies.archive_study).state == "archived"
    with lab.database.reading() as session:
        assert randomisation.verify(session, lab.slug, keys=lab.keys).passed
    for step in (studies.close_enrolment, studies.lock_study, studies.archive_study):
        with pytest.raises(RefusedTransitionError, match="is archived"):
            end(lab, step)


# --- amendments ----------------------------------------------------------------------------------

NEW_CONSENT = {
    **edited(licensed(), 'version: "1.0"\n  document', 'version: "2.0"\n  document'),
    "consent/en.md": b"# Consent, second version\n",
}


def amend(database, files, **how):
    return act(database, studies.amend_study, SLUG, files, **how)


def test_an_amendment_is_another_version_that_is_in_force_at_once(database):
    add(database, licensed())
    open_(database, trial_run=True)
    with database.writing() as session:
        before = studies.current_protocol(session, studies.get_study(session, SLUG))
        version = studies.amend_study(session, SLUG, NEW_CONSENT, viewer=OPENER, now=START)
        after = studies.current_protocol(session, studies.get_study(session, SLUG))
    assert (before.consent.version, after.consent.version) == ("1.0", "2.0")
    assert (version.number, version.hash) == (2, after.hash)
    (event,) = events(database, "study.amended")
    assert event.payload == {"number": 2, "hash": after.hash, "consent": "2.0"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("long working days", "very long working days"),
        ("reminders: [P3D]", "reminders: [P2D, P5D]"),
        ("rule:", "caps: [{most: 30}]\n  rule:"),
    ],
)
def test_summary_messages_and_caps_can_be_amended(database, before, after):
    add(database, licensed())
    open_(database, trial_run=True)
    assert amend(database, edited(licensed(), before, after)).number == 2


def test_a_wording_can_be_amended(database):
    add(database, FILES)
    open_(database, trial_run=True)
    assert amend(database, licensed()).number == 2


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("anchor: randomisation", "anchor: enrolment", r"waves\[1\].anchor"),
        ("instruments: [rest, load]", "instruments: [rest]", r"waves\[0\].instruments"),
        ("target_n: 40", "target_n: 50", "study.target_n"),
        ("ratio: {active: 1,", "ratio: {active: 2,", "randomisation.ratio.active"),
        ("sessions: 4", "sessions: 5", "programmes.course.sessions"),
        ("age >= 18", "age >= 17", "eligibility.rule"),
        ("tr: Güney Hastanesi}", "tr: Güney}", r"sites.south.label.tr"),
        ("I have read this document.", "I read it.", r"consent.statements\[0\].label.en"),
        ("  south: {", "  west: {label: {en: W, tr: W}}\n  south: {", r"sites.west"),
    ],
)
def test_what_an_amendment_cannot_change_is_named(database, before, after, path):
    add(database, licensed())
    open_(database, trial_run=True)
    with pytest.raises(InvalidInputError, match=f"cannot change .*{path}"):
        amend(database, edited(licensed(), before, after))
    assert events(database, "study.amended") == []


def test_an_amendment_that_changes_nothing_is_refused(database):
    add(database, licensed())
    with pytest.raises(InvalidInputError, match="in force already"):
        amend(database, licensed())


def test_a_new_consent_document_needs_a_new_version(database):
    add(database, licensed())
    with pytest.raises(InvalidInputError, match=r"consent\.version does not"):
        amend(database, {**licensed(), "consent/en.md": b"# Another\n"})


def test_a_consent_document_cannot_come_under_the_version_of_an_earlier_one(database):
    add(database, licensed())
    open_(database, trial_run=True)
    amend(database, NEW_CONSENT)
    with pytest.raises(InvalidInputError, match=r"consent\.version does not.* 1\.0 already"):
        amend(database, {**licensed(), "consent/en.md": b"# A third\n"})
    assert amend(database, licensed()).number == 3  # the very first one again


def test_the_amendment_of_an_approved_study_carries_its_own_approval(database):
    add(database, licensed())
    approve(database)
    with pytest.raises(InvalidInputError, match="an approval of its own") as caught:
        amend(database, NEW_CONSENT)
    assert set(caught.value.fields) == {"reference", "approver", "approved_on"}
    how = {"reference": "2026/17-A1", "approver": "EC", "approved_on": START.date()}
    amend(database, NEW_CONSENT, **how)
    assert open_(database).state == "open"
    first, second = events(database, "study.approved")
    assert second.payload["reference"] == "2026/17-A1"
    assert second.payload["registry"] == first.payload["registry"]
    assert second.payload["commitment"] == first.payload["commitment"]
    assert second.payload["hash"] != first.payload["hash"]


def test_a_live_study_cannot_be_amended_to_placeholders(database):
    add(database, licensed())
    approve(database)
    how = {"reference": "r", "approver": "a", "approved_on": START.date()}
    with pytest.raises(RefusedTransitionError, match="placeholder wordings"):
        amend(database, FILES, **how)


def test_what_is_locked_stays_as_it_is(database):
    add(database, licensed())
    open_(database, trial_run=True)
    act(database, studies.close_enrolment, SLUG)
    act(database, studies.lock_study, SLUG)
    with pytest.raises(RefusedTransitionError, match="is locked"):
        amend(database, NEW_CONSENT)


# --- somebody has to be told ---------------------------------------------------------------------

WATCHED = {
    **edited(
        licensed(),
        "messages: {reminders: [P3D]}\n",
        "messages: {reminders: [P3D]}\nsafety:\n"
        "  - {id: worn, when: rest.total >= 4, show: help, alert: coordinator}\n",
    ),
    "texts/help/en.md": b"# Help\n",
    "texts/help/tr.md": b"# Help\n",
}


def employ(database, role, site=None):
    with database.writing() as session:
        name = f"{role}-{site}@example.org"
        add_staff(session, name, Role(role), blinded=False, study=SLUG, site=site, now=START)


def test_a_live_study_does_not_open_while_an_alert_would_reach_nobody(database):
    add(database, WATCHED)
    approve(database)
    with pytest.raises(RefusedTransitionError, match="worn at north, south would reach nobody"):
        open_(database)
    employ(database, "coordinator", "north")
    employ(database, "analyst")
    with pytest.raises(RefusedTransitionError, match="worn at south would reach nobody"):
        open_(database)
    employ(database, "coordinator", "south")
    assert open_(database).state == "open"


def test_a_trial_run_opens_without_a_team(database):
    add(database, WATCHED)
    assert open_(database, trial_run=True).state == "open"


def test_an_open_live_study_is_not_amended_to_alerts_that_reach_nobody(database):
    add(database, licensed())
    approve(database)
    open_(database)
    how = {"reference": "A1", "approver": "EC", "approved_on": START.date()}
    with pytest.raises(RefusedTransitionError, match="would reach nobody"):
        amend(database, WATCHED, **how)
    employ(database, "owner")
    assert amend(database, WATCHED, **how).number == 2
