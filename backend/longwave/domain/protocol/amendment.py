"""What differs between two versions of a protocol, and whether an amendment may change it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from longwave.domain.protocol.model import Protocol, Wave

_MAY_CHANGE = re.compile(
    r"study\.summary(\..*)?"
    r"|consent\.(version|documents)(\..*)?"
    r"|texts(\..*)?"
    r"|safety([.\[].*)?"
    r"|permissions(\..*)?"
    r"|sites\.[^.]+\.country"
    r"|messages(\..*)?"
    r"|eligibility\.caps(\[.*)?"
    r"|programmes\.[^.]+\.(prompt|materials)([.\[].*)?"
    r"|instruments\.[^.]+\.(title|instruction|placeholder|fallbacks)(\..*)?"
    r"|instruments\.[^.]+\.items\[\d+\]\.((text|ends|units)([.\[].*)?|options\[\d+\]\.label(\..*)?)"
    r"|instruments\.[^.]+\.scales\[\d+\]\.(label(\..*)?|name|higher|missing_rule)"
    r"|instruments\.[^.]+\.(name|doi|licence|licence_text|commercial|use|source|verified|missing_rule"
    r"|recall|order|direction|total|cut_offs|warnings|notes|signposting|translations)([.\[].*)?"
    r"|waves\[\d+\]\.(label|target|window|at|expires|at_most|reminders|review)([.\[].*)?"
    r"|waves\[\d+\]\.repeat\.(every|times)(\..*)?"
    r"|waves\[\d+\]\.sampling\.(days|expires)(\..*)?"
    r"|(waves|instruments)\.[^.]+"
)


def differences(before: Protocol, after: Protocol) -> list[str]:
    """Return where two versions differ, as paths such as ``waves[1].window.after``.

    Waves are compared by their ids, and are numbered as in ``before``; one that is new is
    ``waves.<id>``.
    """
    return [path for path in _differing(before, after, "") if path != "hash"]


def not_amendable(before: Protocol, after: Protocol) -> list[str]:
    """Return where two versions differ although an amendment cannot change that.

    It can change texts: the consent document with its version, pages, wordings, the summary, what
    the sessions of a programme bring; the messages, when the prompts of daily practice come, the
    caps, and what is told of an instrument without being asked or scored, its permission too;
    safety rules, and in which country a site is; when waves come, and how often; and it can add
    waves, with instruments of their own. The rest would change what was measured already, or draw
    other random times than those that were drawn.
    """
    return [path for path in differences(before, after) if not _MAY_CHANGE.fullmatch(path)]


def changes_consent_silently(before: Protocol, after: Protocol) -> bool:
    """Whether the consent document changes but keeps its version, so that nobody signs again."""
    return (
        before.consent.documents != after.consent.documents
        and before.consent.version == after.consent.version
    )


def _differing(before: Any, after: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    if before == after:
        return
    if path == "waves":
        yield from _differing_waves(before, after)
    elif is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            yield from _differing(
                getattr(before, field.name), getattr(after, field.name), _under(path, field.name)
            )
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            if name in before and name in after:
                yield from _differing(before[name], after[name], _under(path, str(name)))
            else:
                yield _under(path, str(name))
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(old, new, f"{path}[{place}]")
    else:
        yield path


def _differing_waves(before: Sequence[Wave], after: Sequence[Wave]) -> Iterator[str]:
    found = {wave.id: wave for wave in after}
    known = [wave.id for wave in before]
    if [wave.id for wave in after if wave.id in known] != [id for id in known if id in found]:
        yield "waves"
    for wave in before:
        place = f"waves[{wave.order}]"
        if wave.id in found:
            yield from _differing(wave, replace(found[wave.id], order=wave.order), place)
        else:
            yield place
    yield from (f"waves.{wave.id}" for wave in after if wave.id not in known)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
