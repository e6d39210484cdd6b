"""The tables of an export hold what the rows say, and a reason for all that is absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from factories.study import (
    START,
    VERSION,
    blind,
    make_dataset,
    make_instrument,
    make_protocol,
    make_wave,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from longwave.domain.dataset import (
    AnswerEncoder,
    DatasetInvitation,
    DatasetPause,
    DatasetVersion,
)
from longwave.domain.duration import Duration
from longwave.domain.errors import InvalidInputError, LongwaveError
from longwave.domain.instrument import Option
from longwave.domain.missingness import AssessmentGap, ItemGap, item_gap
from longwave.domain.protocol.model import Repeat
from longwave.domain.schedule import study_day
from longwave.domain.scoring import score
from longwave.export.frames import Frames, local_dates

PROTOCOL = make_protocol()
PROTOCOLS = {VERSION: PROTOCOL}


def frames(dataset, protocols=PROTOCOLS):
    return Frames(dataset, protocols)


cohorts = st.builds(
    lambda **how: make_dataset(PROTOCOL, **how),
    n=st.integers(0, 9),
    seed=st.integers(0, 10_000),
    answering=st.sampled_from([0.0, 0.5, 1.0]),
)


@given(cohorts)
@settings(max_examples=40, deadline=None)
def test_the_panel_is_the_scores_pivoted(dataset):
    made = frames(dataset)
    panel = made.panel.set_index("participant_id")
    names = [name for name in panel if "__" in name]
    assert len(names) == 2 * 4 * 3  # instruments, scales, waves
    scores = made.scores.dropna(subset="value")
    cells = {
        (str(row.participant_id), f"{row.instrument}_{row.scale}__{row.wave}"): row.value
        for row in scores.itertuples()
    }
    found = {
        (str(who), name): panel.loc[who, name]
        for who in panel.index
        for name in names
        if not np.isnan(panel.loc[who, name])
    }
    assert found == cells


@given(cohorts)
@settings(max_examples=40, deadline=None)
def test_every_absent_value_has_exactly_one_reason(dataset):
    made = frames(dataset)
    for table in (made.answers, made.scores):
        assert (table["value"].isna() == table["missing_reason"].notna()).all()
    begun = made.assessments["started"].notna()
    assert (begun == made.assessments["missing_reason"].isna()).all()
    assert not made.scores.duplicated(
        ["participant_id", "wave", "occurrence", "instrument", "scale"]
    ).any()
    assert len(made.assessments) == len(dataset.participants) * 3
    assert len(made.scores) == len(made.assessments) * 8
    assert len(made.answers) == begun.sum() * 8


@given(cohorts)
@settings(max_examples=25, deadline=None)
def test_scores_and_reasons_are_those_that_the_domain_gives_one_by_one(dataset):
    made = frames(dataset)
    keys = ["participant_id", "wave", "instrument"]
    scores = made.scores.set_index([*keys, "scale"])
    for (who, wave, name), rows in made.answers.groupby(keys, observed=True):
        answers = {
            row.item: None if pd.isna(row.value) else float(row.value) for row in rows.itertuples()
        }
        for expected in score(PROTOCOL.instruments[name], answers):
            found = scores.loc[(who, wave, name, expected.scale)]
            assert found["items_answered"] == expected.items_answered
            if expected.value is None:
                assert found["missing_reason"] == expected.missing_reason
            else:
                assert found["value"] == pytest.approx(expected.value, abs=1e-12)
    _check_item_gaps(dataset, made.answers)


def _check_item_gaps(dataset, answers):
    columns = dataset.answers
    ids = {who.id: who.public_id for who in dataset.participants}
    whose = {found.id: found for found in dataset.assessments}
    recorded = {}
    for row in range(len(columns)):
        found = whose[columns.assessment[row]]
        reason = columns.reasons[columns.reason[row]] if columns.reason[row] >= 0 else None
        key = (ids[found.participant_id], found.wave, *columns.items[columns.item[row]])
        recorded[key] = reason
    submitted = {(ids[a.participant_id], a.wave): a.submitted_at for a in dataset.assessments}
    for (who, wave), rows in answers.groupby(["participant_id", "wave"], observed=True):
        keys = [(who, wave, row.instrument, row.item) for row in rows.itertuples()]
        for place, (key, row) in enumerate(zip(keys, rows.itertuples(), strict=True)):
            if not pd.isna(row.value):
                continue
            later = any(other in recorded for other in keys[place + 1 :])
            passed = submitted[who, wave] is not None or later
            assert row.missing_reason == item_gap(recorded=recorded.get(key), passed=passed)


@given(
    st.lists(st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)), min_size=1, max_size=30),
    st.lists(
        st.sampled_from(["Europe/Istanbul", "America/New_York", "Pacific/Apia", "UTC"]),
        min_size=30,
        max_size=30,
    ),
)
def test_study_days_go_by_the_participants_calendar(instants, zones):
    instants = [instant.replace(tzinfo=UTC) for instant in instants]
    zones = np.array(zones[: len(instants)], dtype=object)
    days = local_dates(instants, zones) - local_dates([START] * len(instants), zones)
    expected = [study_day(at, START, zone) for at, zone in zip(instants, zones, strict=True)]
    assert days.astype(int).tolist() == expected


def test_enrolment_is_study_day_nought():
    dataset = make_dataset(PROTOCOL, n=20)
    assert (frames(dataset).participants["consent_day"] == 0).all()
    assessments = frames(dataset).assessments
    assert (assessments.loc[assessments["wave"] == "w0", "due"] == 0).all()


def test_a_wave_that_was_never_planned_says_so():
    dataset = make_dataset(PROTOCOL, n=40)
    assessments = frames(dataset).assessments
    unplanned = assessments[assessments["status"].isna()]
    assert len(unplanned)
    assert set(unplanned["missing_reason"]) <= {"not_planned", "withdrawn"}
    assert unplanned["due"].isna().all()


def test_a_pause_in_force_when_the_window_closed_is_the_reason():
    dataset = make_dataset(PROTOCOL, n=1, answering=0.0, seed=3)
    silent = replace(
        dataset,
        invitations=(),
        assessments=tuple(replace(a, opened_at=None) for a in dataset.assessments),
        pauses=(DatasetPause(100, START + timedelta(days=20), paused=True),),
    )
    reasons = frames(silent).assessments.set_index("wave")["missing_reason"]
    assert reasons.to_dict() == {"w0": "not_sent", "w1": "paused", "w2": "paused"}


def test_that_the_clockwork_opened_an_assessment_is_no_data():
    dataset = make_dataset(PROTOCOL, n=6, answering=0.3)
    early = replace(dataset, cut_off=START + timedelta(days=30))

    def with_status(status):
        untouched = [
            replace(a, status=status, opened_at=None, started_at=None, submitted_at=None)
            for a in early.assessments
        ]
        return replace(early, assessments=tuple(untouched), answers=AnswerEncoder().columns)

    one, other = (frames(with_status(name)).assessments for name in ("scheduled", "open"))
    pd.testing.assert_frame_equal(one, other)
    assert set(one["status"].dropna()) == {"scheduled", "open"}


# --- amendments ------------------------------------------------------------------------------


def amended(dataset):
    """Return the dataset and two versions, of which the second asks one more item at w2."""
    longer = make_instrument("calm", 5)
    strain = PROTOCOL.instruments["strain"]
    second = make_protocol(instruments=[replace(longer, version="2.0"), strain])
    second = replace(second, hash="cd" * 32)
    moved = tuple(
        replace(found, version_id=VERSION + 1) if found.wave == "w2" else found
        for found in dataset.assessments
    )
    versions = (*dataset.versions, DatasetVersion(VERSION + 1, 2, second.hash))
    return (
        replace(dataset, assessments=moved, versions=versions),
        {VERSION: PROTOCOL, VERSION + 1: second},
    )


def test_an_item_that_came_with_an_amendment_is_absent_before_it_by_reason():
    dataset, protocols = amended(make_dataset(PROTOCOL, n=30))
    made = frames(dataset, protocols)
    new = made.answers[(made.answers["instrument"] == "calm") & (made.answers["item"] == "i5")]
    former = new["wave"] != "w2"
    assert (new.loc[former, "missing_reason"] == ItemGap.NOT_IN_VERSION).all()
    assert (new.loc[~former, "missing_reason"] != ItemGap.NOT_IN_VERSION).all()
    calm = made.answers["instrument"] == "calm"
    versions = made.answers[calm].groupby("wave", observed=True)["instrument_version"].unique()
    assert {wave: list(found) for wave, found in versions.items()} == {
        "w0": ["1.0"],
        "w1": ["1.0"],
        "w2": ["2.0"],
    }
    assert (made.assessments["protocol_version"].dropna().unique() == [1, 2]).all()


def test_a_scale_of_a_later_version_is_absent_before_it_by_reason():
    dataset = make_dataset(PROTOCOL, n=20)
    extra = make_instrument("mood", 4)
    second = make_protocol(instruments=[*PROTOCOL.instruments.values(), extra])
    versions = (*dataset.versions, DatasetVersion(VERSION + 1, 2, "cd" * 32))
    made = frames(replace(dataset, versions=versions), {VERSION: PROTOCOL, VERSION + 1: second})
    mood = made.scores[made.scores["instrument"] == "mood"]
    assert set(mood["missing_reason"]) <= {"not_in_version", *AssessmentGap}
    assert "not_in_version" in set(mood["missing_reason"])
    assert made.panel["mood_total__w1"].isna().all()


def test_answers_that_no_version_asks_for_are_an_error():
    dataset = make_dataset(PROTOCOL, n=5, answering=1.0)
    begun = next(found for found in dataset.assessments if found.started_at)
    encoder = AnswerEncoder()
    encoder.add([(begun.id, "calm", "i99", "3", None)])
    with pytest.raises(LongwaveError, match=r"calm\.i99 at wave"):
        _ = frames(replace(dataset, answers=encoder.columns)).answers


# --- repeated waves, names, types ------------------------------------------------------------


def repeated(times=3):
    """Return the protocol with a wave w1 that comes again and again."""
    waves = [
        replace(wave, repeat=Repeat(Duration(days=14), times)) if wave.id == "w1" else wave
        for wave in PROTOCOL.waves
    ]
    return replace(PROTOCOL, waves=tuple(waves))


def second_occasions(dataset):
    """Return a second occurrence of w1 for everybody, which nobody answered."""
    return tuple(
        replace(
            found,
            id=found.id + 50_000,
            occurrence=2,
            status="expired",
            opened_at=None,
            started_at=None,
            submitted_at=None,
        )
        for found in dataset.assessments
        if found.wave == "w1"
    )


def test_a_repeated_wave_has_a_column_for_each_occurrence():
    dataset = make_dataset(PROTOCOL, n=4)
    rows = dataset.assessments + second_occasions(dataset)
    panel = frames(replace(dataset, assessments=rows), {VERSION: repeated()}).panel
    columns = [name for name in panel if name.startswith("calm_total__w1")]
    assert columns == ["calm_total__w1_1", "calm_total__w1_2", "calm_total__w1_3"]
    assert "calm_total__w0" in panel
    assert panel["calm_total__w1_2"].isna().all()


def test_every_cell_of_a_repeated_wave_has_a_score_or_the_reason_why_there_is_none():
    dataset = make_dataset(PROTOCOL, n=6)
    rows = dataset.assessments + second_occasions(dataset)
    made = frames(replace(dataset, assessments=rows), {VERSION: repeated()})
    scores = made.scores[(made.scores["scale"] == "total") & (made.scores["wave"] == "w1")]
    assert len(scores) == 6 * 3 * 2  # people, occurrences, instruments
    assert (scores["value"].isna() == scores["missing_reason"].notna()).all()
    assert set(scores.loc[scores["occurrence"] == 3, "missing_reason"]) <= {
        "not_planned",
        "withdrawn",
    }


def test_what_closed_before_its_window_did_is_judged_by_when_it_closed():
    dataset = make_dataset(PROTOCOL, n=12, seed=3)
    found = next(
        each for each in dataset.assessments if each.status == "expired" and not each.opened_at
    )
    closed = replace(found, closed_at=found.opens_at + timedelta(days=2), closing_reason="unopened")
    rows = tuple(closed if each is found else each for each in dataset.assessments)
    for settled, reason in ((1, "unopened"), (3, "not_sent")):
        sent = DatasetInvitation(found.id, "sent", found.opens_at + timedelta(days=settled))
        others = tuple(i for i in dataset.invitations if i.assessment_id != found.id)
        cut_off = found.opens_at + timedelta(days=4)  # its window is still open
        made = frames(
            replace(dataset, assessments=rows, invitations=(*others, sent), cut_off=cut_off)
        )
        (occasion,) = [each for each in made.occasions if each.assessment is closed]
        assert (occasion.gap, occasion.status) == (reason, "expired")


def test_days_are_those_of_the_zone_in_which_it_was_planned():
    dataset = make_dataset(PROTOCOL, n=1)
    late = datetime(2024, 3, 5, 21, 30, tzinfo=UTC)  # past midnight in Istanbul
    first, *others = dataset.assessments
    days = [
        frames(
            replace(dataset, assessments=(replace(first, due_at=late, zone=zone), *others))
        ).assessments["due"][0]
        for zone in ("America/New_York", "Europe/Istanbul")
    ]
    assert days[1] - days[0] == 1


def test_a_panel_column_longer_than_stata_takes_is_refused():
    protocol = make_protocol(instruments=[make_instrument("a_rather_long_name_of_it")])
    with pytest.raises(InvalidInputError, match="has 34 characters; Stata takes 32"):
        _ = frames(make_dataset(protocol), {VERSION: protocol}).panel


def test_answers_are_text_only_where_the_protocol_has_codes_that_are_none():
    instrument = PROTOCOL.instruments["calm"]
    item = instrument.items[0]
    worded = replace(item, kind="choice", options=(*item.options, Option("other", {"en": "Other"})))
    unscored = replace(instrument, items=(worded, *instrument.items[1:]), scales=())
    protocol = make_protocol(instruments=[unscored])
    assert frames(make_dataset(protocol), {VERSION: protocol}).answers["value"].dtype == "category"
    assert str(frames(make_dataset(PROTOCOL)).answers["value"].dtype) == "Int64"


def test_a_study_without_participants_still_has_every_column():
    made = frames(make_dataset(PROTOCOL, n=0))
    assert len(made.panel) == 0
    assert "strain_parts__w2" in made.panel
    assert list(made.answers)[-4:] == ["value", "missing_reason", "position", "milliseconds"]


def test_blinded_tables_have_no_column_that_tells_the_arm():
    made = frames(blind(make_dataset(PROTOCOL)))
    for table in (made.participants, made.panel):
        assert not {"arm", "crossover_day"} & set(table)


def test_a_wave_dropped_by_an_amendment_stays_in_the_tables():
    second = replace(PROTOCOL, waves=tuple(make_wave(n, ["calm"]) for n in (0, 1)))
    dataset = make_dataset(PROTOCOL, n=8)
    versions = (*dataset.versions, DatasetVersion(VERSION + 1, 2, "cd" * 32))
    made = frames(replace(dataset, versions=versions), {VERSION: PROTOCOL, VERSION + 1: second})
    assert "strain_total__w2" in made.panel
    assert made.panel["strain_total__w2"].notna().any()
