"""What a rehearsal assumes of people: documented defaults, options, and a small YAML file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from longwave.domain.duration import Duration
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.model import Protocol

Shares = Mapping[str, float]
"""A share for each name; they need not add up to 1."""

Numbers = tuple[float, float]
"""The least and the largest value of a number, every one between them equally likely."""

ZONES: Shares = {"Europe/Berlin": 0.05, "America/New_York": 0.05, "Australia/Sydney": 0.05}
"""Where those live who do not live in the study's zone; all three change their clocks."""

_RECRUITMENT = Duration(days=140)
_PAUSE = Duration(days=28)
_LARGEST_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of the people of a rehearsal. Shares lie between 0 and 1.

    Attributes
    ----------
    recruitment
        The span over which people come, evenly, between 08:00 and 21:00 of their own clock.
    sites, languages
        Shares by name; those of the protocol alike if none is given.
    zones
        Shares of those who live in another time zone than the study's.
    screening
        For a question of the eligibility: shares of its options, or the range of its numbers.
    allows
        Share of the further uses of the data that people allow.
    dropout
        Share of the enrolled who stop answering for good, at an instant that is spread evenly
        over the course of the study.
    withdrawal
        Share who withdraw, likewise.
    pausing, pause
        Share who pause messages once, likewise; and for how long.
    nonresponse
        Share of assessments that are left out by people who take part.
    waits
        Of the others, the share that is answered only after a further message, where the
        protocol sends reminders.
    delay
        The mean time from message to answer (exponential), as a share of the time for which
        the assessment can still be answered.
    looks_only
        Of the assessments that are opened, the share in which nothing is answered.
    partial
        Of the assessments that are begun, the share that is broken off half-way.
    skips, refuses
        Share of the items that are passed over, or refused.
    requests
        Mean number of requests per person for each wave that comes on request, at instants
        spread like a dropout's.
    most_a_day
        More messages than these, to one person on one day, are told as too many.
    """

    recruitment: Duration = _RECRUITMENT
    sites: Shares = field(default_factory=dict)
    languages: Shares = field(default_factory=dict)
    zones: Shares = field(default_factory=lambda: dict(ZONES))
    screening: Mapping[str, Shares | Numbers] = field(default_factory=dict)
    allows: float = 0.7
    dropout: float = 0.15
    withdrawal: float = 0.04
    pausing: float = 0.03
    pause: Duration = _PAUSE
    nonresponse: float = 0.08
    waits: float = 0.25
    delay: float = 0.1
    looks_only: float = 0.01
    partial: float = 0.02
    skips: float = 0.015
    refuses: float = 0.005
    requests: float = 0.2
    most_a_day: int = 2

    def with_share(self, name: str, share: float) -> Assumptions:
        """Return these assumptions with another share."""
        changed: dict[str, Any] = {name: share}
        return replace(self, **changed)

    def told(self) -> dict[str, object]:
        """Return the assumptions as JSON can hold them."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


def _plain(value: object) -> object:
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(found) for name, found in value.items()}
    return list(value) if isinstance(value, tuple) else value


def read_assumptions(path: Path) -> Assumptions:
    """Read assumptions from a YAML file; what it does not name keeps its default.

    Raises
    ------
    InvalidInputError
        Naming the file and the key at fault.
    """
    data = _load(path)
    known = [one.name for one in fields(Assumptions)]
    changes: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise _fault(path, str(name), f"is no assumption.{suggest(str(name), known)}", known)
        changes[name] = _READERS[name](path, name, value)
    return replace(Assumptions(), **changes)


def check_assumptions(assumed: Assumptions, protocol: Protocol) -> None:
    """Refuse assumptions about what the protocol does not have.

    Raises
    ------
    InvalidInputError
        Naming it.
    """
    named: list[tuple[str, Mapping[str, object], Iterable[str]]] = [
        ("sites", assumed.sites, protocol.sites),
        ("languages", assumed.languages, protocol.study.languages),
        ("zones", assumed.zones, available_timezones()),
        ("screening", assumed.screening, [item.id for item in protocol.eligibility.items]),
    ]
    for what, names, known in named:
        _check_names(what, names, list(known))
    for item in protocol.eligibility.items:
        given = assumed.screening.get(item.id)
        if isinstance(given, Mapping):
            _check_names(f"screening.{item.id}", given, [option.value for option in item.options])
        elif given is not None and item.kind != "number":
            raise InvalidInputError(
                f"The assumption screening.{item.id} is a range, and {item.id} is no number.",
                "Write a share for each of its options.",
            )


def check_share(value: float, name: str) -> float:
    """Return a share, if it is one.

    Raises
    ------
    InvalidInputError
        If it does not lie between 0 and 1.
    """
    if not 0 <= value <= 1:
        raise InvalidInputError(f"{name} is {value:g}.", "Write a share from 0 to 1.")
    return value


def _check_names(what: str, given: Iterable[str], known: list[str]) -> None:
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"The assumption {what} names {name!r}, which there is not."
                f"{suggest(str(name), sorted(known))}",
                "Correct the name or remove it.",
            )


# --- reading -------------------------------------------------------------------------------------


def _load(path: Path) -> Mapping[object, object]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise InvalidInputError(f"{path} is too large.", "Write a few lines of YAML.")
        data = yaml.safe_load(content.decode())
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInputError(
            f"{path} is no YAML: {' '.join(str(error).split())[:200]}.", "Correct it."
        ) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InvalidInputError(f"{path} holds no mapping.", "Write lines such as 'dropout: 0.2'.")
    return data


def _fault(path: Path, name: str, what: str, known: list[str] | None = None) -> InvalidInputError:
    remedy = f"There are {', '.join(known)}." if known else "See docs/rehearsal.md."
    return InvalidInputError(f"{path}: {name} {what}", remedy)


def _number(path: Path, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _fault(path, name, f"is {str(value)[:40]!r}, which is no number.")
    return float(value)


def _share(path: Path, name: str, value: object) -> float:
    return check_share(_number(path, name, value), f"{path}: {name}")


def _at_least(least: float) -> Callable[[Path, str, object], float]:
    def read(path: Path, name: str, value: object) -> float:
        number = _number(path, name, value)
        if number < least:
            raise _fault(path, name, f"is {number:g}; it is {least:g} or more.")
        return number

    return read


def _whole(path: Path, name: str, value: object) -> int:
    number = _number(path, name, value)
    if number != int(number) or number < 1:
        raise _fault(path, name, f"is {number:g}; it is a whole number, 1 or more.")
    return int(number)


def _duration(path: Path, name: str, value: object) -> Duration:
    try:
        return Duration.parse(str(value))
    except ValueError as error:
        raise _fault(path, name, f"is wrong: {error}") from None


def _shares(path: Path, name: str, value: object) -> Shares:
    if not isinstance(value, dict) or not value:
        raise _fault(path, name, "is no mapping of names to shares.")
    found = {str(one): _share(path, f"{name}.{one}", share) for one, share in value.items()}
    total = sum(found.values())
    if not total or (name == "zones" and total > 1 + 1e-9):
        raise _fault(path, name, f"adds up to {total:g}.")
    return found


def _zones(path: Path, name: str, value: object) -> Shares:
    return {} if value == {} else _shares(path, name, value)


def _screening(path: Path, name: str, value: object) -> Mapping[str, Shares | Numbers]:
    if not isinstance(value, dict):
        raise _fault(path, name, "is no mapping of questions to answers.")
    return {
        str(item): _range(path, f"{name}.{item}", given)
        if isinstance(given, list)
        else _shares(path, f"{name}.{item}", given)
        for item, given in value.items()
    }


def _range(path: Path, name: str, value: list[object]) -> Numbers:
    if len(value) != 2:
        raise _fault(path, name, "is no range: two numbers are expected.")
    low, high = (_number(path, name, one) for one in value)
    if low > high:
        raise _fault(path, name, f"goes from {low:g} down to {high:g}.")
    return low, high


_READERS: Mapping[str, Callable[[Path, str, object], object]] = {
    **{one.name: _share for one in fields(Assumptions)},
    "recruitment": _duration,
    "pause": _duration,
    "sites": _shares,
    "languages": _shares,
    "zones": _zones,
    "screening": _screening,
    "delay": _at_least(0.001),
    "requests": _at_least(0),
    "most_a_day": _whole,
}
