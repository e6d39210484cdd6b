"""The keys of the library, each on answers that were scored by hand."""

from __future__ import annotations

import pytest
from factories.library import OWN, library

from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Instrument
from longwave.domain.scoring import possible_range, score

CEAS = [7, 8, 2, 6, 5, 9, 4, 7, 7, 6, 3, 8, 5]

# Answers from item 1 on, and every score that is known of them to four decimals.
WORKED: dict[str, tuple[str | list[int], dict[str, float]]] = {
    "scs": (
        "24325143415241342351425325",
        {
            "self_kindness": 4.4,
            "self_judgment": 3.6,
            "common_humanity": 2.75,
            "isolation": 2.75,
            "mindfulness": 2.25,
            "overidentification": 2.25,
            "total": 3.1333,
            "total_items": 3.1538,
            "compassionate": 3.2308,
            "uncompassionate": 2.9231,
        },
    ),
    "scs_sf": (
        "425134351243",
        {
            "self_kindness": 3.0,
            "self_judgment": 3.5,
            "common_humanity": 2.5,
            "isolation": 3.0,
            "mindfulness": 4.0,
            "overidentification": 2.5,
            "total": 3.0833,
        },
    ),
    "bat_23": (
        "342531442314232313122153241213254",
        {
            "exhaustion": 3.25,
            "mental_distance": 2.4,
            "cognitive": 2.4,
            "emotional": 2.2,
            "core": 2.6522,
            "psychological": 2.4,
            "psychosomatic": 3.0,
            "secondary": 2.7,
        },
    ),
    "bat_12": (
        "345232123131",
        {
            "exhaustion": 4.0,
            "mental_distance": 2.3333,
            "cognitive": 2.0,
            "emotional": 1.6667,
            "total": 2.5,
        },
    ),
    "proqol_5": (
        "435241324134125253142454323145",
        {"satisfaction": 35, "burnout": 18, "trauma": 29},
    ),
    "mbi_hss": (
        "4325160245130561452360",
        {"exhaustion": 26, "depersonal": 13, "accomplishment": 29},
    ),
    "mbi_hss_mp": (
        "4325160245130561452360",
        {"exhaustion": 26, "depersonal": 13, "accomplishment": 29},
    ),
    "cbi": ("3214230321430122304", {"personal": 62.5, "work": 60.7143, "client": 50.0}),
    "olbi": (
        "2132413224314213",
        {
            "disengagement": 2.625,
            "exhaustion": 3.375,
            "disengagement_sum": 21,
            "exhaustion_sum": 27,
        },
    ),
    "olbi_d": (
        "3423142331241342",
        {
            "disengagement": 2.625,
            "exhaustion": 3.375,
            "disengagement_sum": 21,
            "exhaustion_sum": 27,
        },
    ),
    "iri": (
        "3412430243124013240423143201",
        {"perspective": 15, "fantasy": 19, "concern": 21, "distress": 16},
    ),
    "stss": (
        "21342153214231254",
        {"intrusion": 9, "avoidance": 18, "arousal": 18, "total": 45},
    ),
    "ffmq_15": (
        "442513254421355",
        {
            "observe": 3.0,
            "describe": 3.0,
            "act": 2.6667,
            "nonjudge": 1.3333,
            "nonreact": 3.3333,
            "total": 2.6667,
            "without_observe": 2.5833,
        },
    ),
    "maas": ("435261425364153", {"total": 3.6}),
    "ceas": (
        CEAS * 3,
        {
            "self_engagement": 42,
            "self_action": 26,
            "to_engagement": 42,
            "to_action": 26,
            "from_engagement": 42,
            "from_action": 26,
        },
    ),
    "mcsds_c": ("0101101010111", {"total": 8}),
    "bidr_16": ("3524615276143526", {"sde": 4.25, "im": 4.5, "sde_count": 2, "im_count": 3}),
    "sdrs_5": ("15452", {"points": 3, "percent": 60}),
    "phq_4": ("2131", {"anxiety": 3, "depression": 4, "total": 7}),
    "gad_2": ("21", {"total": 3}),
    "phq_2": ("31", {"total": 4}),
    "who_5": ("32412", {"total": 48}),
    "tis_6": ("423532", {"total": 23}),
    "burnout_1": ("3", {"score": 3}),
    "jobsat_1": ("4", {"score": 4}),
    "turnover_1": ("2", {"score": 2}),
    "workplace": (
        "51324",
        {"staffing": 5, "superior": 1, "colleagues": 3, "control": 2, "breaks": 4},
    ),
    "caseload": ([62, 48, 5], {"patients": 62, "hours": 48, "nights": 5}),
}

KEYED = sorted(WORKED)
PUBLISHED = [name for name in KEYED if name not in OWN]


def answered(one: Instrument, answers: str | list[int]) -> dict[str, float | None]:
    assert len(answers) == len(one.items), "the example has another number of items"
    return {item.id: float(given) for item, given in zip(one.items, answers, strict=True)}


def scored(name: str, answers: dict[str, float | None]) -> dict[str, float | None]:
    return {one.scale: one.value for one in score(library()[name], answers)}


def test_every_instrument_that_has_a_key_has_a_worked_example() -> None:
    assert {name for name, one in library().items() if one.scales} == set(WORKED)


@pytest.mark.parametrize("name", KEYED)
def test_worked_example(name: str) -> None:
    answers, expected = WORKED[name]
    assert scored(name, answered(library()[name], answers)) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("name", KEYED)
def test_sums_and_counts_of_whole_answers_are_exact(name: str) -> None:
    one = library()[name]
    answers, expected = WORKED[name]
    found = scored(name, answered(one, answers))
    whole = {scale.id for scale in one.scales if scale.method != "mean"}
    assert {k: v for k, v in found.items() if k in whole} == {
        k: v for k, v in expected.items() if k in whole
    }


@pytest.mark.parametrize("name", KEYED)
def test_one_answer_more_or_less_changes_the_scales_that_hold_it(name: str) -> None:
    """Each item moves its scales, and no other, by the step that the key says."""
    one = library()[name]
    middle = {
        item.id: (item.minimum or 0) + float(len(item.options) // 2 or 1) for item in one.items
    }
    before = scored(name, dict(middle))
    for item in one.items:
        after = scored(name, {**middle, item.id: middle[item.id] - 1})
        for scale in one.scales:
            members = set(scale.items)
            for part in scale.parts:
                members |= set(one.scale(part).items)
            if item.id not in members:
                assert after[scale.id] == before[scale.id]
            elif scale.method != "count" and not scale.parts:
                share = len(scale.items) if scale.method == "mean" else 1
                step = scale.multiplier / share * (1 if item.id in scale.reversed else -1)
                assert after[scale.id] - before[scale.id] == pytest.approx(step)  # type: ignore[operator]


@pytest.mark.parametrize("name", KEYED)
def test_scores_reach_their_bounds_and_not_further(name: str) -> None:
    one = library()[name]
    for scale in one.scales:
        low, high = possible_range(one, scale)
        names = scale.items or tuple(i for part in scale.parts for i in one.scale(part).items)
        turned = set(scale.reversed) | {
            item for part in scale.parts for item in one.scale(part).items if part in scale.reversed
        }
        ends = {i: (one.item(i).minimum, one.item(i).maximum) for i in names}
        top = {i: end[0 if i in turned else 1] for i, end in ends.items()}
        bottom = {i: end[1 if i in turned else 0] for i, end in ends.items()}
        assert scored(name, top)[scale.id] == pytest.approx(high)
        assert scored(name, bottom)[scale.id] == pytest.approx(low)


@pytest.mark.parametrize("name", KEYED)
def test_no_answers_are_no_scores(name: str) -> None:
    found = score(library()[name], {})
    assert {(one.value, one.items_answered, one.missing_reason) for one in found} == {
        (None, 0, "too_few_items")
    }


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("beyond", [-1, 1])
def test_an_answer_beyond_the_response_scale_is_refused(name: str, beyond: int) -> None:
    one = library()[name]
    answers = answered(one, WORKED[name][0])
    item = next(iter(one.scales[0].items))
    answers[item] = one.maximum + 1 if beyond > 0 else one.minimum - 1
    with pytest.raises(InvalidInputError, match=f"to item {item} of {name} lies outside"):
        score(one, answers)


@pytest.mark.parametrize(
    ("scale", "items", "needed"),
    [
        ("personal", range(1, 7), 3),
        ("work", range(7, 14), 4),
        ("client", range(14, 20), 3),
    ],
)
def test_the_rule_about_missing_items_is_the_questionnaires_own_where_it_has_one(
    scale: str, items: range, needed: int
) -> None:
    for answered_items in range(len(items) + 1):
        answers = {f"q{number}": 2.0 for number in list(items)[:answered_items]}
        assert (scored("cbi", dict(answers))[scale] is not None) == (answered_items >= needed)


def test_a_sum_with_two_of_ten_missing_is_prorated_and_with_three_is_none() -> None:
    one = library()["proqol_5"]
    answers = answered(one, WORKED["proqol_5"][0])
    for item in ("q3", "q6"):
        answers[item] = None
    given = [answers[item] for item in one.scale("satisfaction").items]
    expected = 10 * sum(value for value in given if value is not None) / 8
    assert scored("proqol_5", answers)["satisfaction"] == pytest.approx(expected)
    answers["q12"] = None
    assert scored("proqol_5", answers)["satisfaction"] is None
    assert scored("proqol_5", answers)["trauma"] == 29


def test_the_two_totals_of_self_compassion_differ_where_subscales_have_unequal_lengths() -> None:
    found = scored("scs", answered(library()["scs"], WORKED["scs"][0]))
    assert found["total"] != found["total_items"]


def test_a_mirrored_key_gives_the_same_scores_for_mirrored_answers() -> None:
    straight, turned = WORKED["olbi"][0], WORKED["olbi_d"][0]
    assert [5 - int(a) for a in straight] == [int(a) for a in turned]
    assert scored("olbi", answered(library()["olbi"], straight)) == scored(
        "olbi_d", answered(library()["olbi_d"], turned)
    )
    assert {library()["olbi"].direction, library()["olbi_d"].direction} == {"falling", "rising"}


@pytest.mark.parametrize(
    ("name", "scale", "value", "bands"),
    [
        ("bat_23", "core", 2.6522, ["orange"]),
        ("bat_23", "core", 2.59, ["orange"]),
        ("bat_23", "core", 2.58, ["green"]),
        ("bat_23", "core", 3.02, ["red"]),
        ("bat_12", "total", 2.53, ["below"]),
        ("bat_12", "total", 2.54, ["at risk"]),
        ("bat_12", "total", 2.96, ["severe"]),
        ("stss", "total", 37, ["below the screen"]),
        ("stss", "total", 38, ["screens positive"]),
        ("phq_4", "depression", 2, ["screens positive", "below the screen"]),
    ],
)
def test_scores_fall_into_the_bands_of_their_cut_offs(
    name: str, scale: str, value: float, bands: list[str]
) -> None:
    found = [one.band(value) for one in library()[name].cut_offs if one.scale == scale]
    assert [band.label if band else None for band in found] == bands


@pytest.mark.parametrize(
    ("name", "scales"),
    [("bat_23", ["mental_distance", "emotional"]), ("bat_12", ["exhaustion", "emotional"])],
)
def test_no_cut_off_is_given_where_sources_are_in_conflict_or_absent(
    name: str, scales: list[str]
) -> None:
    assert not {one.scale for one in library()[name].cut_offs} & set(scales)
