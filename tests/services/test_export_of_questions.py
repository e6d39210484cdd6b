"""Answers of every kind, exported: what was shown, where it stood, and what is withheld."""

from __future__ import annotations

import json

import pandas as pd
import pyreadstat
import pytest
from factories.answering import ABOUT, EVENING, TRAIT_ANSWERS, come, save, save_one, submit
from factories.lab import Lab
from factories.questions import ASKED, FILES

from longwave.domain.blinding import Viewer
from longwave.domain.branching import visibility
from longwave.domain.errors import InvalidInputError, NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.services.assessment import REFUSED, Given
from longwave.services.export import export_study
from longwave.storage.tables import Answer, Event

OWNER = Viewer("owner", Role.OWNER, blinded=False)
BLINDED = Viewer("analyst", Role.ANALYST, blinded=True)
WRITTEN = '=SUM(A1); "quoted",\nsecond line — ünïcödé 4'


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, FILES)
    yield opened
    opened.close()


@pytest.fixture
def cohort(lab):
    """One answers all, one changes her mind about nights, one stops among the traits."""
    whole, changed, stopped = (come(lab) for _ in range(3))
    nights = {"works_nights": "yes", "nights": "9", "why": Given("team other", "Calm")}
    save(lab, whole, ABOUT | nights | {"role": Given("other", "Midwife")})
    save(lab, whole, TRAIT_ANSWERS, "traits")
    more = {"last_shift": "2026-02-28", "note": WRITTEN, "hours": REFUSED}
    save(lab, whole, EVENING | more, "evening")
    submit(lab, whole)
    save(lab, changed, ABOUT | {"works_nights": "yes", "nights": "9", "why": "pay"})
    save(lab, changed, {"works_nights": "no", "ward": "Ward 9"})
    save(lab, changed, dict.fromkeys(TRAIT_ANSWERS, "1"), "traits")
    save(lab, changed, EVENING | {"check": "green"}, "evening")
    submit(lab, changed)
    save(lab, stopped, ABOUT | {"works_nights": "yes"})
    save(lab, stopped, {"nights": "3"})
    for item in order(lab, stopped)[:3]:
        save_one(lab, stopped, item, Given("5", milliseconds=700), "traits")
    lab.people = (whole, changed, stopped)
    return lab


def order(lab, person):
    return lab.assessment(person, "w0").item_orders["traits"]


def export(lab, folder, viewer=OWNER, **how):
    with lab.database.writing() as session:
        return export_study(session, lab.slug, folder, viewer=viewer, now=lab.now, **how)


def answers_of(lab, folder, person):
    table = pd.read_csv(folder / "answers.csv", dtype={"value": str}, keep_default_na=False)
    mine = table[table["participant_id"] == lab.participant(person).public_id]
    return mine.set_index(["instrument", "item"])


def test_values_and_reasons_follow_what_was_shown(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    whole, changed, stopped = (answers_of(cohort, tmp_path / "data", who) for who in cohort.people)
    for table in (whole, changed, stopped):
        assert ((table["value"] == "") == (table["missing_reason"] != "")).all()
        assert ("evening", "intro") not in table.index
    assert whole.loc[("about", "why"), "value"] == "team other"
    assert whole.loc[("evening", "agree"), "value"] == "1"
    assert whole.loc[("evening", "slept_at"), "value"] == "22:30"
    reasons = whole["missing_reason"].to_dict()
    assert reasons["evening", "pay_matters"] == "not_shown"
    assert reasons["evening", "hours"] == "refused"
    reasons = changed["missing_reason"].to_dict()
    assert {reasons["about", name] for name in ("nights", "why")} == {"not_shown"}
    assert {reasons["evening", name] for name in ("pay_matters", "note")} == {"not_shown"}
    reasons = stopped["missing_reason"].to_dict()
    assert reasons["about", "why"] == "not_shown"  # three nights are few, and that is known
    assert {reasons["traits", item] for item in order(cohort, cohort.people[2])[3:]} == {
        "not_reached"
    }
    assert reasons["evening", "note"] == "not_reached"  # it hangs on what was not reached
    assert reasons["evening", "pay_matters"] == "not_shown"


def test_what_is_hidden_is_not_scored(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    scores = pd.read_csv(tmp_path / "data" / "scores.csv").query(
        "wave == 'w0' and scale == 'nights'"
    )
    found = scores.set_index("participant_id")
    whole, changed, _ = (cohort.participant(person).public_id for person in cohort.people)
    assert found.loc[whole, "value"] == 9
    assert found.loc[changed, "missing_reason"] == "too_few_items"
    assert found.loc[changed, "items_answered"] == 0


def test_each_answer_says_where_its_item_stood_and_for_how_long(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    whole, _, stopped = (answers_of(cohort, tmp_path / "data", who) for who in cohort.people)
    seen = order(cohort, cohort.people[2])
    for place, item in enumerate(seen, 1):
        assert int(float(stopped.loc[("traits", item), "position"])) == place
    times = stopped["milliseconds"].to_dict()
    assert {float(times["traits", item]) for item in seen[:3]} == {700}
    assert times["about", "role"] == ""
    assert int(float(whole.loc[("evening", "tired"), "position"])) == 2  # after information
    assert whole.loc[("evening", "pay_matters"), "position"] == ""


def test_in_a_drawn_order_the_last_answer_tells_what_was_passed(lab, tmp_path):
    person = come(lab)
    first, second, third, *rest = order(lab, person)
    save_one(lab, person, first, "3", "traits")
    save_one(lab, person, third, "3", "traits")
    export(lab, tmp_path / "data")
    reasons = answers_of(lab, tmp_path / "data", person)["missing_reason"].to_dict()
    assert reasons["traits", second] == "skipped"
    assert {reasons["traits", item] for item in rest} == {"not_reached"}


def test_failed_attention_checks_are_counted(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    table = pd.read_csv(tmp_path / "data" / "assessments.csv")
    counts = table.set_index(["participant_id", "wave"])["attention_failed"]
    whole, changed, stopped = (cohort.participant(person).public_id for person in cohort.people)
    assert counts[whole, "w0"] == 0
    assert counts[changed, "w0"] == 2  # green, and 1 in place of 2
    assert counts[stopped, "w0"] == int("t5" in order(cohort, cohort.people[2])[:3])
    assert counts.xs("w1", level="wave").isna().all()


def test_free_text_and_dates_are_withheld_unless_asked_for(cohort, tmp_path):
    manifest = export(cohort, tmp_path / "data")
    whole = answers_of(cohort, tmp_path / "data", cohort.people[0])
    withheld = [("about", "ward"), ("evening", "note"), ("evening", "last_shift")]
    assert set(whole.loc[withheld, "missing_reason"]) == {"withheld"}
    assert "other" not in whole
    assert manifest.includes == ()
    for path in (tmp_path / "data").iterdir():
        content = path.read_bytes()
        for told in (b"SUM(A1)", b"Midwife", b"Calm", b"Ward 4", b"2026-02-28"):
            assert told not in content, (path.name, told)


@pytest.mark.parametrize("parts", [("text",), ("dates",), ("dates", "text")])
def test_what_was_asked_for_is_there_and_the_trail_knows(cohort, tmp_path, parts):
    manifest = export(cohort, tmp_path / "data", parts=parts, reason=" coding ")
    whole = answers_of(cohort, tmp_path / "data", cohort.people[0])
    shown_text, shown_date = "text" in parts, "dates" in parts
    assert whole.loc[("evening", "note"), "value"] == (WRITTEN if shown_text else "")
    assert whole.loc[("evening", "last_shift"), "value"] == ("2026-02-28" if shown_date else "")
    assert ("other" in whole) == shown_text
    if shown_text:
        assert whole.loc[("about", "role"), "other"] == "Midwife"
        assert whole.loc[("about", "why"), "other"] == "Calm"
        assert whole.loc[("about", "works_nights"), "other"] == ""
    assert set(manifest.includes) == set(parts)
    assert manifest.blinded
    event = cohort.rows(Event)[-1]
    assert (event.kind, event.payload["reason"]) == ("export.identifying", "coding")
    assert sorted(event.payload["includes"]) == sorted(parts)


@pytest.mark.parametrize(
    ("viewer", "how", "error"),
    [
        (OWNER, {"parts": ("text",)}, InvalidInputError),
        (OWNER, {"parts": ("text",), "reason": " "}, InvalidInputError),
        (OWNER, {"parts": ("names",), "reason": "r"}, InvalidInputError),
        (BLINDED, {"parts": ("text",), "reason": "r"}, NotAllowedError),
        (BLINDED, {"parts": ("dates",), "reason": "r"}, NotAllowedError),
    ],
)
def test_without_reason_or_right_nothing_more_is_exported(lab, tmp_path, viewer, how, error):
    with pytest.raises(error):
        export(lab, tmp_path / "data", viewer, **how)
    assert not (tmp_path / "data").exists()
    assert "export.identifying" not in {event.kind for event in lab.rows(Event)}


def test_spss_stata_and_parquet_hold_the_same(cohort, tmp_path):
    folder = tmp_path / "data"
    long = "ü" * 1500 + "😀" * 500
    person = come(cohort)
    save(cohort, person, ABOUT)
    save(cohort, person, TRAIT_ANSWERS, "traits")
    save(cohort, person, EVENING | {"note": long}, "evening")
    formats = ("csv", "parquet", "sav", "dta")
    export(cohort, folder, parts=("text", "dates"), reason="r", formats=formats)
    plain = pd.read_csv(folder / "answers.csv", dtype={"value": str}, keep_default_na=False)
    sav, _ = pyreadstat.read_sav(folder / "answers.sav")
    dta, _ = pyreadstat.read_dta(folder / "answers.dta")
    parquet = pd.read_parquet(folder / "answers.parquet")
    for other in (sav, dta, parquet):
        assert list(other["value"].fillna("")) == list(plain["value"])
        assert list(other["other"].fillna("")) == list(plain["other"])
    assert long in set(plain["value"])
    assert (folder / "answers.spreadsheet.csv").exists()


def test_the_same_rows_give_the_same_bytes(cohort, tmp_path):
    first = export(cohort, tmp_path / "one", parts=("text",), reason="r")
    again = export(cohort, tmp_path / "two", parts=("text",), reason="r")
    assert first.files == again.files


def test_the_codebook_tells_kinds_rules_and_orders(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    book = json.loads((tmp_path / "data" / "codebook.json").read_text())
    found = {one["instrument"]: one for one in book["instruments"]}
    assert (found["traits"]["item_order"], found["traits"]["keep_first"]) == ("random", 1)
    items = {item["item"]: item for item in found["about"]["items"]}
    assert items["why"]["exclusive"] == ["none"]
    assert items["nights"]["when"] == "works_nights == 'yes'"
    assert items["nights"]["units"] == {"en": "nights", "tr": "nights"}
    table = pd.read_csv(tmp_path / "data" / "codebook.csv", keep_default_na=False)
    rows = table[table["table"] == "answers"].set_index(["instrument", "item"])
    assert rows.loc[("about", "why"), "kind"] == "choices"
    assert rows.loc[("about", "why"), "rule"] == "nights >= 8"
    assert rows.loc[("evening", "agree"), "values_en"] == "1=agreed"
    assert ("evening", "intro") not in rows.index


def test_the_export_hides_what_the_rules_hide_one_by_one(cohort, tmp_path):
    export(cohort, tmp_path / "data")
    rows = cohort.rows(Answer)
    for person in cohort.people:
        assessment = cohort.assessment(person, "w0")
        settled = {
            (row.instrument, row.item): row.value
            for row in rows
            if row.assessment_id == assessment.id
        }
        at_the_end = assessment.submitted_at is not None
        expected = visibility(cohort.protocol.instruments, ASKED, settled, at_the_end=at_the_end)
        table = answers_of(cohort, tmp_path / "data", person)
        hidden = {place for place, row in table.iterrows() if row["missing_reason"] == "not_shown"}
        assert hidden == {place for place, shown in expected.items() if shown is False}
