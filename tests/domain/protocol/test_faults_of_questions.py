"""What can be wrong with kinds of items, rules, gaps and orders: each has its place and way out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.broken import Broken, assert_only_fault, faults_of
from factories.questions import ABOUT, ABOUT_EN, EVENING, EVENING_EN, FILES, TRAITS

from longwave.domain.protocol import read_protocol

NIGHTS = "when: works_nights == 'yes'"
PAY = "when: \"'pay' in about.why\""
NOTE = "when: traits.total >= 3"
GAP = "{{ ward }}"
OTHER_GAP = "{{ about.ward }}"

KINDS = [
    Broken(
        "items[0].kind",
        "kind: choice, options: [nurse",
        "kind: grid, options: [nurse",
        "'grid' is not known",
        "choices",
    ),
    Broken(
        "items[1].options", "max_length: 40", "options: [a, b]", "A text has no options", "choice"
    ),
    Broken("items[1].max_length", "40", "40000", "from 1 to 10000", "digits"),
    Broken("items[0].other", "other: other}", "other: others}", "none of the options", "option"),
    Broken("items[4].exclusive[0]", "[none]", "[nothing]", "none of the options", "Name an option"),
    Broken("items[4].options[1]", "team, other", "my team, other", "holds a space", "underscores"),
    Broken("items[4].options[1]", "pay, team", "pay, pay", "given twice", "Remove"),
    Broken("items[3].step", "step: 1", "step: 0", "must be above 0", "0.5"),
    Broken("items[3].maximum", "maximum: 31", "maximum: 1", "does not lie above", "Exchange"),
    Broken("items[3].required", "step: 1", "required: please", "true or false", "without quotes"),
]
EVENINGS = [
    Broken("items[1].step", "step: 5", "step: 7", "14.2857 steps", "leads to the maximum"),
    Broken(
        "items[1].maximum", "maximum: 100, ", "", "A slider needs a maximum", "Add maximum", "tired"
    ),
    Broken("items[2].earliest", '"18:00"', '"6 pm"', "not a time of day", "09:30"),
    Broken("items[3].earliest", '"2026-01-01"', '"2026-02-30"', "not a day", "2026-03-31"),
    Broken("items[3].latest", '"2027-12-31"', '"2025-12-31"', "before the earliest", "Exchange"),
    Broken("items[5].attention", "attention: blue", "attention: red", "is no answer", "Correct"),
    Broken(
        "items[0].required", "information}", "information, required: true}", "no required", "set"
    ),
    Broken(
        "items[0].attention", "information}", "information, attention: 1}", "no attention", "set"
    ),
]
RULES = [
    Broken("items[3].when", NIGHTS, "when: why == 'pay'", "not asked before", "stand above"),
    Broken("items[3].when", NIGHTS, "when: nights > 3", "not asked before", "stand above"),
    Broken("items[3].when", NIGHTS, "when: ward == 'x'", "kind text", "Name a choice"),
    Broken(
        "items[3].when", NIGHTS, "when: works_nights > 3", "cannot be read", "The variables are"
    ),
    Broken("items[3].when", NIGHTS, "when: wroks == 'yes'", "cannot be read", "role, works_nights"),
    Broken("items[3].when", NIGHTS, "when: role", "true or false", "The variables are"),
    Broken(
        "items[3].when", NIGHTS, "when: evening.tired > 3", "asks 'evening' after", "before about"
    ),
    Broken("items[3].when", NIGHTS, "when: mood.q1 > 3", "No wave asks 'mood'", "before about"),
    Broken("items[3].when", NIGHTS, "when: about.role == 'x'", "very instrument", "role alone"),
]
OTHER_RULES = [
    Broken("items[6].when", PAY, "when: about.pay == 'x'", "no item or scale of about", "Write"),
    Broken("items[6].when", PAY, "when: about.ward == 'x'", "no item or scale of about", "Write"),
    Broken("items[6].when", PAY, "when: about.why == 'pay'", "cannot be read", "about.why"),
    Broken("items[8].when", NOTE, "when: traits.sum >= 3", "no item or scale of traits", "total"),
]
GAPS = [
    Broken("items.nights", GAP, "{{ wards }}", "no item 'wards'", "Write"),
    Broken("items.nights", GAP, "{{ why }}", "not asked before", "stand above"),
    Broken("items.nights", GAP, "{{ 1 + 1 }}", "not the name of an item", "Nothing is computed"),
    Broken("items.nights", GAP, "{{ ward", "belongs to no item", "on one line"),
    Broken("fallbacks.ward", "fallbacks: {ward", "fallbacks: {role: x, ward", "no", "x"),
    Broken("units.ward", "units: {nights", "units: {ward: x, nights", "has units", "Correct"),
]
OTHER_GAPS = [
    Broken("items.tired", OTHER_GAP, "{{ about.words }}", "no item 'words'", "Write"),
    Broken("ends.tired", "[wide awake, about to fall asleep]", "[wide awake]", "two ends", "lower"),
    Broken("ends.hours", "ends: {", "ends: {hours: [a, b], ", "has ends", "Correct"),
]
ORDERS = [
    Broken(
        "item_order", "item_order: random", "item_order: shuffled", "not known", "fixed or random"
    ),
    Broken("keep_first", "keep_first: 1", "keep_first: 7", "from 1 to 6", "digits"),
    Broken("keep_first", "item_order: random\n", "", "fixed, so that", "item_order", "keep_first"),
    Broken(
        "items[3].when", "t3, t4,", "t3, {id: t4, when: t2 > 1},", "not asked before", "keep_first"
    ),
]
CASES = [
    *(replace(case, file=ABOUT) for case in [*KINDS, *RULES]),
    *(replace(case, file=EVENING) for case in [*EVENINGS, *OTHER_RULES]),
    *(replace(case, file=ABOUT_EN) for case in GAPS if not case.field.startswith("fallbacks")),
    *(replace(case, file=EVENING_EN) for case in OTHER_GAPS),
    *(replace(case, file=TRAITS) for case in ORDERS),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}: {case.new[:30]}")
def test_each_fault_is_told_alone_with_its_line(case: Broken) -> None:
    with_fallbacks = dict(FILES)
    if case.file in (ABOUT_EN, EVENING_EN) and case.field.startswith("items"):
        # The gap's name changes, and with it the name of its fallback.
        old, new = (text.strip("{} ") for text in (case.old, case.new))
        text = FILES[case.file].decode()
        if "}}" in case.new and new.replace(".", "").isalpha():
            text = text.replace(f"fallbacks: {{{old}:", f"fallbacks: {{{new}:")
        else:
            text = text.replace("fallbacks: {ward: your ward}\n", "")
        with_fallbacks[case.file] = text.encode()
    assert_only_fault(with_fallbacks, case)


def test_a_gap_needs_something_to_stand_where_nothing_was_answered() -> None:
    text = FILES[ABOUT_EN].replace(b"fallbacks: {ward: your ward}\n", b"")
    (fault,) = faults_of(FILES | {ABOUT_EN: text})
    assert (fault.file, fault.field) == (ABOUT_EN, "items.nights")
    assert "fallbacks: {ward: ...}" in fault.remedy


def test_a_fallback_without_a_gap_is_found() -> None:
    text = FILES[ABOUT_EN].replace(b"{ward: your ward}", b"{ward: your ward, role: x}")
    (fault,) = faults_of(FILES | {ABOUT_EN: text})
    assert fault.field == "fallbacks.role"


def test_a_cycle_between_instruments_is_found_whatever_their_order() -> None:
    text = FILES[ABOUT].replace(b"when: nights >= 8", b"when: traits.total >= 3")
    traits = FILES[TRAITS].replace(b"t6]\nscales", b"{id: t6, when: about.nights > 2}]\nscales")
    (fault,) = faults_of(FILES | {ABOUT: text, TRAITS: traits})
    assert (fault.file, fault.field) == (ABOUT, "items[4].when")


def test_a_rule_that_takes_too_long_is_refused() -> None:
    numbers = ", ".join(str(number) for number in range(60))
    loops = f"[{numbers}].all(a, [{numbers}].all(b, [{numbers}].all(c, a + b + c >= 0)))"
    text = FILES[ABOUT].replace(NIGHTS.encode(), f'when: "{loops}"'.encode())
    (fault,) = faults_of(FILES | {ABOUT: text})
    assert fault.field == "items[3].when"
    assert "too many steps" in fault.message


def test_a_good_study_of_every_kind_is_read() -> None:
    protocol = read_protocol(FILES)
    about, evening, traits = (
        protocol.instruments[name]
        for name in (*protocol.waves[0].instruments[:1], "evening", "traits")
    )
    assert about.item("why").options[-1].exclusive
    assert about.item("ward").max_length == 40
    assert not about.item("ward").is_long
    assert about.item("nights").units == {"en": "nights", "tr": "nights"}
    assert evening.item("tired").ends["en"] == ("wide awake", "about to fall asleep")
    assert evening.item("agree").required
    assert not evening.item("agree").refusable
    assert evening.item("note").is_long
    assert evening.item("check").attention == "blue"
    assert [item.id for item in evening.items if not item.is_asked] == ["intro"]
    assert (traits.item_order, traits.keep_first) == ("random", 1)
    assert traits.item("t5").attention == "2"
