"""The pages of an assessment: which items stand on which, and what comes next.

Without a script a page is sent as a whole, so that an item which hangs on the answer to another
cannot stand beside it: it begins a page of its own. With a script the same pages are walked
through item by item, and the server decides what follows each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longwave.domain.branching import Visibility
from longwave.domain.errors import NotFoundError
from longwave.domain.instrument import Instrument, Item
from longwave.domain.progress import minutes_of
from longwave.domain.rules import mentions
from longwave.domain.texts.piping import variables_in
from longwave.services.assessment import Answers, Questionnaire


@dataclass(frozen=True, slots=True)
class Stop:
    """One page: items of an instrument, of which some are shown as things stand.

    Attributes
    ----------
    number
        Of the page among the instrument's pages, from 1.
    all_items, items
        Those of the page, and those of them that are shown now.
    before
        How many questions of the instrument are shown on earlier pages.
    total
        How many questions of the instrument there are at most.
    is_certain
        Whether there are as many, whatever is answered from here on.
    """

    instrument: Instrument
    number: int
    all_items: tuple[Item, ...]
    items: tuple[Item, ...]
    before: int
    total: int
    is_certain: bool

    @property
    def path(self) -> str:
        """Where the page is."""
        path = f"/survey/{self.instrument.id}"
        return path if self.number == 1 else f"{path}?page={self.number}"

    @property
    def asked(self) -> tuple[Item, ...]:
        """The shown items that want an answer."""
        return tuple(item for item in self.items if item.is_asked)

    def is_at(self, instrument_id: str, number: int) -> bool:
        """Whether this is that page."""
        return (self.instrument.id, self.number) == (instrument_id, number)

    def open_items(self, answers: Answers) -> tuple[Item, ...]:
        """Return the shown items that have neither value nor reason."""
        return tuple(item for item in self.asked if (self.instrument.id, item.id) not in answers)


def stops(sheet: Questionnaire, answers: Answers) -> list[Stop]:
    """Return all pages in their order, those included that show nothing as things stand."""
    visible = sheet.visible(answers)
    return [
        stop
        for instrument in sheet.instruments
        for stop in _stops_of(instrument, sheet.items(instrument.id), visible)
    ]


def _stops_of(instrument: Instrument, items: Sequence[Item], visible: Visibility) -> Iterator[Stop]:
    pages = split(items)
    may_come = [
        [item for item in page if item.is_asked and visible[instrument.id, item.id] is not False]
        for page in pages
    ]
    before = 0
    for place, page in enumerate(pages):
        here = tuple(item for item in page if visible[instrument.id, item.id])
        asked = sum(item.is_asked for item in here)
        later = [item for others in may_come[place + 1 :] for item in others]
        yield Stop(
            instrument=instrument,
            number=place + 1,
            all_items=page,
            items=here,
            before=before,
            total=before + asked + len(later),
            is_certain=all(item.when is None for item in later),
        )
        before += asked


def split(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Return items page by page: none stands on one page with an item that it hangs on."""
    pages: list[list[Item]] = [[]]
    for item in items:
        if _hangs_on(item) & {other.id for other in pages[-1]}:
            pages.append([])
        pages[-1].append(item)
    return [tuple(page) for page in pages]


def _hangs_on(item: Item) -> set[str]:
    """Return the ids of items whose answers decide whether an item is shown, or what it says."""
    named = {name for text in item.text.values() for name in variables_in(text)}
    return named | set(mentions(item.when) if item.when else ())


def first_open(way: Sequence[Stop], answers: Answers) -> tuple[Stop, Item] | None:
    """Return the first shown item that has neither value nor reason, with its page."""
    return next(((stop, item) for stop in way for item in stop.open_items(answers)), None)


def following(way: Sequence[Stop], here: Stop) -> Stop | None:
    """Return the next page on which there is something to see."""
    place = [stop.is_at(here.instrument.id, here.number) for stop in way].index(True)
    return next((stop for stop in way[place + 1 :] if stop.items), None)


def preceding(way: Sequence[Stop], here: Stop) -> Stop | None:
    """Return the page before on which there is something to see."""
    return following(way[::-1], here)


def find(way: Sequence[Stop], instrument_id: str, number: int) -> Stop:
    """Return a page.

    Raises
    ------
    NotFoundError
        If the questionnaire has no such page.
    """
    for stop in way:
        if stop.is_at(instrument_id, number):
            return stop
    raise NotFoundError("There is no such page.", "Open the link from your message again.")


def address(stop: Stop, item: Item, *, edits: bool = False) -> str:
    """Return where one item is; with ``edits``, where it is changed from the review."""
    path = with_edits(stop.path, edits=edits)
    return path if item is stop.items[0] and not edits else f"{path}#q-{item.id}"


def with_edits(path: str, *, edits: bool) -> str:
    """Return a page's address from which one goes back to the review."""
    return f"{path}{'&' if '?' in path else '?'}edit=1" if edits else path


def minutes_left(sheet: Questionnaire, here: Stop, answers: Answers) -> list[int]:
    """Return about how many minutes it takes to the end, from each item of a page on.

    What may be asked counts in full, so that nobody is promised too little.
    """
    visible = sheet.visible(answers)
    own = {(here.instrument.id, item.id) for item in here.all_items}
    minutes = sum(
        minutes_of(one, item)
        for one in sheet.instruments
        for item in one.asked
        if visible[one.id, item.id] is not False
        and (one.id, item.id) not in answers
        and (one.id, item.id) not in own
    )
    found: list[int] = []
    for item in reversed(here.items):
        minutes += minutes_of(here.instrument, item)
        found.append(max(1, math.ceil(minutes - 1e-9)))
    return found[::-1]
