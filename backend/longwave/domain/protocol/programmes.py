"""The section about programmes: courses and their groups, daily practice, what each brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from longwave.domain.duration import Duration
from longwave.domain.protocol.anchors import calendar_day
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.media import MAXIMUM_MEDIA_BYTES, MEDIA_ENDINGS, Media, media_of
from longwave.domain.protocol.people import read_documents
from longwave.domain.protocol.programme import Audio, BatchStart, Material, Programme
from longwave.domain.protocol.references import PLACEHOLDER, is_media_template

_KINDS: tuple[Literal["course", "daily"], ...] = ("course", "daily")
_OF_COURSES = ("sessions", "every", "groups")
_OF_DAILY = ("days", "prompt")


def read_programmes(
    root: Block,
    languages: Sequence[str],
    files: Mapping[str, bytes],
    media: Mapping[str, Media],
) -> dict[str, Programme]:
    """Read the interventions, with the texts and audio files that their sessions bring."""
    return {
        name: _read_programme(name, block, languages, files, media)
        for name, block in root.named_blocks("programmes", "programme")
    }


def _read_programme(
    name: str,
    block: Block,
    languages: Sequence[str],
    files: Mapping[str, bytes],
    media: Mapping[str, Media],
) -> Programme:
    kind = block.one_of("kind", _KINDS)
    _check_fields(block, kind)
    every = block.duration("every") if block.has("every") else None
    if every is not None and not block.faulty("every") and not every.nominal_days():
        block.fault("every", "Sessions cannot all be at once.", "Write for instance P1W.")
    groups = block.block("groups", "groups")
    capacity = None if groups is None else groups.integer("capacity", 1, 10_000)
    programme = Programme(
        id=name,
        kind=kind,
        label=block.texts("label", languages),
        sessions=block.integer("sessions", 1, 1000) if block.has("sessions") else None,
        every=every,
        minutes=block.integer("minutes", 1, 1440) if block.has("minutes") else None,
        capacity=capacity,
        days=block.integer("days", 1, 3650) if block.has("days") else None,
        prompt=block.time("prompt"),
        batch_start=_read_batch_start(groups, capacity),
        facilitator=None if groups is None else groups.optional_text("facilitator"),
        materials=tuple(
            _read_material(entry, languages, files, media)
            for entry in block.blocks("materials", "material")
        ),
    )
    _check_materials(block, programme)
    return programme


def _check_fields(block: Block, kind: str) -> None:
    for field in ("sessions", "every") if kind == "course" else ("minutes",):
        if not block.has(field):
            block.fault(
                field,
                f"A {kind} programme needs the field {field!r}.",
                "Write sessions: 8 and every: P1W."
                if kind == "course"
                else "Write minutes: 10, the length of one day's practice.",
            )
    for field in _OF_DAILY if kind == "course" else _OF_COURSES:
        if block.has(field):
            block.fault(field, f"A {kind} programme has no {field!r}.", "Remove the field.")


def _check_materials(block: Block, programme: Programme) -> None:
    if programme.kind != "course" or not block.has("sessions") or block.faulty("sessions"):
        return
    if len(programme.materials) > (programme.sessions or 0):
        block.fault(
            f"materials[{programme.sessions}]",
            f"The course has {programme.sessions} sessions, and this is one too many.",
            "Remove it, or raise 'sessions'.",
        )


def _read_batch_start(groups: Block | None, capacity: int | None) -> BatchStart | None:
    block = None if groups is None else groups.block("batch_start", "batch_start")
    if block is None:
        return None
    members = block.integer("members", 1, 10_000) if block.has("members") else None
    day = block.optional_text("on")
    if (members is None) == (day is None):
        block.fault(
            "",
            "A batch starts either with so many members, or on a day.",
            "Write one of members: 8 and on: 2027-03-01.",
        )
    if day is not None and not block.faulty("on") and calendar_day(day) is None:
        block.fault("on", f"{day[:60]!r} is not a day.", "Write it as 2027-03-01.")
    if day is not None and block.has("lead"):
        block.fault("lead", "A start on a day has no lead.", "Remove the field.")
    if members is not None and capacity is not None and members > capacity:
        block.fault(
            "members",
            f"A group of {capacity} never has {members} members.",
            "Write a number up to the capacity.",
        )
    return BatchStart(
        at=block.time("at") or "",
        members=members,
        lead=block.duration("lead") if block.has("lead") else Duration(),
        on=day,
    )


def _read_material(
    block: Block,
    languages: Sequence[str],
    files: Mapping[str, bytes],
    media: Mapping[str, Media],
) -> Material:
    text = read_documents(
        block, "text", block.text("text"), languages, files, "materials/breath/{language}.md"
    )
    return Material(
        text=text,
        audio=_read_audio(block, languages, files, media),
        minutes=block.integer("minutes", 1, 1440) if block.has("minutes") else None,
    )


def _read_audio(
    block: Block,
    languages: Sequence[str],
    files: Mapping[str, bytes],
    media: Mapping[str, Media],
) -> dict[str, Audio]:
    template = block.optional_text("audio")
    if not template:
        return {}
    if not is_media_template(template):
        block.fault(
            "audio",
            f"{template[:80]!r} is not an audio file of this folder.",
            f"Name a file that ends in {', '.join(MEDIA_ENDINGS)}; {{language}} may stand in it.",
        )
        return {}
    found: dict[str, Audio] = {}
    for language in languages:
        path = template.replace(PLACEHOLDER, language)
        one = media.get(path) or _taken(block, path, files.get(path))
        if one is not None:
            found[language] = Audio(path, one.hash, one.size, one.type)
    return found


def _taken(block: Block, path: str, content: bytes | None) -> Media | None:
    if content is None:
        block.fault("audio", f"The file {path} does not exist.", f"Put {path} into the folder.")
        return None
    if len(content) > MAXIMUM_MEDIA_BYTES:
        block.fault(
            "audio",
            f"{path} is larger than {MAXIMUM_MEDIA_BYTES // 1_048_576} MiB.",
            "Save it again with fewer bits a second: 64 kbit/s are good for speech.",
        )
        return None
    found = media_of(path, content)
    if found is None:
        block.fault(
            "audio",
            f"{path} is not the kind of file that its name says.",
            f"Save it anew as one of {', '.join(MEDIA_ENDINGS)}.",
        )
    return found
