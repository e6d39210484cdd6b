"""Cut-offs of scores, each with whom it was found on."""

from __future__ import annotations

from collections.abc import Iterator

from longwave.domain.instrument import Band, CutOff, Instrument
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import suggest
from longwave.domain.scoring import possible_range

_EARLIEST, _LATEST = 1900, 2100


def read_cut_offs(block: Block) -> tuple[CutOff, ...]:
    """Return the cut-offs of an instrument, and note what is wrong with one alone."""
    return tuple(_cut_off(entry) for entry in block.blocks("cut_offs", "cut_off"))


def check_cut_offs(block: Block, bare: Instrument) -> None:
    """Note cut-offs of scales that there are not, and bounds that no score can reach."""
    known = [scale.id for scale in bare.scales]
    for index, cut_off in enumerate(bare.cut_offs):
        field = f"cut_offs[{index}]"
        if block.faulty(field):
            continue
        if cut_off.scale not in known:
            block.fault(
                f"{field}.scale",
                f"There is no scale {cut_off.scale!r}.{suggest(cut_off.scale, known)}",
                "Correct the name, or remove the cut-off.",
            )
            continue
        low, high = possible_range(bare, bare.scale(cut_off.scale))
        for place, band in enumerate(cut_off.bands):
            for name, value in _bounds(band):
                if not low <= value <= high:
                    block.fault(
                        f"{field}.bands[{place}].{name}",
                        f"{value:g} lies outside the scores from {low:g} to {high:g} that "
                        f"{cut_off.scale} can have.",
                        "Correct the bound; it is on the scale of the score, not of its items.",
                    )


def _cut_off(entry: Block) -> CutOff:
    bands = entry.blocks("bands", "band")
    cut_off = CutOff(
        scale=entry.identifier("scale"),
        bands=tuple(_band(band) for band in bands),
        country=entry.text("country"),
        population=entry.text("population"),
        year=entry.integer("year", _EARLIEST, _LATEST),
        source=entry.text("source"),
        verified=entry.flag("verified", default=False),
        note=entry.optional_text("note") or "",
    )
    if entry.has("bands") and not bands and not entry.faulty("bands"):
        entry.fault("bands", "There are no bands.", "List at least one band.")
    if not entry.faulty("bands"):
        for index in range(1, len(cut_off.bands)):
            if _overlap(cut_off.bands[index - 1], cut_off.bands[index]):
                entry.fault(
                    f"bands[{index}]",
                    "The band does not lie above the one before it.",
                    "List the bands from the lowest to the highest, without overlap.",
                )
    return cut_off


def _band(entry: Block) -> Band:
    band = Band(
        label=entry.text("label"),
        at_least=entry.number("at_least"),
        above=entry.number("above"),
        at_most=entry.number("at_most"),
        below=entry.number("below"),
    )
    if entry.faulty():
        return band
    if None not in (band.at_least, band.above) or None not in (band.at_most, band.below):
        entry.fault(
            "", "The band has two bounds on one side.", "Give at_least or above, at_most or below."
        )
    elif not list(_bounds(band)):
        entry.fault("", "The band has no bound.", "Give at_least, above, at_most or below.")
    elif _is_empty(band):
        entry.fault("", f"No score lies in the band {band}.", "Correct its bounds.")
    return band


def _bounds(band: Band) -> Iterator[tuple[str, float]]:
    for name in ("at_least", "above", "at_most", "below"):
        value = getattr(band, name)
        if value is not None:
            yield name, value


def _is_empty(band: Band) -> bool:
    low = band.above if band.at_least is None else band.at_least
    high = band.below if band.at_most is None else band.at_most
    if low is None or high is None:
        return False
    closed = band.at_least is not None and band.at_most is not None
    return low > high or (low == high and not closed)


def _overlap(first: Band, second: Band) -> bool:
    """Whether ``second`` does not begin after all of ``first``."""
    top = first.below if first.at_most is None else first.at_most
    bottom = second.above if second.at_least is None else second.at_least
    if top is None or bottom is None:
        return True
    touching = first.at_most is not None and second.at_least is not None
    return bottom < top or (bottom == top and touching)
