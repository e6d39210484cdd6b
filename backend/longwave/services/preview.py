"""Every message of a protocol as its reader would get it, with values made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from longwave.domain.consent import document_hash
from longwave.domain.messages import Kind
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.schedule import instant, wall_clock
from longwave.notify import Sms
from longwave.services import calendar, texts
from longwave.services.texts import Facts, MessageText

PREVIEWED = (Kind.INVITATION, Kind.REMINDER, Kind.CONSENT_COPY)
_LINK = "https://study.example.org/l/EXAMPLEexampleEXAMPLEexample0123"
"""As long as links are, behind an address of middling length."""
_NAME = "A. Participant"


@dataclass(frozen=True, slots=True)
class Preview:
    """One message in one language, as it would read for the first of its ``waves``.

    ``name`` tells it from the others. ``calendar`` is the file that goes along, if any.
    """

    name: str
    kind: Kind
    language: str
    waves: tuple[str, ...]
    text: MessageText
    calendar: bytes | None = None

    @property
    def sms(self) -> str | None:
        """The whole SMS, with its line on how to stop messages; None if it never goes as one."""
        if self.text.sms is None:
            return None
        return Sms("", self.text.sms, "", self.text.opt_out).text


def previews(protocol: Protocol, *, now: datetime) -> Iterator[Preview]:
    """Yield the messages of a protocol: invitations, reminders, and the copy of the consent.

    Waves whose messages have the same words and files share one.
    """
    for language in protocol.study.languages:
        for reminder in range(1 + max(len(protocol.reminders_of(wave)) for wave in protocol.waves)):
            groups = _groups(protocol, reminder, language)
            for waves in groups:
                yield _questionnaire(protocol, waves, reminder, language, len(groups) > 1, now)
        yield _consent_copy(protocol, language, now)


def _groups(protocol: Protocol, reminder: int, language: str) -> list[list[Wave]]:
    """Return the waves, those together whose messages differ in values alone."""
    found: dict[tuple[str, bool], list[Wave]] = {}
    for wave in protocol.waves:
        if reminder > len(protocol.reminders_of(wave)):
            continue
        text = protocol.messages.texts.of(wave.id, reminder or None).get(language, "")
        brings = not reminder and wave.id in protocol.messages.calendar
        found.setdefault((text, brings), []).append(wave)
    return list(found.values())


def _questionnaire(
    protocol: Protocol,
    waves: list[Wave],
    reminder: int,
    language: str,
    apart: bool,
    now: datetime,
) -> Preview:
    wave, zone = waves[0], protocol.study.timezone
    kind = Kind.REMINDER if reminder else Kind.INVITATION
    closes_at = instant(wave.window.after.after(wall_clock(now, zone)), zone)
    facts = Facts(
        link=_LINK,
        name=_NAME,
        opens_at=now,
        closes_at=closes_at,
        zone=zone,
        minutes=protocol.minutes(wave),
        occurrence=1,
        occurrences=wave.occurrences,
        reminder=reminder,
        contact=protocol.study.contact,
    )
    own = protocol.messages.texts.of(wave.id, reminder or None)
    parts = [f"{kind}-{reminder}" if reminder else str(kind), *([wave.id] if apart else [])]
    brings = not reminder and wave.id in protocol.messages.calendar
    return Preview(
        name=".".join([*parts, language]),
        kind=kind,
        language=language,
        waves=tuple(found.id for found in waves),
        text=texts.questionnaire(texts.wording(kind, own, language), facts, trial_run=False),
        calendar=calendar.example(now, closes_at, language=language) if brings else None,
    )


def _consent_copy(protocol: Protocol, language: str, now: datetime) -> Preview:
    plan = protocol.consent
    return Preview(
        name=f"{Kind.CONSENT_COPY}.{language}",
        kind=Kind.CONSENT_COPY,
        language=language,
        waves=(),
        text=texts.consent_copy(
            language=language,
            document=plan.documents[language],
            statements=[(statement.label, statement.required) for statement in plan.statements],
            choices=[(use.label, False) for use in plan.uses],
            name=_NAME,
            signed_at=now,
            zone=protocol.study.timezone,
            version=plan.version,
            document_hash=document_hash(plan.documents[language]),
            trial_run=False,
        ),
    )
