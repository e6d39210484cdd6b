"""Whether and when somebody watches the answers, in words: what participants read beforehand."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import get_day_names, get_timezone_location
from babel.lists import format_list

from longwave.domain.protocol.alerting import WEEKDAYS, Alerting, WatchHours
from longwave.domain.protocol.model import Protocol
from longwave.i18n import Translator


def watching(protocol: Protocol, say: Translator) -> list[str]:
    """Return sentences that say whether and when answers are watched."""
    if not protocol.safety:
        return [say("Nobody watches the answers as they come in: they cannot call for help.")]
    looks = list(dict.fromkeys(_looks(rule.alert, say) for rule in protocol.safety))
    return [
        say("Certain answers alert the study team. Nobody watches the other answers."),
        *([say("Which of the following holds depends on the answer:")] if looks[1:] else []),
        *looks,
    ]


def _looks(alert: Alerting, say: Translator) -> str:
    within = None if alert.within is None else _span(alert.within, say)
    if alert.hours is None or alert.is_covered:
        if within is None:
            return say("Somebody of the team looks at such an alert; no time is promised.")
        return say(
            "Somebody of the team looks at such an alert within {span}, at any hour."
        ).format(span=within)
    hours = _hours(alert.hours, say)
    if within is None:
        text = say(
            "Somebody of the team looks at such an alert in these hours: {hours}. No time is "
            "promised, and at other times nobody watches."
        )
        return text.format(hours=hours)
    text = say(
        "Somebody of the team looks at such an alert within {span}, counted in these hours: "
        "{hours}. At other times nobody watches."
    )
    return text.format(span=within, hours=hours)


def _hours(hours: WatchHours, say: Translator) -> str:
    return say("{days}, {start} to {end} ({place} time)").format(
        days=_days(hours.days, say),
        start=hours.start,
        end=hours.end,
        place=get_timezone_location(hours.zone, locale=say.locale, return_city=True),
    )


def _days(days: tuple[str, ...], say: Translator) -> str:
    if len(days) == len(WEEKDAYS):
        return say("every day")
    places = [WEEKDAYS.index(day) for day in days]
    names = get_day_names("wide", "stand-alone", say.locale)
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return say("{first} to {last}").format(first=names[places[0]], last=names[places[-1]])
    return format_list([names[place] for place in places], "standard", say.locale)


def _span(span: timedelta, say: Translator) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes % 1440 == 0:
        return say.plural("{n} day", "{n} days", minutes // 1440)
    if minutes % 60 == 0:
        return say.plural("{n} hour", "{n} hours", minutes // 60)
    return say.plural("{n} minute", "{n} minutes", minutes)
