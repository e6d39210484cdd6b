"""Where a tour stops: pages, each in one of its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from factories.tour.world import Tour

Way = Callable[[Tour], None]


@dataclass(frozen=True)
class Stop:
    """One page, in one state: its route, its template, and the way to it.

    ``loses`` says why what was filled in need not outlive a change of language.
    """

    route: str
    template: str
    state: str
    way: Way
    loses: str = ""

    @property
    def name(self) -> str:
        return f"{self.route} {self.state}".strip()


STOPS: list[Stop] = []


def stop(route: str, template: str, state: str = "", *, loses: str = "") -> Callable[[Way], Way]:
    """Make a way a stop of the tour."""

    def listed(way: Way) -> Way:
        STOPS.append(Stop(route, f"{template}.html", state, way, loses))
        return way

    return listed
