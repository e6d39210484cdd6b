"""What messages say: in the protocol's words where it has some, else in Longwave's own.

Subjects and SMS are neutral: they name neither study, topic nor arm.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from longwave.domain.codes import CodePurpose
from longwave.domain.protocol.programme import Text
from longwave.domain.texts import MessageTemplate, message_template
from longwave.i18n import SOURCE, Translator, comma, direction, languages, translator


@dataclass(frozen=True, slots=True)
class MessageText:
    """A subject and a plain body; ``html`` says what the body says.

    ``sms`` is what an SMS says instead, and ``opt_out`` its line on how to stop messages.
    """

    subject: str
    body: str
    html: str | None = None
    sms: str | None = None
    opt_out: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """A compiled text and its ``language``, which need not be the one that was asked for."""

    template: MessageTemplate
    language: str

    def needs(self, variable: str) -> bool:
        """Return whether the text names a variable."""
        return variable in self.template.variables


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text about a questionnaire may tell. ``reminder`` counts from 1; 0 for none."""

    link: str
    name: str
    opens_at: datetime
    closes_at: datetime
    zone: str
    minutes: int
    occurrence: int
    occurrences: int
    reminder: int
    contact: str


def wording(kind: str, own: Text, language: str) -> Wording:
    """Return the text of an ``invitation`` or a ``reminder``, compiled once per process.

    Parameters
    ----------
    own
        The protocol's own texts, by language; empty if it has none.
    language
        The reader's. Longwave's own words are English where they do not speak it.
    """
    if language in own:
        return Wording(message_template(own[language]), language)
    spoken = language if language in languages() else SOURCE
    return Wording(_built_in(kind, spoken), spoken)


def questionnaire(chosen: Wording, facts: Facts, *, trial_run: bool) -> MessageText:
    """Write a message about a questionnaire; nothing in it tells of topic or arm."""
    say = translator(chosen.language)
    told = chosen.template.fill(_values(facts, chosen.language))
    sms = told.sms or _built_in_sms(facts, chosen.language)
    body, marked_up = told.plain, told.html
    if trial_run:
        practice = say("This is a trial run with practice data.")
        body = f"{body}\n{practice}\n"
        marked_up = f"{marked_up}<p>{html.escape(practice)}</p>\n"
        sms = f"{sms} ({say('Trial run')})"
    return MessageText(
        subject=told.subject,
        body=body,
        html=_page(chosen.language, told.subject, marked_up),
        sms=sms,
        opt_out=say("To stop messages, open the link."),
    )


def _values(facts: Facts, language: str) -> Mapping[str, str]:
    """Return the value of every variable."""
    return {
        "link": facts.link,
        "name": facts.name,
        "opens_at": _time(facts.opens_at, facts.zone, language),
        "closes_at": _time(facts.closes_at, facts.zone, language),
        "closes_on": _day(facts.closes_at, facts.zone, language),
        "minutes": str(facts.minutes),
        "occurrence": str(facts.occurrence),
        "occurrences": str(facts.occurrences),
        "reminder_number": str(facts.reminder),
        "study_contact": facts.contact,
    }


@cache
def _built_in(kind: str, language: str) -> MessageTemplate:
    say = translator(language)
    subjects = {
        "invitation": say("Your next questionnaire is ready"),
        "reminder": say("A reminder: your questionnaire is still open"),
    }
    short = {
        "invitation": say("Your questionnaire is open until {until}:"),
        "reminder": say("Reminder: your questionnaire is open until {until}:"),
    }
    paragraphs = [
        f"Subject: {subjects[kind]}\nSMS: {short[kind].format(until=_UNTIL)} {_LINK}",
        say("Hello,"),
        say("the next questionnaire of the study that you take part in is ready for you:"),
        _LINK,
        say(
            "You can answer until {until}. The link is yours alone; please do not pass it on."
        ).format(until=_UNTIL),
        say("You may stop at any time, and pause messages or leave the study on the same page."),
    ]
    return message_template("\n\n".join(paragraphs) + "\n")


_LINK = "{{ link }}"
_UNTIL = "{{ closes_at }}"


def _built_in_sms(facts: Facts, language: str) -> str:
    """Return what an SMS says where the protocol has a text of its own for mail alone."""
    kind = "reminder" if facts.reminder else "invitation"
    chosen = wording(kind, {}, language)
    return chosen.template.fill(_values(facts, chosen.language)).sms or ""


def _page(language: str, subject: str, inner: str) -> str:
    """Return a document of HTML that mail programs show, and that fetches nothing."""
    how = f'lang="{html.escape(language)}" dir="{direction(language)}"'
    return (
        f"<!doctype html>\n<html {how}>\n"
        f'<head><meta charset="utf-8"><title>{html.escape(subject)}</title></head>\n'
        f'<body><div {how} style="{_STYLE}">\n{inner}</div></body>\n</html>\n'
    )


_STYLE = "max-width: 36em; margin: 0 auto; padding: 1em; font: 16px/1.5 sans-serif"


def _day(at: datetime, zone: str, language: str) -> str:
    return format_date(at.astimezone(ZoneInfo(zone)), "long", locale=_locale(language))


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def _time(at: datetime, zone: str, language: str) -> str:
    return f"{_day(at, zone, language)}{comma(language)} {_clock(at, zone)}"


@cache
def _locale(language: str) -> Locale:
    """Return how a language writes dates, also one that the interface does not speak."""
    try:
        return Locale.parse("en_GB" if language == SOURCE else language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def consent_copy(
    *,
    language: str,
    document: str,
    statements: Sequence[tuple[Text, bool]],
    choices: Sequence[tuple[Text, bool]],
    name: str,
    signed_at: datetime,
    zone: str,
    version: str,
    document_hash: str,
    trial_run: bool,
) -> MessageText:
    """Write the copy of a signature: the document, what was ticked and chosen, who and when."""
    say = translator(language)
    paragraphs = [
        say("Hello,"),
        say("this is a copy of what you signed; please keep it."),
        _RULE,
        document.strip(),
        _RULE,
        say("You agreed to these statements:"),
        _ticked(say, statements),
    ]
    if choices:
        paragraphs += [
            say("You chose this, and may change it at any time:"),
            _ticked(say, choices),
        ]
    paragraphs += [
        say("Signed by {name} on {time}.").format(name=name, time=say.time(signed_at, zone)),
        say("Consent document, version {version}").format(version=version)
        + f"\nSHA-256: {document_hash}",
    ]
    return _text(say, say("A copy of what you signed"), paragraphs, trial_run)


def code(
    language: str, digits: str, purpose: CodePurpose, until: datetime, zone: str, *, trial_run: bool
) -> MessageText:
    """Write a code that somebody asked for, and what it is good for."""
    say = translator(language if language in languages() else SOURCE)
    until_text = say.time(until, zone)
    whys = {
        CodePurpose.EMAIL: say("With it you show that messages to this address reach you."),
        CodePurpose.PHONE: say("With it you show that messages to this number reach you."),
        CodePurpose.DOWNLOAD: say("With it you get a copy of what you answered."),
        CodePurpose.ERASURE: say("With it you ask to have your data erased."),
    }
    paragraphs = [
        say("Hello,"),
        say("your code is {code}.").format(code=digits),
        say("Type it on the page where you asked for it, by {time}.").format(time=until_text),
        whys[purpose],
        say("If you did not ask for it, do nothing: without the code, nothing happens."),
    ]
    short = say("Your code is {code}. It is good until {time}.")
    text = _text(say, say("Your code"), paragraphs, trial_run)
    return replace(text, sms=short.format(code=digits, time=f"{_clock(until, zone)}"))


def address_changed(
    language: str, contact: str, at: datetime, zone: str, *, trial_run: bool
) -> MessageText:
    """Tell an old address that another one has taken its place; never which."""
    say = translator(language if language in languages() else SOURCE)
    objection = say("If that was not you, please write to {contact} at once.")
    paragraphs = [
        say("Hello,"),
        say(
            "messages that came here go elsewhere since {time}: you, or somebody who had your "
            "link, entered another address or number, and proved to be reached there."
        ).format(time=say.time(at, zone)),
        objection.format(contact=contact),
    ]
    short = say("Messages that came here go elsewhere now.")
    text = _text(say, say("Your messages go elsewhere now"), paragraphs, trial_run)
    return replace(text, sms=f"{short} {objection.format(contact=contact)}")


def unblinding_notice(*, public_id: str, who: str, at: datetime, trial_run: bool) -> MessageText:
    """Tell an owner, in English, of an emergency unblinding; never the arm."""
    say = translator(SOURCE)
    paragraphs = [
        "Hello,",
        f"{who} was told the arm of participant {public_id} on {say.time(at)} (UTC), after "
        "asking for it in an emergency, giving a reason and confirming it.",
        "Request and confirmation stand in the audit trail. This message does not name the arm.",
    ]
    return _text(say, "A participant was unblinded", paragraphs, trial_run)


def safety_notice(
    *,
    public_id: str,
    site: str,
    at: datetime,
    zone: str,
    reminder: int,
    slug: str,
    address: str,
    trial_run: bool,
) -> MessageText:
    """Tell staff, in English, of an alert about a participant; never an answer, nor the arm.

    ``reminder`` counts from 1; 0 for the first notice.
    """
    say = translator(SOURCE)
    when = f"{say.time(at, zone)} ({zone})"
    paragraphs = [
        "Hello,",
        f"participant {public_id} at the site {site} gave answers on {when} that the protocol "
        "wants somebody to look at.",
        "The participant was shown the study's page of help.",
        f"Look after it, and say what was done: {address}, or `longwave alert list {slug}` on the "
        "server.",
        "This message names neither answers nor the arm.",
    ]
    if reminder:
        paragraphs.insert(2, f"Nobody has acknowledged it yet; this is reminder {reminder}.")
    subject = "Reminder: a participant needs a look" if reminder else "A participant needs a look"
    return _text(say, subject, paragraphs, trial_run)


_RULE = "-" * 60


def _ticked(say: Translator, lines: Sequence[tuple[Text, bool]]) -> str:
    return "\n".join(f"[{'x' if ticked else ' '}] {say.pick(text)}" for text, ticked in lines)


def _text(say: Translator, subject: str, paragraphs: Sequence[str], trial_run: bool) -> MessageText:
    told = [*paragraphs, *([say("This is a trial run with practice data.")] if trial_run else [])]
    return MessageText(subject, "\n\n".join(told) + "\n")
