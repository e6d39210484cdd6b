"""Exports of a study that was really run, on both databases: complete, blinded, noted."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from sqlalchemy import text

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, LongwaveError, NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.services import audit, withdrawal
from longwave.services.export import (
    Unblinding,
    export_study,
    read_study,
    record_unblinding,
    write_study,
)
from longwave.storage import trail
from longwave.storage.tables import Allocation, Event, Participant

SEEING = Viewer("owner", Role.OWNER, blinded=False)
BLINDED = Viewer("analyst", Role.ANALYST, blinded=True)


@pytest.fixture
def cohort(lab):
    """Six randomised, of whom one withdrew and one paused; one enrolled; one only screened."""
    people = [lab.randomise() for _ in range(6)]
    lab.enrol()
    lab.screen()
    lab.wait(days=7)
    with lab.database.writing() as session:
        withdrawal.withdraw(session, session.get_one(Participant, people[0]), now=lab.now)
        withdrawal.pause_messages(session, session.get_one(Participant, people[1]), now=lab.now)
    lab.wait(days=22)
    lab.complete(people[2], "w1", "3")
    lab.fill(people[3], "w1", "4", pages=1)
    lab.wait(days=30)
    lab.people = people
    return lab


def export(lab, directory, viewer=SEEING, **how):
    with lab.database.writing() as session:
        return export_study(session, lab.slug, directory, viewer=viewer, now=lab.now, **how)


def permit_updates(session, name):
    """Take the guard off a table that is append-only."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        return
    found = connection.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name"),
        {"name": name},
    )
    for trigger in list(found.scalars()):
        connection.execute(text(f"DROP TRIGGER {trigger}"))


def table(directory, name):
    return pd.read_csv(directory / f"{name}.csv", dtype={"instrument_version": str})


def test_an_export_holds_what_happened(cohort, tmp_path):
    manifest = export(cohort, tmp_path / "data", unblinded=True, reason="a test")
    participants = table(tmp_path / "data", "participants")
    assert len(participants) == 7
    assert manifest.left_out == {"screened": 1, "ineligible": 0}
    assert participants["arm"].notna().sum() == 6
    assert set(participants["follow_up"]) == {"active", "withdrawn"}
    public = {i: cohort.participant(i).public_id for i in cohort.people}
    w1 = table(tmp_path / "data", "assessments").query("wave == 'w1'")
    w1 = w1.set_index("participant_id")
    reasons = w1["missing_reason"].to_dict()
    assert [reasons[public[i]] for i in cohort.people[:2]] == ["withdrawn", "paused"]
    assert pd.isna(reasons[public[cohort.people[2]]])
    assert w1.loc[public[cohort.people[2]], "status"] == "completed"
    assert w1.loc[public[cohort.people[2]], "in_window"] == 1
    assert w1.loc[public[cohort.people[3]], "status"] == "partial"
    assert {reasons[public[i]] for i in cohort.people[4:]} == {"unopened"}
    (stranger,) = set(reasons) - set(public.values())
    assert reasons[stranger] == "not_planned"


def test_answers_and_scores_are_those_that_were_given(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    answers = table(tmp_path / "data", "answers").query("wave == 'w1'")
    who = {n: cohort.participant(cohort.people[n]).public_id for n in (2, 3)}
    assert set(answers["participant_id"]) == set(who.values())
    whole = answers[answers["participant_id"] == who[2]]
    assert (whole["value"] == 3).all()
    part = answers[answers["participant_id"] == who[3]]
    first = cohort.protocol.wave("w1").instruments[0]
    assert (part.loc[part["instrument"] == first, "value"] == 4).all()
    assert set(part.loc[part["instrument"] != first, "missing_reason"]) == {"not_reached"}
    panel = table(tmp_path / "data", "panel").set_index("participant_id")
    (total,) = (c for c in panel if c.startswith(first) and c.endswith("_total__w1"))
    assert panel.loc[who[2], total] == 3


def test_no_name_address_or_date_is_in_an_export(cohort, tmp_path):
    export(cohort, tmp_path / "data", unblinded=True, reason="a test")
    for name in ("participants", "assessments", "answers", "scores", "panel", "doses"):
        content = (tmp_path / "data" / f"{name}.csv").read_text()
        for personal in ("A Person", "clinic.example", "2026-"):
            assert personal not in content


def test_the_arms_are_left_out_unless_asked_for(cohort, tmp_path):
    manifest = export(cohort, tmp_path / "data")
    assert manifest.blinded
    assert "arm" not in table(tmp_path / "data", "participants")
    assert [event.kind for event in cohort.rows(Event) if event.kind.startswith("export")] == []


def test_an_unblinded_export_is_noted_with_its_reason(lab, tmp_path):
    manifest = export(lab, tmp_path / "data", unblinded=True, reason=" for the board ")
    event = lab.rows(Event)[-1]
    assert (event.kind, event.actor) == ("export.unblinded", "owner")
    assert event.payload == {"reason": "for the board", "role": "owner"}
    assert (manifest.blinded, manifest.reason) == (False, "for the board")


@pytest.mark.parametrize(
    ("viewer", "reason", "error", "message"),
    [
        (SEEING, None, InvalidInputError, "needs a reason"),
        (SEEING, "  ", InvalidInputError, "needs a reason"),
        (BLINDED, "curiosity", NotAllowedError, "You are blinded"),
    ],
)
def test_an_unblinding_without_reason_or_right_is_refused(
    lab, tmp_path, viewer, reason, error, message
):
    with pytest.raises(error, match=message):
        export(lab, tmp_path / "data", viewer, unblinded=True, reason=reason)
    assert not (tmp_path / "data").exists()
    assert "export.unblinded" not in {event.kind for event in lab.rows(Event)}


def test_a_blinded_viewer_gets_a_blinded_export(lab, tmp_path):
    assert export(lab, tmp_path / "data", BLINDED).blinded


def test_nothing_in_a_blinded_export_depends_on_the_allocations(cohort, tmp_path):
    export(cohort, tmp_path / "one", formats=("csv", "parquet", "sav", "dta"))
    with cohort.database.writing() as session:
        permit_updates(session, "allocation")
        session.connection().execute(
            text("UPDATE allocation SET arm = CASE arm WHEN 'waitlist' THEN 'x' ELSE 'y' END")
        )
        late = session.get_one(Participant, cohort.people[4])
        late.crossover_at = cohort.now
        audit.record(
            session,
            None,
            "participant.crossed_over",
            {},
            actor="test",
            now=cohort.now,
            participant=late,
        )
    export(cohort, tmp_path / "two", formats=("csv", "parquet", "sav", "dta"))
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_the_same_cut_off_gives_the_same_bytes_whatever_else_goes_on(cohort, tmp_path):
    first = export(cohort, tmp_path / "one", unblinded=True, reason="r")
    with cohort.database.writing() as session:
        audit.seal(session, upto=trail.horizon(session), keys=cohort.keys, now=cohort.now)
    second = export(cohort, tmp_path / "two", unblinded=True, reason="r")
    assert first == second
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_later_answer_moves_the_cut_off(cohort, tmp_path):
    before = export(cohort, tmp_path / "data")
    cohort.now = cohort.now.replace(microsecond=1)
    cohort.enrol()
    after = export(cohort, tmp_path / "data")
    assert datetime.fromisoformat(after.cut_off) > datetime.fromisoformat(before.cut_off)
    assert after.rows["participants"] == before.rows["participants"] + 1


def test_an_unknown_study_is_named(lab, tmp_path):
    with (
        lab.database.reading() as session,
        pytest.raises(NotFoundError, match="no study called nowhere"),
    ):
        export_study(session, "nowhere", tmp_path / "data", viewer=SEEING, now=lab.now)


def test_a_study_without_participants_can_be_exported(lab, tmp_path):
    manifest = export(lab, tmp_path / "data")
    assert set(manifest.rows.values()) == {0}


def test_an_export_can_be_made_in_sessions_that_nobody_waits_for(cohort, tmp_path):
    with cohort.database.writing() as session:
        permit = record_unblinding(session, cohort.slug, viewer=SEEING, reason="r", now=cohort.now)
    with cohort.database.reading() as session:
        data = read_study(session, cohort.slug, unblinding=permit)
    manifest = write_study(data, tmp_path / "data")
    assert manifest == export(cohort, tmp_path / "again", unblinded=True, reason="r")
    assert data.protocol.hash == manifest.protocol_hash


def test_a_permission_for_another_study_is_none(lab):
    with lab.database.reading() as session, pytest.raises(LongwaveError, match="is for other"):
        read_study(session, lab.slug, unblinding=Unblinding("other", "r"))


def test_each_arm_of_an_unblinded_export_is_that_of_the_allocation(cohort, tmp_path):
    export(cohort, tmp_path / "data", unblinded=True, reason="a test")
    arms = table(tmp_path / "data", "participants").set_index("participant_id")["arm"].dropna()
    stored = {
        cohort.participant(row.participant_id).public_id: row.arm for row in cohort.rows(Allocation)
    }
    assert arms.to_dict() == stored
