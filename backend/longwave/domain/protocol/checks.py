"""What must hold between the sections of a protocol: names that refer, rules, columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from longwave.domain.instrument import Instrument
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.instruments import instrument_file, wording_file
from longwave.domain.protocol.model import Protocol, Wave

LONGEST_COLUMN = 32


def check_references(root: Block, protocol: Protocol, files: Collection[str]) -> None:
    """Note every name that refers to nothing, and every column that cannot be."""
    _check_instruments(root, protocol, files)
    _check_columns(root, protocol)


def column_name(instrument: str, scale: str, wave: str, occurrence: int | None = None) -> str:
    """Return the name of a score's column in the wide table; repeated waves number theirs."""
    name = f"{instrument}_{scale}__{wave}"
    return name if occurrence is None else f"{name}_{occurrence}"


def _check_instruments(root: Block, protocol: Protocol, files: Collection[str]) -> None:
    available = [
        path.removeprefix("instruments/").removesuffix(".yaml")
        for path in sorted(files)
        if re.fullmatch(r"instruments/\w+\.yaml", path)
    ]
    seen: set[str] = set()
    for wave in protocol.waves:
        for index, name in enumerate(wave.instruments):
            field = f"waves[{wave.order}].instruments[{index}]"
            if name and name not in available:
                root.fault(
                    field,
                    f"There is no instrument {name[:60]!r}.{suggest(name, available)}",
                    f"Correct the name, or add {instrument_file(name[:60])} to the study's folder.",
                )
            elif name not in seen:
                _check_wordings(root, field, name, protocol.study.languages, files)
            seen.add(name)


def _check_wordings(
    root: Block, field: str, name: str, languages: Sequence[str], files: Collection[str]
) -> None:
    for language in languages:
        path = wording_file(name, language)
        if name and path not in files:
            root.fault(
                field,
                f"The instrument {name!r} has no wording in language {language!r}.",
                f"Add {path} (longwave instruments wording import makes it of a table of yours), "
                f"or remove {language!r} from study.languages.",
            )


def _check_columns(root: Block, protocol: Protocol) -> None:
    owners: dict[str, tuple[str, str]] = {}
    for wave in protocol.waves:
        field = f"waves[{wave.order}].id"
        if not wave.id or root.faulty(field):
            continue
        longest: tuple[str, tuple[str, str]] = ("", ("", ""))
        for owner in _measured(protocol, wave):
            last = wave.occurrences if wave.occurrences > 1 else None
            column = column_name(*owner, wave.id, last)
            longest = max(longest, (column, owner), key=lambda pair: len(pair[0]))
            if owners.setdefault(column, owner) != owner:
                root.fault(
                    field,
                    f"{'.'.join(owners[column])} and {'.'.join(owner)} would share the column "
                    f"{column}.",
                    "Rename one of the scales or instruments.",
                )
        if len(longest[0]) > LONGEST_COLUMN:
            _refuse_long_column(root, field, wave, *longest)


def _refuse_long_column(
    root: Block, field: str, wave: Wave, column: str, owner: tuple[str, str]
) -> None:
    room = LONGEST_COLUMN - len(column) + len(wave.id)
    root.fault(
        field,
        f"The column {column} would have {len(column)} characters; statistics programs take "
        f"{LONGEST_COLUMN}.",
        f"Shorten the wave's id to at most {room} characters."
        if room > 0
        else f"Shorten the id of the scale {'.'.join(owner)}.",
    )


def _measured(protocol: Protocol, wave: Wave) -> list[tuple[str, str]]:
    """Return instrument and scale of every score that ``wave`` gives."""
    return [
        (name, scale)
        for name in dict.fromkeys(wave.instruments)
        for scale in _scales(protocol.instruments.get(name))
    ]


def _scales(instrument: Instrument | None) -> list[str]:
    return [] if instrument is None else [scale.id for scale in instrument.scales if scale.id]


def measured_scores(protocol: Protocol, waves: Iterable[str]) -> list[str]:
    """Return ``instrument.scale`` for every score measured in one of ``waves``."""
    names = set(waves)
    found = [
        pair for wave in protocol.waves if wave.id in names for pair in _measured(protocol, wave)
    ]
    return [f"{name}.{scale}" for name, scale in dict.fromkeys(found)]
