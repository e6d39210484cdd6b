"""Uploaded lists: the arms in the order in which somebody else drew them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from longwave.domain.errors import InvalidInputError, ListEndedError
from longwave.domain.randomisation.settings import SealedSettings
from longwave.domain.randomisation.strata import stratum_of

_ARM = "arm"
_MOST_TOLD = 5


def arm_at(settings: SealedSettings, list_name: str, position: int) -> str:
    """Return the arm at a position (from 0) of a list.

    Raises
    ------
    ListEndedError
        If the list has no such place.
    """
    arms = settings.lists.get(list_name, ())
    if position >= len(arms):
        raise ListEndedError(
            f"The allocation list for {list_name} has no place left; nobody was allocated.",
            "Close the enrolment, or let a cap keep it within the list.",
        )
    return arms[position]


def read_lists(
    text: str, ratio: Mapping[str, int], levels: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Read the lists of all strata from a CSV file.

    It has one column for each factor and the column ``arm``, and one row for each allocation;
    those of a stratum are made in the order of their rows. Commas or semicolons separate.

    Parameters
    ----------
    ratio
        The arms that there are.
    levels
        The factors, and the levels that each can have.

    Returns
    -------
    dict
        The arms of each stratum in their order; under ``all`` where there are no factors.

    Raises
    ------
    InvalidInputError
        Naming the line at fault, or the stratum or arm that is missing.
    """
    rows = _rows(text, [*levels, _ARM])
    lists: dict[str, list[str]] = {stratum: [] for stratum in _strata(levels)}
    for number, row in rows:
        for column, known in {**levels, _ARM: sorted(ratio)}.items():
            if row[column] not in known:
                raise _fault(
                    number,
                    f"{row[column][:40]!r} is no {column} of this study.",
                    f"Write one of {', '.join(known)}.",
                )
        lists[stratum_of(tuple(levels), row)].append(row[_ARM])
    check_lists(lists, ratio, levels)
    return {stratum: tuple(arms) for stratum, arms in lists.items()}


def _rows(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    lines = text.removeprefix("\ufeff").splitlines()
    head = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=";" if ";" in head and "," not in head else ",")
    header = [cell.strip() for cell in next(reader, [])]
    if sorted(header) != sorted(columns):
        raise _fault(
            1,
            f"The columns are {', '.join(header) or 'missing'}; {', '.join(columns)} are expected.",
            f"Let the file begin with the line {','.join(columns)}",
        )
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise _fault(
                reader.line_num,
                f"There are {len(cells)} cells in place of {len(header)}.",
                f"Write {', '.join(header)}.",
            )
        cleaned = (cell.strip() for cell in cells)
        yield reader.line_num, dict(zip(header, cleaned, strict=True))


def _strata(levels: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        stratum_of(tuple(levels), dict(zip(levels, chosen, strict=True)))
        for chosen in product(*levels.values())
    ]


def check_lists(
    lists: Mapping[str, Sequence[str]],
    ratio: Mapping[str, int],
    levels: Mapping[str, Sequence[str]],
) -> None:
    """Refuse lists by which somebody who comes could not be allocated, or that no stratum needs.

    Parameters
    ----------
    lists
        The arms in their order, by stratum.
    ratio, levels
        As for `read_lists`.

    Raises
    ------
    InvalidInputError
        Naming the stratum or arm that is missing or strange.
    """
    strata = _strata(levels)
    strange = sorted(set(lists) - set(strata))
    if strange:
        raise InvalidInputError(
            f"{', '.join(repr(name[:40]) for name in strange[:_MOST_TOLD])}: "
            "there is no such stratum.",
            f"The lists are of {', '.join(strata[:_MOST_TOLD])}{_more(strata)}.",
        )
    empty = [stratum for stratum in strata if not lists.get(stratum)]
    if empty:
        raise InvalidInputError(
            f"There is no row for {', '.join(empty[:_MOST_TOLD])}{_more(empty)}.",
            "Add rows for every stratum: participants of each may come.",
        )
    unused = sorted(set(ratio) - {arm for arms in lists.values() for arm in arms})
    if unused:
        raise InvalidInputError(
            f"No row allocates to {', '.join(unused)}.",
            "Add such rows, or take the arm out of the protocol's ratio.",
        )


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""


def _fault(line: int, what: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(f"Line {line} of the lists: {what}", remedy)
