"""What a safety rule looks at: the answers and scores of one assessment, as far as known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from longwave.domain.instrument import Instrument, Scale
from longwave.domain.rules import Value, VariableType, item_variables, mentions, read_variable
from longwave.domain.scoring import score

Settled = Mapping[tuple[str, str], str | None]
"""By instrument and item what was answered; None where somebody gave a reason not to answer."""


def names_in(rule: str) -> tuple[str, ...]:
    """Return the names such as ``phq_4.q4`` that a rule mentions, in their order."""
    return tuple(name for name in mentions(rule) if "." in name)


def instruments_in(rule: str) -> tuple[str, ...]:
    """Return the instruments that a rule mentions, in their order."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in names_in(rule)))


def variables_of(instruments: Iterable[Instrument]) -> tuple[tuple[str, VariableType], ...]:
    """Return what rules may name: ``instrument.scale`` and ``instrument.item``, with their types.

    A scale that shares its name with an item stands for both.
    """
    found: dict[str, VariableType] = {}
    for instrument in instruments:
        for scale in instrument.scales:
            found[f"{instrument.id}.{scale.id}"] = "number"
        for name, kind in item_variables(instrument.items):
            found.setdefault(f"{instrument.id}.{name}", kind)
    return tuple(found.items())


def values_of(
    instruments: Iterable[Instrument], settled: Settled, *, at_the_end: bool
) -> dict[str, Value]:
    """Return what is known by the name under which rules know it.

    Parameters
    ----------
    settled
        The items that were dealt with; the others are still open.
    at_the_end
        Whether nothing more is to come for now. Until then a scale has a score once all its items
        are settled, and not yet when so many are answered that the others could be left out: the
        first items of a scale say less than all of them.
    """
    found: dict[str, Value] = {}
    for instrument in instruments:
        answers = {
            item.id: known
            for item in instrument.items
            if (value := settled.get((instrument.id, item.id))) is not None
            and (known := read_variable(item, value)) is not None
        }
        found |= {f"{instrument.id}.{name}": value for name, value in answers.items()}
        numbers = {name: value for name, value in answers.items() if isinstance(value, float)}
        for result in score(instrument, numbers) if instrument.scales else ():
            name = f"{instrument.id}.{result.scale}"
            scale = instrument.scale(result.scale)
            found.pop(name, None)
            if result.value is not None and (at_the_end or _is_whole(instrument, scale, settled)):
                found[name] = result.value
    return found


def _is_whole(instrument: Instrument, scale: Scale, settled: Settled) -> bool:
    if scale.parts:
        return all(_is_whole(instrument, instrument.scale(part), settled) for part in scale.parts)
    return all((instrument.id, name) in settled for name in scale.items)
