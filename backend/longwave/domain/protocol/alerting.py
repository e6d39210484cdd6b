"""Safety rules as a protocol plans them: what is shown, who is told, and when somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

Text = Mapping[str, str]
"""One text in several languages, by language code."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class HelpPage:
    """The page of help called ``name``, or another one for those who are in some countries.

    ``countries`` holds names of pages by ISO 3166 code.
    """

    name: str
    countries: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its pages."""
        return tuple(dict.fromkeys((self.name, *self.countries.values())))

    def of(self, country: str | None) -> str:
        """Return the name of the page for somebody in a country, or in no country we know."""
        return self.countries.get(country or "", self.name)


@dataclass(frozen=True, slots=True)
class WatchHours:
    """The local times of day ("HH:MM") between which alerts are looked at, on some weekdays.

    Hours that end before they start go on past midnight, and belong to the day they start on.
    """

    start: str
    end: str
    days: tuple[str, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who else is told of an alert that nobody has acknowledged ``after`` so long."""

    role: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class OutOfHours:
    """What happens outside the hours: a ``role`` is told as well, or a ``message`` is shown."""

    role: str | None = None
    message: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alerting:
    """Who is told, within which time somebody looks, and what if nobody does.

    Without ``hours`` alerts are looked at day and night, without ``within`` at no promised time.
    """

    role: str
    within: timedelta | None = None
    escalate: Escalation | None = None
    hours: WatchHours | None = None
    out_of_hours: OutOfHours | None = None

    @property
    def is_covered(self) -> bool:
        """Whether somebody looks at any hour."""
        return self.hours is None or (
            self.out_of_hours is not None and self.out_of_hours.role is not None
        )


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """A CEL rule on answers and scores that shows help at once and alerts somebody.

    It looks at the answers of one assessment, of one of ``waves`` if there are any.
    """

    id: str
    when: str
    show: HelpPage
    alert: Alerting
    waves: tuple[str, ...] = ()

    def holds_at(self, wave: str) -> bool:
        """Whether answers of a wave are looked at."""
        return not self.waves or wave in self.waves
