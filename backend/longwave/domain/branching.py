"""Which items of an assessment are shown, by the rules of its instruments (``when``).

A rule knows the items that stand before its own in the same instrument by their ids, and items
and scores of the instruments before it as ``instrument.item`` and ``instrument.scale``. What is
not shown has no value, whatever was answered before it was hidden. A rule that depends on a
missing value is unknown, and its item is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from longwave.domain.instrument import Instrument, Item
from longwave.domain.rules import (
    Value,
    VariableType,
    compile_rule,
    item_variables,
    mentions,
    read_variable,
)
from longwave.domain.scoring import score

Place = tuple[str, str]
"""An instrument and one of its items."""

Settled = Mapping[Place, str | None]
"""What was answered; None where there is a reason not to. What is left out is still open."""

Visibility = Mapping[Place, bool | None]
"""Whether an item is shown; None as long as that hangs on an item that is still open."""


def visibility(
    instruments: Mapping[str, Instrument],
    asked: Sequence[str],
    settled: Settled,
    *,
    at_the_end: bool = False,
) -> Visibility:
    """Decide for each item of an assessment whether it is shown.

    Parameters
    ----------
    instruments
        All instruments of the protocol.
    asked
        Those of the assessment, in their order.
    settled
        The answers so far.
    at_the_end
        Whether nothing more is to come, so that nothing is open any more.
    """
    sheet = _Sheet(instruments, settled, at_the_end)
    for name in asked:
        sheet.take(instruments[name])
    return sheet.found


def variables_at(
    instrument: Instrument, place: int, others: Iterable[Instrument]
) -> tuple[tuple[str, VariableType], ...]:
    """Return the variables of the rule of the item at ``place``; others' are named in full."""
    variables = dict(item_variables(known_at(instrument, place)))
    for other in others:
        variables |= {f"{other.id}.{name}": kind for name, kind in item_variables(other.items)}
        variables |= {f"{other.id}.{scale.id}": "number" for scale in other.scales}
    return tuple(variables.items())


def known_at(instrument: Instrument, place: int) -> tuple[Item, ...]:
    """Return the items that are shown before the one at ``place`` in whatever order."""
    is_drawn = instrument.item_order == "random" and place >= instrument.keep_first
    return instrument.items[: instrument.keep_first if is_drawn else place]


def others_in(source: str) -> tuple[str, ...]:
    """Return the instruments that a rule mentions by name."""
    named = (name.partition(".")[0] for name in mentions(source) if "." in name)
    return tuple(dict.fromkeys(named))


class _Sheet:
    """Goes through an assessment item by item, as far as it is known."""

    def __init__(
        self, instruments: Mapping[str, Instrument], settled: Settled, at_the_end: bool
    ) -> None:
        self.found: dict[Place, bool | None] = {}
        self._instruments = instruments
        self._settled = settled
        self._at_the_end = at_the_end

    def take(self, instrument: Instrument) -> None:
        """Decide about the items of the next instrument."""
        for place, item in enumerate(instrument.items):
            shown = item.when is None or self._outcome(instrument, place, item.when)
            self.found[instrument.id, item.id] = shown

    def _outcome(self, instrument: Instrument, place: int, when: str) -> bool | None:
        others = [self._instruments[name] for name in others_in(when) if name in self._instruments]
        variables = variables_at(instrument, place, others)
        named = set(mentions(when))
        values = {
            name: value for name, value in self._values(instrument, others, named) if name in named
        }
        outcome = compile_rule(when, variables).outcome(values)
        if outcome is None and not self._is_open(instrument, others, named):
            return False
        return outcome

    def _values(
        self, instrument: Instrument, others: Iterable[Instrument], named: set[str]
    ) -> Iterator[tuple[str, Value]]:
        yield from self._answers(instrument).items()
        for other in others:
            answers = self._answers(other)
            scales = [scale for scale in other.scales if f"{other.id}.{scale.id}" in named]
            yield from ((f"{other.id}.{name}", value) for name, value in answers.items())
            if not scales or any(self._open_items(other)):
                continue
            numbers = {name: value for name, value in answers.items() if isinstance(value, float)}
            for result in score(other, numbers):
                if result.value is not None:
                    yield f"{other.id}.{result.scale}", result.value

    def _answers(self, instrument: Instrument) -> dict[str, Value]:
        return {
            item.id: value
            for item in instrument.items
            if self.found.get((instrument.id, item.id))
            and (stored := self._settled.get((instrument.id, item.id))) is not None
            and (value := read_variable(item, stored)) is not None
        }

    def _is_open(
        self, instrument: Instrument, others: Iterable[Instrument], named: set[str]
    ) -> bool:
        if any(item.id in named for item in self._open_items(instrument)):
            return True
        for other in others:
            scales = {scale.id for scale in other.scales}
            wanted = {name.partition(".")[2] for name in named if name.startswith(f"{other.id}.")}
            for item in self._open_items(other):
                if item.id in wanted or wanted & scales:
                    return True
        return False

    def _open_items(self, instrument: Instrument) -> Iterator[Item]:
        """Give the items that can still be answered, of those that were decided about."""
        if self._at_the_end:
            return
        for item in instrument.items:
            place = (instrument.id, item.id)
            may_be_shown = self.found.get(place, False) is not False
            if item.is_asked and may_be_shown and place not in self._settled:
                yield item
