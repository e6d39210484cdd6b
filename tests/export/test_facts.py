"""What the codebook tells of keys: formula, direction, source, trust, rules and cut-offs."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from factories.library import library
from factories.study import VERSION, make_dataset, make_instrument, make_protocol

from longwave.export import write_export
from longwave.export.facts import described, formula, scale_row, verification


@pytest.mark.parametrize(
    ("name", "scale", "expected"),
    [
        ("who_5", "total", "sum(q1, q2, q3, q4, q5) * 4; needs 4 of its 5 items; missing items"),
        ("sdrs_5", "points", "count of 5 in ((6 - q1), q2, q3, q4, (6 - q5)); needs 4 of its 5"),
        ("bidr_16", "im_count", "count of 6 or 7 in ((8 - q9), q10, (8 - q11), (8 - q12), (8"),
        ("cbi", "work", "mean(q7, q8, q9, q10, q11, q12, (4 - q13)) * 25; needs 4 of its 7 items"),
        ("scs", "total", "mean(self_kindness, (6 - self_judgment), common_humanity, (6 - iso"),
        ("caseload", "hours", "mean(hours); needs 1 of its 1 items"),
    ],
)
def test_the_formula_of_a_key_says_all_that_scoring_does(
    name: str, scale: str, expected: str
) -> None:
    one = library()[name]
    assert formula(one, one.scale(scale)).startswith(expected)


@pytest.mark.parametrize("name", sorted(library()))
def test_every_scale_of_the_library_tells_its_facts(name: str) -> None:
    one = library()[name]
    book = json.loads(json.dumps(described(one), allow_nan=False))
    assert book["version"] == one.version
    assert book["verified"] == one.verified
    assert book["missing_rule"] == one.missing_rule
    for scale in one.scales:
        row = scale_row(one, scale.id, ["en"])
        assert row["version"] == one.version
        assert row["source"] == one.source
        assert row["direction"] == "a higher score means more of what the scale is named for"
        assert row["missing_rule"] == (scale.missing_rule or one.missing_rule)
        here = [found for found in one.cut_offs if found.scale == scale.id]
        for found in here:
            whom = f"({found.country}, {found.population}, {found.year}; "
            assert whom in str(row["cut_offs"])
        assert bool(row["cut_offs"]) == bool(here)


def test_an_unverified_key_says_so() -> None:
    assert verification(library()["tis_6"]) == "key unverified; not verified: missing rule"
    assert verification(library()["scs"]) == "key verified; not verified: missing rule"
    assert verification(library()["turnover_1"]) == "key verified"
    assert verification(make_instrument()) == "key not stated"


def test_bands_are_told_with_whom_they_were_found_on() -> None:
    row = scale_row(library()["stss"], "total", ["en"])
    assert row["cut_offs"] == (
        "below the screen: score < 38, screens positive: 38 <= score (United States, social "
        "workers, 2007; Bride 2007, after a public code; a screen, made from percentiles; it is "
        "no diagnosis)"
    )


def test_the_codebook_of_an_export_holds_these_facts(tmp_path) -> None:
    protocol = make_protocol(instruments=[make_instrument("calm"), library()["bat_12"]])
    write_export(make_dataset(protocol), {VERSION: protocol}, tmp_path / "data")
    book = pd.read_csv(tmp_path / "data" / "codebook.csv", keep_default_na=False)
    panel = book[book["table"] == "panel"].set_index("column")
    severe = panel.loc["bat_12_total__w0"]
    assert severe["version"] == "1"
    assert severe["verified"] == "key verified; not verified: licence"
    assert "80 % are the platform convention" in severe["missing_rule"]
    assert "severe: 2.96 <= score (Netherlands, Belgium" in severe["cut_offs"]
    assert panel.loc["calm_total__w0", "direction"] == "not stated"
    items = book[(book["instrument"] == "bat_12") & (book["item"] == "q1")]
    assert items["direction"].item().startswith("rising")
    whole = json.loads((tmp_path / "data" / "codebook.json").read_text(encoding="utf-8"))
    assert [found["key"] for found in whole["instruments"]] == ["not stated", "verified"]
