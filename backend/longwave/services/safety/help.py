"""The help that a participant is shown: for her country, in her language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from babel.core import get_global
from sqlmodel import Session

from longwave.domain.protocol.alerting import SafetyRule, Text
from longwave.domain.protocol.model import Protocol
from longwave.domain.safety import is_watched
from longwave.storage import alert as alerts
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_NOWHERE = frozenset({"ZZ", "001"})


@dataclass(frozen=True, slots=True)
class Help:
    """Pages of help, by language. Some answers asked for them, or they are there for anybody.

    ``messages`` is what the protocol says to whose answers did so while nobody watches.
    """

    pages: tuple[Text, ...]
    messages: tuple[Text, ...] = ()
    is_asked_for: bool = False


def help_of(
    session: Session,
    assessment: Assessment,
    participant: Participant,
    protocol: Protocol,
    *,
    now: datetime,
) -> Help:
    """Return the help that the answers of an assessment asked for, else all that there is."""
    raised = {alert.rule: alert for alert in alerts.of_assessment(session, key(assessment))}
    country = country_of(participant, protocol, now)
    fired = [rule for rule in protocol.safety if rule.id in raised]
    if not fired:
        return Help(pages_for(protocol, protocol.safety, country))
    messages = [
        rule.alert.out_of_hours.message
        for rule in fired
        if rule.alert.out_of_hours is not None
        and rule.alert.out_of_hours.message
        and not is_watched(rule.alert, raised[rule.id].raised_at)
    ]
    return Help(pages_for(protocol, fired, country), tuple(messages), is_asked_for=True)


def pages_for(
    protocol: Protocol, rules: Iterable[SafetyRule], country: str | None
) -> tuple[Text, ...]:
    """Return the pages that rules show in a country, each once."""
    names = dict.fromkeys(rule.show.of(country) for rule in rules)
    return tuple(protocol.texts[name] for name in names)


def country_of(participant: Participant, protocol: Protocol, now: datetime) -> str | None:
    """Return where a participant is: in the country of her site, else in that of her time zone.

    None where neither tells. That a zone lies in a country is what the Unicode CLDR says.
    """
    site = protocol.sites.get(participant.site)
    if site is not None and site.country is not None:
        return site.country
    zone = participant.zone_at(now)
    country = get_global("zone_territories").get(get_global("zone_aliases").get(zone, zone))
    return None if country in _NOWHERE else country
