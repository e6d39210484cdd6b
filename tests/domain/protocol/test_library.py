"""The library of instruments: every fact is there, every text says what it is."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from factories.library import LANGUAGES, OWN, library

from longwave import resources
from longwave.domain.instrument import Instrument

NO_TEXT = {"mbi_hss", "mbi_hss_mp", "proqol_12"}
IDS = {
    *("scs", "scs_sf", "bat_23", "bat_12", "proqol_5", "proqol_12", "mbi_hss", "mbi_hss_mp"),
    *("cbi", "olbi", "olbi_d", "iri", "stss", "ffmq_15", "maas", "ceas", "mcsds_c", "bidr_16"),
    *("sdrs_5", "phq_4", "gad_2", "phq_2", "who_5", "burnout_1", "tis_6", "jobsat_1"),
    *OWN,
}
FACTS = {
    *("structure", "key", "direction", "doi", "total", "order", "missing_rule", "licence"),
    *("recall", "reversal", "composition", "missing_rule_client"),
}
SIZES = {
    **{"scs": 26, "scs_sf": 12, "bat_23": 33, "bat_12": 12, "proqol_5": 30, "proqol_12": 0},
    **{"mbi_hss": 22, "mbi_hss_mp": 22, "cbi": 19, "olbi": 16, "olbi_d": 16, "iri": 28},
    **{"stss": 17, "ffmq_15": 15, "maas": 15, "ceas": 39, "mcsds_c": 13, "bidr_16": 16},
    **{"sdrs_5": 5, "phq_4": 4, "gad_2": 2, "phq_2": 2, "who_5": 5, "burnout_1": 1},
    **{"tis_6": 6, "jobsat_1": 1, "turnover_1": 1, "caseload": 3, "workplace": 5},
    "demographics": 7,
}
COMPOSITES = {"total", "total_items", "core", "secondary", "without_observe"}
COMPOSITES |= {"compassionate", "uncompassionate", "percent"}
UNSCORED = {"ceas": {"q3", "q7", "q11", "q16", "q20", "q24", "q29", "q33", "q37"}}
PLACEHOLDER = {
    "en": re.compile(r"Placeholder (\d+) of (\d+): (.+), keyed (positively|negatively)"),
    "tr": re.compile(r"Yer tutucu (\d+)/(\d+): (.+), (olumlu|olumsuz) puanlanır"),
    "ar": re.compile(r"نص بديل (\d+) من (\d+): (.+)، يُحتسب (إيجابًا|سلبًا)"),
}
NEGATIVE = {"en": "negatively", "tr": "olumsuz", "ar": "سلبًا"}
FILLER = {
    "en": re.compile(r"Placeholder (\d+) of (\d+): a filler, not scored"),
    "tr": re.compile(r"Yer tutucu (\d+)/(\d+): dolgu maddesi, puanlanmaz"),
    "ar": re.compile(r"نص بديل (\d+) من (\d+): بند حشو لا يُحتسب"),
}

every = pytest.mark.parametrize("name", sorted(IDS))
published = pytest.mark.parametrize("name", sorted(IDS - OWN))


def subscales(one: Instrument, item: str) -> list[str]:
    """The scales that say what an item is about."""
    found = [scale.id for scale in one.scales if item in scale.items]
    own = [
        scale for scale in found if scale not in COMPOSITES and not scale.endswith(("count", "sum"))
    ]
    return own or found[:1]


def is_negative(one: Instrument, item: str) -> bool:
    """Whether an item counts against its scale, or its scale against the total."""
    parts = {part for scale in one.scales if scale.parts for part in scale.reversed}
    return any(
        item in scale.items and (item in scale.reversed or scale.id in parts)
        for scale in one.scales
    )


def test_the_library_is_complete() -> None:
    assert set(library()) == IDS
    assert {name: len(one.items) for name, one in library().items()} == SIZES


def test_no_file_lies_there_that_belongs_to_no_instrument() -> None:
    files = resources.instrument_files(resources.library_directory())
    wordings = {path.split("/")[-1].split(".")[0] for path in files if "wordings" in path}
    assert wordings == IDS - NO_TEXT


@every
def test_facts_that_the_platform_relies_on_are_there(name: str) -> None:
    one = library()[name]
    assert one.name
    assert one.source
    assert one.licence
    assert one.licence_text in ("bundled", "placeholder", "none")
    assert one.commercial in ("free", "ask", "no")
    assert set(one.verified) <= FACTS
    assert "key" in one.verified
    assert ("doi" in one.verified) == (one.doi is not None)
    if one.scales:
        assert one.total is not None
        assert one.missing_rule
        assert {scale.higher for scale in one.scales} == {"more"}
    if any(item.kind == "likert" for item in one.items):
        assert one.direction in ("rising", "falling")


@every
def test_where_no_manual_has_a_rule_about_missing_items_it_is_called_a_convention(
    name: str,
) -> None:
    one = library()[name]
    if one.scales and one.verified.get("missing_rule") is False:
        assert "platform convention" in one.missing_rule
        assert {scale.minimum_answered for scale in one.scales if scale.items} == {0.8}


@every
def test_scales_hold_items_that_there_are(name: str) -> None:
    one = library()[name]
    items = {item.id for item in one.items}
    for scale in one.scales:
        assert set(scale.items) <= items
        assert scale.reversed <= set(scale.items + scale.parts)


@every
def test_every_item_is_scored_once_in_the_subscales_or_known_as_a_filler(name: str) -> None:
    one = library()[name]
    if not one.scales:
        return
    counts = Counter(item for item in (item.id for item in one.items) for _ in subscales(one, item))
    scored = {item.id for item in one.items} - UNSCORED.get(name, set())
    assert set(counts) == scored
    assert set(counts.values()) == {1}


@every
def test_every_language_has_every_text(name: str) -> None:
    one = library()[name]
    if name in NO_TEXT:
        assert one.licence_text == "none"
        assert one.title == {}
        assert all(not item.text for item in one.items)
        return
    texts = [one.title, one.instruction]
    texts += [item.text for item in one.items] + [scale.label for scale in one.scales]
    texts += [option.label for item in one.items for option in item.options]
    assert all(tuple(sorted(text)) == LANGUAGES for text in texts)
    assert all(value.strip() for text in texts for value in text.values())


@every
def test_whether_a_text_is_a_placeholder_is_said(name: str) -> None:
    one = library()[name]
    expected = frozenset(LANGUAGES) if one.licence_text == "placeholder" else frozenset()
    assert one.placeholder == expected
    assert (one.licence_text == "bundled") == (name in OWN)


@published
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_placeholder_names_number_construct_and_direction_and_nothing_else(
    name: str, language: str
) -> None:
    one = library()[name]
    if name in NO_TEXT:
        return
    constructs: dict[str, set[str]] = {}
    for number, item in enumerate(one.items, 1):
        text = item.text[language]
        if item.id in UNSCORED.get(name, set()):
            found = FILLER[language].fullmatch(text)
            assert found, text
        else:
            found = PLACEHOLDER[language].fullmatch(text)
            assert found, text
            (scale,) = subscales(one, item.id)
            constructs.setdefault(scale, set()).add(found[3])
            assert (found[4] == NEGATIVE[language]) == is_negative(one, item.id)
        assert (int(found[1]), int(found[2])) == (number, len(one.items))
    assert all(len(names) == 1 for names in constructs.values())
    assert len({name for names in constructs.values() for name in names}) == len(constructs)


@every
def test_cut_offs_say_whom_they_were_found_on(name: str) -> None:
    for cut_off in library()[name].cut_offs:
        assert cut_off.country
        assert cut_off.population
        assert 1950 <= cut_off.year <= 2030
        assert cut_off.source


def test_instruments_that_may_distress_say_where_help_is_found() -> None:
    telling = {name for name, one in library().items() if one.signposting}
    assert telling == {"phq_4", "gad_2", "phq_2", "stss"}
    assert all(tuple(sorted(library()[name].signposting)) == LANGUAGES for name in telling)


def test_instruments_whose_commercial_use_needs_a_permission_say_so() -> None:
    asking = {name for name, one in library().items() if one.commercial == "ask"}
    assert {"who_5", "bat_12", "bat_23", "stss", "mbi_hss", "mbi_hss_mp", "proqol_12"} <= asking
    assert not asking & OWN


def test_only_the_key_that_nobody_has_seen_is_a_stub() -> None:
    stubs = {name: one for name, one in library().items() if one.stub}
    assert set(stubs) == {"proqol_12"}
    assert not stubs["proqol_12"].items


def test_keys_that_were_not_verified_are_known_as_such() -> None:
    unverified = {name for name, one in library().items() if one.key_status == "unverified"}
    assert unverified == {
        *("bidr_16", "burnout_1", "ceas", "jobsat_1", "mcsds_c", "olbi_d", "tis_6"),
    }


@every
def test_columns_stay_short_enough_for_statistics_programs(name: str) -> None:
    assert all(len(f"{name}_{scale.id}__w10") <= 32 for scale in library()[name].scales)
