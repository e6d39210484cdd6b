"""The ``messages`` block of a protocol as typed, immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from longwave.domain.duration import Duration
from longwave.domain.lifecycle.states import Channel
from longwave.domain.protocol.programme import Text


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """The protocol's own texts of messages, by language; empty where Longwave's words serve.

    The last of ``reminders`` serves those that follow. ``waves`` holds what some waves say
    otherwise.
    """

    invitation: Text = field(default_factory=dict)
    reminders: tuple[Text, ...] = ()
    waves: Mapping[str, MessageTexts] = field(default_factory=dict)

    def of(self, wave: str, reminder: int | None = None) -> Text:
        """Return the text of an invitation to ``wave``, or of a reminder, counted from 1."""
        own = self.waves.get(wave)
        for texts in (own, self) if own is not None else (self,):
            if reminder is None and texts.invitation:
                return texts.invitation
            if reminder is not None and texts.reminders:
                return texts.reminders[min(reminder, len(texts.reminders)) - 1]
        return {}


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``count`` messages to one person within any span ``per``."""

    count: int
    per: Duration


@dataclass(frozen=True, slots=True)
class MessageRules:
    """When reminders go out, counted from the opening of a wave, and how many at most.

    ``budget`` holds the contact budgets by name, ``reminders`` and ``prompts``. With messages about
    the waves of ``calendar`` goes a file for the reader's calendar. ``channels`` are those by which
    participants may be reached, the usual one first.
    """

    reminders: tuple[Duration, ...]
    quiet_hours: tuple[str, str] | None
    texts: MessageTexts = field(default_factory=MessageTexts)
    calendar: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    budget: Mapping[str, Allowance] = field(default_factory=dict)
