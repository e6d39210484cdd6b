"""The ledger in the export: what was planned and received, for those who may know of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from factories.programmes import TEAM

from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.services import courses
from longwave.services.export import export_study
from longwave.services.staff import add_staff

OWNER = Viewer("owner@lab.example", Role.OWNER, blinded=False)
LEADER = "leader@lab.example"


def export(lab, folder, **how):
    with lab.database.writing() as session:
        return export_study(session, lab.slug, folder, viewer=OWNER, now=lab.now, **how)


def unblinded(lab, folder, **how):
    return export(lab, folder, unblinded=True, reason="r", **how)


@pytest.fixture
def people(lab):
    """Two of a group after its first session, at which one of them was."""
    with lab.database.writing() as session:
        add_staff(session, LEADER, Role.FACILITATOR, blinded=False, now=lab.now)
    found = [lab.in_arm("active") for _ in range(2)]
    lab.group(zone="UTC", facilitator=LEADER, form="in_person")
    for person in found:
        lab.join(person)
    lab.study(courses.start_group, "msc8", "g1", datetime(2026, 2, 12, 18), viewer=TEAM)
    lab.now = datetime(2026, 2, 13, tzinfo=UTC)
    lab.wait(minutes=0)
    here, away = map(lab.public_id, found)
    how = {"present": {here: 75}, "absent": [away], "viewer": TEAM}
    lab.study(courses.attend, "msc8", "g1", 1, **how)
    return here, away


def test_doses_that_were_planned_by_the_cut_off_are_exported(lab, people, tmp_path):
    manifest = unblinded(lab, tmp_path / "data")
    assert manifest.rows["doses"] == 2
    doses = pd.read_csv(tmp_path / "data" / "doses.csv").set_index("participant_id")
    here, away = doses.loc[people[0]], doses.loc[people[1]]
    assert list(here[["programme", "group", "facilitator", "format", "session"]]) == [
        "msc8",
        "g1",
        "f1",
        "in_person",
        1,
    ]
    assert (here["planned"], here["done"], here["minutes"]) == (10, 10, 75)
    assert away["planned"] == 10
    assert pd.isna(away["done"])
    assert pd.isna(away["minutes"])
    assert LEADER not in (tmp_path / "data" / "doses.csv").read_text()


def test_a_blinded_export_has_no_doses_and_says_nothing_of_them(lab, people, tmp_path):
    manifest = export(lab, tmp_path / "data")
    assert "doses" not in manifest.rows
    assert not (tmp_path / "data" / "doses.csv").exists()
    for path in (tmp_path / "data").iterdir():
        assert "doses" not in path.read_text()
        assert "msc8" not in path.read_text()


def test_the_same_cut_off_gives_the_same_doses_whatever_is_planned_later(daily, tmp_path):
    person = daily.in_arm("active")
    daily.wait(days=2)
    daily.act(person, courses.log, number=1, minutes=5)
    before = unblinded(daily, tmp_path / "one")
    daily.wait(days=3)  # further days are released, and nobody does anything
    after = unblinded(daily, tmp_path / "two")
    assert before.cut_off == after.cut_off
    assert before.files == after.files
    assert before.rows["doses"] == 2
    daily.act(person, courses.log, number=2, minutes=5)
    assert unblinded(daily, tmp_path / "three").cut_off > after.cut_off


def test_an_attendance_that_is_entered_later_moves_the_cut_off(lab, people, tmp_path):
    before = unblinded(lab, tmp_path / "one")
    lab.wait(days=8)
    lab.study(courses.attend, "msc8", "g1", 2, present={people[0]: None}, viewer=TEAM)
    after = unblinded(lab, tmp_path / "two")
    assert after.cut_off > before.cut_off
    assert after.rows["doses"] == 4


def test_daily_practice_is_digital_and_has_no_group(daily, tmp_path):
    person = daily.in_arm("active")
    daily.wait(days=1)
    daily.act(person, courses.log, number=1, minutes=None)
    unblinded(daily, tmp_path / "data", formats=("csv", "parquet", "sav", "dta"))
    doses = pd.read_csv(tmp_path / "data" / "doses.csv")
    assert doses.loc[0, ["format", "session", "planned", "done", "minutes"]].tolist() == [
        "digital",
        1,
        0,
        1,
        8,
    ]
    assert doses["group"].isna().all()
    same = pd.read_parquet(tmp_path / "data" / "doses.parquet")
    assert same["minutes"].tolist() == doses["minutes"].tolist()


def test_the_codebook_tells_of_the_programmes_in_an_unblinded_export(lab, people, tmp_path):
    unblinded(lab, tmp_path / "data")
    book = json.loads((tmp_path / "data" / "codebook.json").read_text())
    assert [(plan["programme"], plan["sessions"]) for plan in book["programmes"]] == [("msc8", 8)]
    (table,) = [table for table in book["tables"] if table["name"] == "doses"]
    assert table["key"] == ["participant_id", "programme", "session"]
    package = json.loads((tmp_path / "data" / "datapackage.json").read_text())
    assert "doses" in [resource["name"] for resource in package["resources"]]
