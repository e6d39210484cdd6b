"""What messages say, in whose words, in which language and form."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from longwave.services import texts
from longwave.services.texts import Facts

LINK = "https://study.example/l/abc"
FACTS = Facts(
    link=LINK,
    name="Ayşe <Yılmaz>",
    opens_at=datetime(2026, 2, 2, 8, tzinfo=UTC),
    closes_at=datetime(2026, 3, 1, 22, 30, tzinfo=UTC),
    zone="Europe/Istanbul",
    minutes=11,
    occurrence=2,
    occurrences=12,
    reminder=0,
    contact="team@example.org",
)
ARABIC = """\
Subject: استبيانك جاهز
SMS: استبيانك جاهز: {{ link }}

مرحبًا {{ name }}،

يمكنك الإجابة حتى {{ closes_at }}:

{{ link }}
"""
EVERYTHING = """\
Subject: {{ occurrence }} of {{ occurrences }}, until {{ closes_on }}

{{ name }}, since {{ opens_at }} until {{ closes_at }}, {{ minutes }} minutes, reminder
{{ reminder_number }}: {{ link }} ({{ study_contact }})
"""
KINDS = ("invitation", "reminder")


def told(kind="invitation", language="en", own=None, *, trial_run=False, **facts):
    chosen = texts.wording(kind, own or {}, language)
    return texts.questionnaire(chosen, replace(FACTS, **facts), trial_run=trial_run)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("language", "until"),
    [
        ("en", "2 March 2026, 01:30"),
        ("tr", "2 Mart 2026, 01:30"),
        ("de", "2. März 2026, 01:30"),
        ("es", "2 de marzo de 2026, 01:30"),
        ("ar", "2 مارس 2026، 01:30"),
    ],
)
def test_longwave_s_own_words_tell_where_and_until_when_in_every_form(kind, language, until):
    message = told(kind, language)
    for form in (message.body, message.html, message.sms):
        assert LINK in form and until in form
    assert len(message.subject) <= 78
    assert message.opt_out


def test_longwave_s_words_are_those_of_the_language():
    english, turkish = told(), told(language="tr")
    for form in ("subject", "body", "sms", "opt_out"):
        assert getattr(english, form) != getattr(turkish, form)
    assert 'lang="tr" dir="ltr"' in turkish.html


def test_where_longwave_does_not_speak_a_language_its_words_are_marked_as_english():
    message = told(language="fr")
    assert message.body == told().body
    assert 'lang="en" dir="ltr"' in message.html


def test_the_protocol_s_words_come_first_and_are_written_from_right_to_left_in_arabic():
    message = told(language="ar", own={"ar": ARABIC})
    assert message.subject == "استبيانك جاهز"
    assert "مرحبًا Ayşe <Yılmaz>،\n\nيمكنك الإجابة حتى 2 مارس 2026، 01:30:" in message.body
    assert message.html.count('lang="ar" dir="rtl"') == 2
    assert f'<a href="{LINK}" dir="ltr">' in message.html
    assert message.sms == f"استبيانك جاهز: {LINK}"


def test_another_language_than_those_of_the_protocol_hears_longwave():
    assert told(language="tr", own={"ar": ARABIC}) == told(language="tr")


def test_every_variable_is_filled_in():
    message = told("reminder", own={"en": EVERYTHING}, reminder=3)
    assert message.subject == "2 of 12, until 2 March 2026"
    assert message.body == (
        "Ayşe <Yılmaz>, since 2 February 2026, 11:00 until 2 March 2026, 01:30, 11 minutes, "
        f"reminder 3: {LINK} (team@example.org)\n"
    )
    assert "Ayşe &lt;Yılmaz&gt;" in message.html


def test_without_an_sms_of_its_own_longwave_says_it():
    own = {"en": EVERYTHING}
    assert told(own=own).sms == told().sms
    assert told("reminder", own=own, reminder=1).sms == told("reminder").sms != told().sms


def test_a_trial_run_is_marked_in_every_form():
    for own in ({}, {"en": EVERYTHING}):
        message = told(own=own, trial_run=True)
        assert message.body.endswith("\n\nThis is a trial run with practice data.\n")
        assert "<p>This is a trial run with practice data.</p>" in message.html
        assert message.sms.endswith("(Trial run)")
        assert "trial" not in told(own=own).body


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [{}, {"en": EVERYTHING}])
def test_html_fetches_nothing_and_is_well_formed(kind, own):
    message = told(kind, own=own)
    reader = Reader()
    reader.feed(message.html)
    reader.close()
    assert reader.open == []
    assert reader.names <= {"html", "head", "title", "meta", "body", "div", "p", "a"}
    assert reader.attributes <= {"lang", "dir", "charset", "style", "href"}
    assert set(re.findall(r"https?://[^\s\"<]+", message.html)) == {LINK}


class Reader(HTMLParser):
    """Notes the tags and attributes of a page, and what is left open."""

    def __init__(self):
        super().__init__()
        self.open, self.names, self.attributes = [], set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_text_is_compiled_once_for_all_its_readers():
    first = texts.wording("invitation", {"en": EVERYTHING}, "en")
    again = texts.wording("invitation", {"en": EVERYTHING}, "en")
    assert first.template is again.template
    assert (
        texts.wording("reminder", {}, "tr").template is texts.wording("reminder", {}, "tr").template
    )


@pytest.mark.parametrize("language", ["xyz", "zh-Hant-TW", "pt-BR"])
def test_dates_are_written_in_whatever_language_there_is(language):
    own = {language: EVERYTHING}
    assert "2026" in told(language=language, own=own).subject
