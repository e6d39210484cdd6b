"""Every word of the interface can be said in every language it claims to speak."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import nodes

from longwave import i18n
from longwave.domain.lifecycle import (
    AssessmentStatus,
    FollowUp,
    MessageState,
    Role,
    Stage,
    StudyState,
)
from longwave.web.rendering import environment

LONGWAVE = Path(i18n.__file__).parent
TRANSLATED = i18n.languages()[1:]
STATES = (AssessmentStatus, FollowUp, MessageState, Role, Stage, StudyState)
"""What templates translate by value."""

TOLD_TO_PARTICIPANTS = (
    "domain/consent.py",
    "domain/items/values.py",
    "domain/lifecycle/participant.py",
    "domain/phone.py",
    "services/address.py",
    "services/assessment/finding.py",
    "services/assessment/given.py",
    "services/codes.py",
    "services/consent.py",
    "services/contact.py",
    "services/courses/practice.py",
    "services/enrolment.py",
    "services/language.py",
    "services/withdrawal.py",
    "web/participant/survey/sheet.py",
)
"""Where failures are worded that a participant can read."""

SHOWN_FAILURES = {
    "Complaint",
    "ConsentNeededError",
    "LinkExpiredError",
    "LinkUsedError",
    "RefusedTransitionError",
    "ValueError",
}
PLACEHOLDER = re.compile(r"\{\w*\}")


def in_templates() -> Iterator[str]:
    """Give the texts that templates pass to ``_`` and ``_.plural``."""
    engine = environment()
    for name in engine.list_templates():
        source, _, _ = engine.loader.get_source(engine, name)
        for call in engine.parse(source).find_all(nodes.Call):
            yield from constants_of(call)


def constants_of(call: nodes.Call) -> Iterator[str]:
    target = call.node
    direct = isinstance(target, nodes.Name) and target.name == "_"
    plural = isinstance(target, nodes.Getattr) and target.attr == "plural"
    if (direct or plural) and isinstance(call.args[0], nodes.Const):
        yield call.args[0].value


def in_code() -> Iterator[str]:
    """Give the texts that code passes to a translator, or marks with ``_``."""
    for path in LONGWAVE.rglob("*.py"):
        for call in calls(path):
            direct = isinstance(call.func, ast.Name) and call.func.id in ("_", "say")
            plural = isinstance(call.func, ast.Attribute) and call.func.attr == "plural"
            if (direct or plural) and call.args and text_of(call.args[0]):
                yield text_of(call.args[0])


def in_failures() -> Iterator[str]:
    """Give the failures and complaints that a participant's pages show."""
    for name in TOLD_TO_PARTICIPANTS:
        tree = ast.parse((LONGWAVE / name).read_text(encoding="utf-8"))
        for call in calls(LONGWAVE / name):
            if isinstance(call.func, ast.Name) and call.func.id in SHOWN_FAILURES:
                yield from filter(None, [text_of(call.args[0])])
        for node in ast.walk(tree):  # complaints about a field are assigned, or stand in a dict
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                yield from filter(None, [text_of(node.value)])
            elif isinstance(node, ast.Dict):
                yield from (text for text in map(text_of, node.values) if text.endswith("."))
            elif isinstance(node, ast.DictComp):
                yield from filter(None, [text_of(node.value)])


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def text_of(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def spoken() -> set[str]:
    words = {*in_templates(), *in_code(), *in_failures()}
    return words | {str(state) for states in STATES for state in states}


def entries_of(language: str):
    return [entry for part in i18n.catalogues(language) for entry in part if entry.id]


def test_five_languages_are_spoken():
    assert i18n.languages() == ("en", "ar", "de", "es", "tr")


def test_the_search_finds_words_of_every_kind():
    words = spoken()
    assert "Skip to the content" in words  # a template
    assert "{n} day" in words  # a plural in code
    assert "Please type your name." in words  # a complaint
    assert "Consent was given already." in words  # a failure
    assert "Your next questionnaire is ready" in words  # a message


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_lacks_a_translation(language):
    assert sorted(spoken() - set(i18n.translator(language).messages)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_nothing_that_is_not_said(language):
    entries = {i18n.source_of(entry) for entry in entries_of(language)}
    assert sorted(entries - spoken()) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_word_is_translated_in_one_place(language):
    twice = Counter(i18n.source_of(entry) for entry in entries_of(language))
    assert [source for source, count in twice.items() if count > 1] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_parts_of_a_catalogue_count_alike_and_have_every_form(language):
    rules = {part.plural_forms for part in i18n.catalogues(language)}
    assert len(rules) == 1
    needed = next(i18n.catalogues(language)).num_plurals
    for entry in entries_of(language):
        assert len(i18n.forms_of(entry)) == (needed if entry.pluralizable else 1)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_the_english_fills_in(language):
    for entry in entries_of(language):
        wanted = set(PLACEHOLDER.findall(i18n.source_of(entry)))
        numbers = numbers_by_form(language) if entry.pluralizable else [set()]
        for form, suited in zip(i18n.forms_of(entry), numbers, strict=True):
            # A form for a single number may say it in a word: "a day", "two days".
            spared = {"{n}"} if len(suited) == 1 else set()
            assert wanted - spared <= set(PLACEHOLDER.findall(form)) <= wanted


def numbers_by_form(language: str) -> list[set[int]]:
    """Give the numbers up to a thousand that each plural form of a language suits."""
    found = [set() for _ in range(next(i18n.catalogues(language)).num_plurals)]
    for number in range(1000):
        found[i18n.translator(language).form(number)].add(number)
    return found


def test_what_a_catalogue_lacks_is_said_in_english():
    assert i18n.translator("tr")("never translated") == "never translated"
    assert i18n.translator("xx")("Thank you") == "Thank you"


def test_plurals_follow_the_number():
    say = i18n.translator("en")
    assert say.plural("{n} day", "{n} days", 1) == "1 day"
    assert say.plural("{n} day", "{n} days", 2) == "2 days"
    assert i18n.translator("tr").plural("{n} day", "{n} days", 2) == "2 gün"
    assert i18n.translator("es").plural("{n} day", "{n} days", 1) == "1 día"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 يوم"),
        (1, "يوم واحد"),
        (2, "يومين"),
        (3, "3 أيام"),
        (10, "10 أيام"),
        (11, "11 يومًا"),
        (99, "99 يومًا"),
        (100, "100 يوم"),
        (102, "102 يوم"),
        (103, "103 أيام"),
        (111, "111 يومًا"),
    ],
)
def test_arabic_has_six_ways_to_count(number, said):
    assert i18n.translator("ar").plural("{n} day", "{n} days", number) == said


def test_dates_fall_on_the_day_of_the_zone():
    late = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert i18n.translator("en").date(late, "Europe/Istanbul") == "2 March 2026"
    assert i18n.translator("tr").time(late, "Europe/Istanbul") == "2 Mart 2026, 01:30"


@pytest.mark.parametrize(
    ("language", "date", "time"),
    [
        ("en", "1 March 2026", "1 March 2026, 22:30"),
        ("tr", "1 Mart 2026", "1 Mart 2026, 22:30"),
        ("de", "1. März 2026", "1. März 2026, 22:30"),
        ("es", "1 de marzo de 2026", "1 de marzo de 2026, 22:30"),
        ("ar", "1 مارس 2026", "1 مارس 2026، 22:30"),
    ],
)
def test_dates_are_written_as_each_language_writes_them(language, date, time):
    say = i18n.translator(language)
    evening = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert (say.date(evening), say.time(evening)) == (date, time)


def test_a_study_text_falls_back_to_its_first_language():
    assert i18n.translator("tr").pick({"en": "Rest", "tr": "Dinlenme"}) == "Dinlenme"
    assert i18n.translator("tr").pick({"de": "Ruhe", "en": "Rest"}) == "Ruhe"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("tr-TR,tr;q=0.9,en;q=0.5", "tr"), ("de, en;q=0.8", "en"), ("", "en"), (";;,=", "en")],
)
def test_the_browser_s_first_language_on_offer_is_taken(header, expected):
    assert i18n.preferred(header, ("en", "tr")) == expected


def test_languages_are_named_in_themselves_and_know_their_direction():
    assert i18n.own_name("tr") == "Türkçe"
    assert i18n.direction("ar") == "rtl"
    assert i18n.direction("tr") == "ltr"
