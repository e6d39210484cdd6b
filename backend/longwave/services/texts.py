"""What messages say. Subjects are neutral: they name neither study, topic nor arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from longwave.domain.protocol.model import Text
from longwave.i18n import SOURCE, Translator, translator


@dataclass(frozen=True, slots=True)
class MessageText:
    """A subject and a plain body."""

    subject: str
    body: str


def questionnaire(
    kind: str, *, language: str, link: str, closes_at: datetime, zone: str, trial_run: bool
) -> MessageText:
    """Write an ``invitation`` or a ``reminder``; nothing in it tells of topic or arm."""
    say = translator(language)
    subjects = {
        "invitation": say("Your next questionnaire is ready"),
        "reminder": say("A reminder: your questionnaire is still open"),
    }
    until = say.time(closes_at, zone)
    paragraphs = [
        say("Hello,"),
        say("the next questionnaire of the study that you take part in is ready for you:"),
        link,
        say(
            "You can answer until {until}. The link is yours alone; please do not pass it on."
        ).format(until=until),
        say("You may stop at any time, and pause messages or leave the study on the same page."),
    ]
    return _text(say, subjects[kind], paragraphs, trial_run)


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


_RULE = "-" * 60


def _ticked(say: Translator, lines: Sequence[tuple[Text, bool]]) -> str:
    return "\n".join(f"[{'x' if ticked else ' '}] {say.pick(text)}" for text, ticked in lines)


def _text(say: Translator, subject: str, paragraphs: Sequence[str], trial_run: bool) -> MessageText:
    told = [*paragraphs, *([say("This is a trial run with practice data.")] if trial_run else [])]
    return MessageText(subject, "\n\n".join(told) + "\n")
