"""From protocol to estimate through real HTTP, SMTP and both databases, step by step.

Each test looks at one step of the same journey, so that a failure names the step.
"""

from __future__ import annotations

import email
import email.policy
import json
from collections import Counter

import pytest

from longwave.domain.randomisation import arm_at
from longwave.keys import KeyRing
from longwave.rehearsal.catcher import link_in
from longwave.services import audit
from longwave.services.study import sealed_settings
from longwave.storage.tables import (
    Allocation,
    Answer,
    Assessment,
    Attempt,
    Consent,
    Event,
    Message,
    Participant,
    ProtocolVersion,
    Study,
)

pytestmark = pytest.mark.slow

WAVES = ["w0", "w1", "w2", "w3", "w4"]


def test_the_study_is_open_as_a_trial_run(journey):
    (study,) = journey.rows(Study)
    assert (study.slug, study.mode, study.state) == ("msc-clinicians", "trial_run", "open")


def test_everybody_who_was_eligible_enrolled_and_consented(journey):
    people = journey.rows(Participant)
    stages = Counter(person.stage for person in people)
    assert len(people) == 63 and stages["ineligible"] == 3
    assert len(journey.rows(Consent)) == 60
    assert all(person.screening is None for person in people if person.stage == "ineligible")


def test_everybody_who_completed_the_baseline_was_randomised_from_the_sealed_list(journey):
    (study,) = journey.rows(Study)
    secret = journey.result.settings.secret_key.get_secret_value()
    settings = sealed_settings(study, KeyRing(secret))
    allocations = journey.rows(Allocation)
    baselines = [row for row in journey.rows(Assessment) if row.wave == "w0"]
    assert len(allocations) == sum(row.status == "completed" for row in baselines)
    for row in allocations:
        assert row.arm == arm_at(settings, row.list, row.position)
    positions = Counter(row.list for row in allocations)
    assert {(row.list, row.position) for row in allocations} == {
        (name, place) for name, size in positions.items() for place in range(size)
    }


def test_every_mail_went_over_smtp_once_with_the_link_of_its_assessment(journey):
    sent = {row.mail_id for row in journey.rows(Message) if row.state == "sent"}
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (journey.folder / "mail").glob("*.eml")
    ]
    caught = Counter(str(mail["Message-ID"]).strip("<>") for mail in mails)
    assert set(caught) == sent and set(caught.values()) == {1}
    about_assessments = [row for row in journey.rows(Message) if row.assessment_id is not None]
    assert sum(link_in(mail) is not None for mail in mails) == sum(
        row.state == "sent" for row in about_assessments
    )
    assert {row.outcome for row in journey.rows(Attempt)} == {"sent"}


def test_people_of_every_language_take_part_and_are_written_to_in_their_own(journey):
    languages = {person.id: person.language for person in journey.rows(Participant)}
    invited = Counter(
        languages[row.participant_id]
        for row in journey.rows(Message)
        if row.kind == "invitation" and row.state == "sent"
    )
    assert set(invited) == {"en", "tr", "ar"}
    subjects = Counter(
        str(email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"])
        for path in (journey.folder / "mail").glob("*.eml")
    )
    assert subjects["استبيانك التالي جاهز"] == invited["ar"]
    assert subjects["Sonraki anketiniz hazır"] == invited["tr"]


def test_no_subject_or_sender_tells_the_topic(journey):
    for path in (journey.folder / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        told = f"{mail['Subject']} {mail['From']}".lower()
        assert not any(word in told for word in ("burnout", "compassion", "arm", "msc"))


def test_every_assessment_was_answered_through_its_link_in_its_window(journey):
    for row in journey.rows(Assessment):
        if row.status == "completed":
            assert row.opens_at <= row.opened_at <= row.started_at <= row.submitted_at
            assert row.submitted_at < row.closes_at


def test_some_were_late_skipped_items_dropped_out_and_withdrew(journey):
    statuses = Counter(row.status for row in journey.rows(Assessment))
    assert statuses["completed"] > 200 and statuses["expired"] > 5
    assert {"skipped", "refused"} <= {row.missing_reason for row in journey.rows(Answer)}
    assert "withdrawn" in {person.follow_up for person in journey.rows(Participant)}
    assert any(
        row.step.endswith("reminder-1") and row.state == "sent" for row in journey.rows(Message)
    )


def test_every_completed_assessment_has_its_one_event(journey):
    completed = [row for row in journey.rows(Assessment) if row.status == "completed"]
    events = [row for row in journey.rows(Event) if row.kind == "assessment.completed"]
    assert Counter((row.participant_id, row.wave) for row in completed) == Counter(
        (row.participant_id, row.payload["wave"]) for row in events
    )


def test_some_assessments_are_open_at_the_end_to_try(journey):
    waves = journey.result.overview.waves
    assert waves[-1].open >= 3


def test_waitlist_participants_cross_over_and_active_ones_do_not(journey):
    arms = {row.participant_id: row.arm for row in journey.rows(Allocation)}
    crossed = {person.id for person in journey.rows(Participant) if person.crossover_at}
    assert crossed and {arms[person] for person in crossed} == {"waitlist"}


def test_the_export_holds_every_answer_and_status_of_the_database(journey):
    exported = journey.exported("assessments")[["participant_id", "wave", "status"]]
    people = {row.id: row.public_id for row in journey.rows(Participant)}
    known = {(people[row.participant_id], row.wave, row.status) for row in journey.rows(Assessment)}
    assert known <= set(exported.itertuples(index=False, name=None))
    values = journey.exported("answers")["value"].notna().sum()
    assert values == sum(row.value is not None for row in journey.rows(Answer))


def test_the_manifest_fits_protocol_and_trail(journey):
    manifest = json.loads((journey.folder / "export" / "manifest.json").read_text())
    (version,) = journey.rows(ProtocolVersion)
    assert manifest["protocol_hash"] == version.hash
    assert manifest["trial_run"] is True


def test_the_trail_is_sealed_to_its_end(journey):
    secret = journey.result.settings.secret_key.get_secret_value()
    with journey.reading() as session:
        report = audit.verify(session, keys=KeyRing(secret))
    assert report.passed, report.findings
    assert report.unsealed == 0 and report.sealed == len(journey.rows(Event))


def test_both_models_were_estimated_for_both_arms(journey):
    assert not journey.result.failures
    for model in ("clpm", "riclpm"):
        effects = journey.result.beside_truth[model]
        assert set(effects["group"]) == {"active", "waitlist"}
        assert effects[["est", "ci_lower", "ci_upper", "true"]].notna().all().all()


def test_the_report_and_its_estimates_are_there(journey):
    assert (journey.folder / "analysis" / "report.html").stat().st_size > 1000
    assert (journey.folder / "analysis" / "estimates.csv").stat().st_size > 1000
