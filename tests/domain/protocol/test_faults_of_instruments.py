"""What can be wrong with the facts of an instrument: each fault has its place and its way out."""

from __future__ import annotations

import pytest
from factories.broken import HABITS, MOOD, MOOD_TR, Broken, assert_only_fault, change, faults_of

from longwave.domain.instrument import Band
from longwave.domain.protocol import ProtocolFaults, read_protocol
from longwave.domain.protocol.instruments import read_entry

BALANCE = "  - {id: balance, method: mean, parts: [calm, tense], reversed: [tense]}\n"
TOTAL = "  - {id: total, method: sum, items: [q1, q2, q3, q4, q5], reversed: [q3, q4]}\n"


def facts(text: str) -> dict[str, str]:
    """Add lines to the instrument, above its scales."""
    return {"old": "scales:\n", "new": f"{text}\nscales:\n"}


def cut_off(bands: str = "{label: high, at_least: 2}", **changes: str) -> dict[str, str]:
    """Add a cut-off of the scale ``calm`` with something changed."""
    entry = {
        "scale": "calm",
        "country": "Norway",
        "population": "nurses",
        "year": "2020",
        "source": "a table",
        "verified": "true",
        "bands": f"[{bands}]",
        **changes,
    }
    fields = ", ".join(f"{name}: {value}" for name, value in entry.items() if value)
    return facts(f"cut_offs: [{{{fields}}}]")


def scale(change_: str) -> dict[str, str]:
    return {"old": BALANCE, "new": f"{BALANCE}  - {{id: more, {change_}}}\n"}


FAULTS = [
    Broken(
        "answers",
        "answers: {minimum: 0, maximum: 3}\n",
        "",
        "response scale of the Likert items is missing",
        "Add answers",
        "longwave",
        file=MOOD,
    ),
    Broken(
        "answers.direction",
        "maximum: 3}",
        "maximum: 3, direction: up}",
        "'up' is not known",
        "rising or falling",
        file=MOOD,
    ),
    Broken(
        "licence.text",
        "licence: Made for tests.",
        "licence: {terms: None., text: all}",
        "'all' is not known",
        "bundled, placeholder or none",
        file=MOOD,
    ),
    Broken(
        "licence.terms",
        "licence: Made for tests.",
        "licence: {commercial: ask}",
        "'terms' is missing",
        "Add 'terms'",
        file=MOOD,
    ),
    Broken(
        "total.scale",
        **facts("total: {scale: whole, convention: a sum}"),
        message="no scale 'whole'",
        remedy="Name one of the scales",
        file=MOOD,
    ),
    Broken(
        "signposting",
        **facts("signposting: maybe"),
        message="true or false",
        remedy="true or false",
        file=MOOD,
    ),
    Broken(
        "warnings[0].verified",
        **facts("warnings: [{text: Mind this., verified: perhaps}]"),
        message="true or false",
        remedy="without quotes",
        file=MOOD,
    ),
    Broken(
        "translations.turkish",
        **facts("translations: {turkish: 10.1/x}"),
        message="'turkish' is not a language code",
        remedy="'tr'",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].scale",
        **cut_off(scale="clam"),
        message="no scale 'clam'. Did you mean 'calm'",
        remedy="remove the cut-off",
        file=MOOD,
    ),
    *(
        Broken(
            f"cut_offs[0].{field}",
            **cut_off(**{field: ""}),
            message=f"{field!r} is missing",
            remedy=f"Add {field!r}",
            file=MOOD,
        )
        for field in ("country", "population", "year", "source", "verified")
    ),
    Broken(
        "cut_offs[0].year",
        **cut_off(year="20"),
        message="whole number from 1900",
        remedy="digits",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands",
        **cut_off(bands=""),
        message="no bands",
        remedy="at least one band",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[0]",
        **cut_off("{label: high}"),
        message="has no bound",
        remedy="Give at_least",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[0]",
        **cut_off("{label: high, above: 1, at_least: 1}"),
        message="two bounds on one side",
        remedy="at_least or above",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[0]",
        **cut_off("{label: high, at_least: 2, below: 2}"),
        message="No score lies in the band 2 <= score < 2",
        remedy="Correct its bounds",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[1]",
        **cut_off("{label: low, at_most: 2}, {label: high, at_least: 2}"),
        message="does not lie above",
        remedy="without overlap",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[1]",
        **cut_off("{label: high, at_least: 2}, {label: low, below: 2}"),
        message="does not lie above",
        remedy="from the lowest",
        file=MOOD,
    ),
    Broken(
        "cut_offs[0].bands[0].at_least",
        **cut_off("{label: high, at_least: 50}"),
        message="50 lies outside the scores from 0 to 3",
        remedy="on the scale of the score",
        file=MOOD,
    ),
    Broken(
        "scales[4].counted",
        **scale("method: count, items: [q1]"),
        message="answers to count are missing",
        remedy="[6, 7]",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].counted[1]",
        **scale("method: count, items: [q1], counted: [3, 4]"),
        message="4 is no answer",
        remedy="after reversal",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].counted[0]",
        **scale('method: count, items: [q1], counted: ["3"]'),
        message="whole number",
        remedy="without quotes",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].counted",
        **scale("method: sum, items: [q1], counted: [3]"),
        message="Only a count",
        remedy="set the method",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].method",
        **scale("method: count, parts: [calm], counted: [3]"),
        message="of items, not of parts",
        remedy="sum",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].multiplier",
        **scale("method: sum, items: [q1], multiplier: 0"),
        message="above 0",
        remedy="25",
        line="more",
        file=MOOD,
    ),
    Broken(
        "scales[4].higher",
        **scale("method: sum, items: [q1], higher: yes"),
        message="'yes' is not known",
        remedy="more or less",
        line="more",
        file=MOOD,
    ),
    Broken(
        "options.q1",
        "title: Mood tr",
        "title: Mood tr\noptions: {q1: {0: a, 1: b, 2: c}}",
        "options 3 is missing",
        "q1",
        "options",
        file=MOOD_TR,
    ),
]


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(
    small: dict[str, bytes], case: Broken
) -> None:
    assert_only_fault(small, case)


def with_scales(small: dict[str, bytes], lines: str) -> dict[str, bytes]:
    return change(small, Broken("", BALANCE, BALANCE + lines, "", "", file=MOOD))


def test_a_part_with_a_multiplier_cannot_be_reversed(small: dict[str, bytes]) -> None:
    lines = (
        "  - {id: hundred, method: mean, items: [q1, q2], multiplier: 25}\n"
        "  - {id: worse, method: mean, parts: [hundred], reversed: [hundred]}\n"
    )
    (fault,) = faults_of(with_scales(small, lines))
    assert fault.field == "scales[5].reversed[0]"
    assert "no plain mean" in fault.message


def test_numbers_are_scored_but_not_reversed_or_counted(small: dict[str, bytes]) -> None:
    def habits(fields: str) -> dict[str, bytes]:
        key = f"scales:\n  - {{id: hours, items: [hours], {fields}}}"
        files = change(small, Broken("", "scales: []", key, "", "", file=HABITS))
        for language in ("en", "tr"):
            file = f"instruments/wordings/habits.{language}.yaml"
            case = Broken("", "scales: {}", "scales: {hours: Hours}", "", "", file=file)
            files = change(files, case)
        return files

    (hours,) = read_protocol(habits("method: mean")).instruments["habits"].scales
    assert hours.items == ("hours",)
    (reversed_,) = faults_of(habits("method: mean, reversed: [hours]"))
    assert reversed_.field == "scales[0].reversed[0]"
    (counted,) = faults_of(habits("method: count, counted: [1]"))
    assert "not a Likert item" in counted.message


def test_likert_items_may_have_labels_of_their_own(small: dict[str, bytes]) -> None:
    own = "title: Mood tr\noptions: {q2: {0: a, 1: b, 2: c, 3: d}}"
    files = change(small, Broken("", "title: Mood tr", own, "", "", file=MOOD_TR))
    mood = read_protocol(files).instruments["mood"]
    assert [option.label["tr"] for option in mood.item("q2").options] == ["a", "b", "c", "d"]
    assert mood.item("q1").options[3].label["tr"] == "always"


def test_every_wording_has_to_say_where_help_is_found_if_the_items_may_distress(
    small: dict[str, bytes],
) -> None:
    files = change(
        small, Broken("", **facts("signposting: true"), message="", remedy="", file=MOOD)
    )
    assert {(fault.file, fault.field) for fault in faults_of(files)} == {
        ("instruments/wordings/mood.en.yaml", "signposting"),
        (MOOD_TR, "signposting"),
    }
    for language in ("en", "tr"):
        file = f"instruments/wordings/mood.{language}.yaml"
        old = f"title: Mood {language}"
        files = change(files, Broken("", old, f"{old}\nsignposting: Ask.", "", "", file=file))
    assert read_protocol(files).instruments["mood"].signposting == {"en": "Ask.", "tr": "Ask."}


STUB = b"""\
longwave: 1
id: mood
version: "0"
licence: {terms: Ask the authors., text: none}
minutes: 1
items: []
scales: []
stub: Nobody has seen its key.
"""


def test_a_stub_can_be_listed_but_not_used(small: dict[str, bytes]) -> None:
    stub = read_entry("mood", {MOOD: STUB})
    assert stub.key_status == "none"
    found = faults_of({**small, MOOD: STUB})
    assert [fault.message for fault in found if fault.file == MOOD] == [
        "mood cannot be used as it is: Nobody has seen its key."
    ]


def test_a_stub_has_no_scores() -> None:
    text = STUB.decode().replace("items: []", "items: [q1]\nanswers: {minimum: 0, maximum: 1}")
    text = text.replace("scales: []", "scales: [{id: total, method: sum, items: [q1]}]")
    with pytest.raises(ProtocolFaults, match="A stub has no key"):
        read_entry("mood", {MOOD: text.encode()})


@pytest.mark.parametrize(
    ("band", "inside", "outside", "told"),
    [
        (Band("x", at_least=2, at_most=3), (2, 3), (1.99, 3.01), "2 <= score <= 3"),
        (Band("x", above=2, below=3), (2.01, 2.99), (2, 3), "2 < score < 3"),
        (Band("x", below=2.59), (0, 2.58), (2.59,), "score < 2.59"),
        (Band("x", at_least=38), (38, 85), (37,), "38 <= score"),
    ],
)
def test_a_band_holds_what_lies_within_its_bounds(
    band: Band, inside: tuple[float, ...], outside: tuple[float, ...], told: str
) -> None:
    assert all(band.holds(value) for value in inside)
    assert not any(band.holds(value) for value in outside)
    assert str(band) == told
