"""What can be wrong about the texts of messages, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault, change, faults_of

from longwave.domain.protocol import read_protocol, referred_files
from longwave.domain.protocol.amendment import not_amendable

INVITATION = "texts/messages/invitation.en.md"
REMINDER_TR = "texts/messages/reminder.tr.md"
TEXTS = """\
  quiet_hours: [21:00, 08:00]
  calendar: [w0, w2]
  texts:
    invitation: "texts/messages/invitation.{language}.md"
    reminders: ["texts/messages/reminder.{language}.md"]
    waves:
      w1: {invitation: "texts/messages/first.{language}.md"}
"""
TEXT = """\
Subject: Ready until {{ closes_on }}
SMS: Ready: {{ link }}

Hello {{ name }},

{{ link }}
"""


@pytest.fixture
def texted(small: dict[str, bytes]) -> dict[str, bytes]:
    """The small study with texts of its own."""
    case = Broken("", "  quiet_hours: [21:00, 08:00]\n", TEXTS, "", "")
    files = change(small, case)
    for kind in ("invitation", "reminder", "first"):
        for language in ("en", "tr"):
            text = TEXT.replace("Hello", {"en": f"Hello, {kind}", "tr": "Merhaba"}[language])
            files[f"texts/messages/{kind}.{language}.md"] = text.encode()
    return files


def test_texts_are_read_by_kind_language_and_wave(texted: dict[str, bytes]) -> None:
    messages = read_protocol(texted).messages
    assert messages.calendar == ("w0", "w2")
    assert "Hello, invitation" in messages.texts.of("w0")["en"]
    assert "Hello, first" in messages.texts.of("w1")["en"]
    assert "Merhaba" in messages.texts.of("w1")["tr"]
    for number in (1, 2, 9):
        assert "Hello, reminder" in messages.texts.of("w1", number)["en"]


def test_without_texts_there_are_none(small: dict[str, bytes]) -> None:
    texts = read_protocol(small).messages.texts
    assert texts.of("w0") == {} and texts.of("w0", 1) == {}


def test_each_reminder_may_have_a_text_and_the_last_serves_those_that_follow(
    texted: dict[str, bytes],
) -> None:
    both = '["texts/messages/reminder.{language}.md", "texts/messages/first.{language}.md"]'
    files = change(texted, Broken("", '["texts/messages/reminder.{language}.md"]', both, "", ""))
    texts = read_protocol(files).messages.texts
    found = [texts.of("w0", number)["en"] for number in (1, 2, 3)]
    assert "Hello, reminder" in found[0]
    assert "Hello, first" in found[1] and found[1] == found[2]


def test_texts_are_gathered_and_hashed_with_the_protocol(texted: dict[str, bytes]) -> None:
    assert {INVITATION, REMINDER_TR} <= set(referred_files(texted["protocol.yaml"]))
    before = read_protocol(texted)
    after = read_protocol({**texted, INVITATION: TEXT.replace("Hello", "Good day").encode()})
    assert before.hash != after.hash
    assert not_amendable(before, after) == []


def test_a_byte_order_mark_and_other_line_ends_are_read(texted: dict[str, bytes]) -> None:
    text = TEXT.replace("\n", "\r\n").encode("utf-8-sig")
    assert read_protocol({**texted, INVITATION: text}).messages.texts.of("w0")["en"]


CASES = [
    Broken("messages.calendar[1]", "[w0, w2]", "[w0, w9]", "no wave 'w9'", "w0, w1 or w2"),
    Broken("messages.calendar[1]", "[w0, w2]", "[w0, w0]", "listed twice", "Remove one"),
    Broken("messages.texts.waves.w9", "      w1: {inv", "      w9: {inv", "no wave 'w9'", "w0"),
    Broken("messages.texts.invite", "    invitation: ", "    invite: ", "no field", "invitation"),
    Broken(
        "messages.texts.invitation",
        "texts/messages/invitation.{language}.md",
        "../secret.{language}.md",
        "is not a Markdown file of this folder",
        "texts/messages/{language}.md",
        "secret",
    ),
    Broken(
        "messages.texts.invitation",
        "texts/messages/invitation.{language}.md",
        "texts/messages/invitation.md",
        "is not a Markdown file of this folder for each language",
        "texts/messages/{language}.md",
        "invitation.md",
    ),
    Broken(
        "messages.texts.reminders[2]",
        '["texts/messages/reminder.{language}.md"]',
        "[" + ", ".join(['"texts/messages/reminder.{language}.md"'] * 3) + "]",
        "There is no reminder 3",
        "add a reminder",
        "reminders: [",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_of_the_plan_is_told(texted: dict[str, bytes], case: Broken) -> None:
    assert_only_fault(texted, case)


def test_a_missing_language_is_told(texted: dict[str, bytes]) -> None:
    del texted[REMINDER_TR]
    (fault,) = faults_of(texted)
    assert fault.field == "messages.texts.reminders[0]"
    assert REMINDER_TR in fault.message


IN_TEXTS = [
    ("Hello", "Hello {{ closng_at }}", "'closng_at' does not exist", 4),
    ("Hello", "{{ reminder_number }}", "'reminder_number' is not known", 4),
    ("Hello", "{{ link.__class__ }}", "'link.__class__', not the name of a variable", 4),
    ("Hello", "{% if link %}", "'{%' does not belong to a variable", 4),
    ("Hello,\n\n{{ link }}", "Hello", "lacks {{ link }}", 4),
    ("Subject: Ready until {{ closes_on }}\n", "", "no subject", 1),
    ("Ready until", "Your COURSE until", "'course', the id of a programme", 1),
    ("Hello", "It is the\n**turn of the Course** and", "'course', the id of a programme", 5),
    ("Ready:", "Later:", "'later', the id of an arm", 2),
    ("Hello", "ŞİMDİ", "'Şimdi', the label of an arm", 4),
    ("Hello", "alistirma, alıştırma", "'Alıştırma', the label of a programme", 4),
    ("Hello", "Mood EN and", "the title of an instrument", 4),
    ("Ready until", "A  small study until", "'A small study', the study's title", 1),
    ("Ready:", "small-study:", "'small-study', the study's name", 2),
]


@pytest.mark.parametrize(("old", "new", "message", "line"), IN_TEXTS)
def test_a_fault_of_a_text_is_told_with_file_line_and_field(
    texted: dict[str, bytes], old: str, new: str, message: str, line: int
) -> None:
    text = TEXT.replace("Hello {{ name }}", "Hello")
    assert old in text
    texted[INVITATION] = text.replace(old, new, 1).encode()
    found = [fault for fault in faults_of(texted) if message in fault.message]
    assert {(fault.file, fault.line, fault.field) for fault in found} == {
        (INVITATION, line, "messages.texts.invitation")
    }
    assert all(fault.remedy for fault in found)


def test_the_study_may_be_named_in_the_text_alone(texted: dict[str, bytes]) -> None:
    texted[INVITATION] = TEXT.replace("Hello", "Hello, this is A small study,").encode()
    assert read_protocol(texted)


def test_the_prompts_of_a_sampled_wave_stay_out_of_calendars(texted: dict[str, bytes]) -> None:
    sampled = """\
  - {id: esm, label: {en: E, tr: E}, anchor: randomisation, target: P26W, instruments: [mood],
     sampling: {days: 2, per_day: 2, between: ["09:00", "21:00"], apart: PT90M, expires: PT30M}}
programmes:
"""
    files = change(texted, Broken("", "programmes:\n", sampled, "", ""))
    case = Broken(
        "messages.calendar[1]", "[w0, w2]", "[w0, esm]", "when nobody expects them", "Remove"
    )
    assert_only_fault(files, case)
