"""Time zones by their IANA names, for whoever chooses one."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

_REGIONS = frozenset(
    {"Africa", "America", "Antarctica", "Asia", "Atlantic"}
    | {"Australia", "Europe", "Indian", "Pacific"}
)


@cache
def known_zones() -> frozenset[str]:
    """Return every time zone that there is."""
    return frozenset(available_timezones())


@cache
def zones_by_region() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the zones that are named after places: by region, each with the name of its place."""
    named = sorted(zone for zone in known_zones() if zone.partition("/")[0] in _REGIONS)
    return tuple(
        (region, tuple((zone, place_of(zone)) for zone in zones))
        for region, zones in groupby(named, key=lambda zone: zone.partition("/")[0])
    )


def place_of(zone: str) -> str:
    """Return the place after which a zone is named, such as ``New York``."""
    return zone.partition("/")[2].replace("_", " ").replace("/", ", ") or zone
