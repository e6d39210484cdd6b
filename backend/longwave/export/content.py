"""What each wave asks and scores, over all versions of a protocol."""

from __future__ import annotations

from collections.abc import Iterator

from longwave.domain.instrument import Instrument
from longwave.domain.protocol.model import Protocol
from longwave.export.occasions import Protocols, all_waves


def instruments_of(protocol: Protocol, wave: str) -> tuple[Instrument, ...]:
    """Return the instruments that one version of a protocol asks at a wave."""
    return next(
        (
            tuple(protocol.instruments[name] for name in found.instruments)
            for found in protocol.waves
            if found.id == wave
        ),
        (),
    )


def wave_items(protocols: Protocols, wave: str) -> list[tuple[str, str]]:
    """Return (instrument, item) of a wave: as in the newest version, then what older ones had."""
    pairs = {
        (instrument.id, item.id): None
        for instrument in _newest_first(protocols, wave)
        for item in instrument.asked
    }
    return _together(pairs)


def wave_scales(protocols: Protocols, wave: str) -> list[tuple[str, str]]:
    """Return (instrument, scale) of a wave: as in the newest version, then what older ones had."""
    pairs = {
        (instrument.id, scale.id): None
        for instrument in _newest_first(protocols, wave)
        for scale in instrument.scales
    }
    return _together(pairs)


def all_scales(protocols: Protocols) -> list[tuple[str, str]]:
    """Return (instrument, scale) of the whole study."""
    pairs = {pair: None for wave in all_waves(protocols) for pair in wave_scales(protocols, wave)}
    return _together(pairs)


def newest_instruments(protocols: Protocols) -> dict[str, Instrument]:
    """Return every instrument of the study, each as the newest version has it."""
    return {
        name: instrument
        for protocol in protocols.values()
        for name, instrument in protocol.instruments.items()
    }


def _newest_first(protocols: Protocols, wave: str) -> Iterator[Instrument]:
    for protocol in reversed(list(protocols.values())):
        yield from instruments_of(protocol, wave)


def _together(pairs: dict[tuple[str, str], None]) -> list[tuple[str, str]]:
    """Bring what belongs to one instrument together, in the order of first mention."""
    order = {name: place for place, name in enumerate(dict.fromkeys(name for name, _ in pairs))}
    return sorted(pairs, key=lambda pair: order[pair[0]])
