"""Sections about the study and its participants: who, where, on what terms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from longwave.domain.duration import Duration
from longwave.domain.protocol.block import LANGUAGE, Block, check_unique
from longwave.domain.protocol.document import decode
from longwave.domain.protocol.faults import FaultList, suggest
from longwave.domain.protocol.model import (
    ConsentPlan,
    ConsentStatement,
    ConsentUse,
    DataProtection,
    Site,
    StudyFacts,
)
from longwave.domain.protocol.references import PLACEHOLDER, is_document_template

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_SLUG = 63
LARGEST_STUDY = 10_000_000
COUNTRY = re.compile(r"[A-Z]{2}")
"""Codes of countries by ISO 3166-1 alpha-2."""

_KINDS: tuple[Literal["randomised", "cohort"], ...] = ("randomised", "cohort")


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_study(block: Block, languages: Sequence[str]) -> StudyFacts:
    """Read the ``study`` block."""
    slug = block.text("slug")
    if slug and (not _SLUG.fullmatch(slug) or len(slug) > _LONGEST_SLUG):
        block.fault(
            "slug",
            f"{slug[:80]!r} cannot be part of a web address.",
            f"Use lower-case letters, digits and hyphens, at most {_LONGEST_SLUG} characters; "
            "for instance 'sleep-cohort'.",
        )
    return StudyFacts(
        slug=slug,
        title=block.texts("title", languages),
        kind=block.one_of("kind", _KINDS),
        languages=tuple(languages),
        timezone=read_zone(block, "timezone"),
        target_n=block.integer("target_n", 1, LARGEST_STUDY),
        summary=block.texts("summary", languages),
        contact=block.text("contact"),
    )


def read_zone(block: Block, field: str) -> str:
    """Read the IANA name of a time zone."""
    zone = block.text(field)
    if zone and zone not in _timezones():
        block.fault(
            field,
            f"{zone[:60]!r} is not a time zone.{suggest(zone, sorted(_timezones()))}",
            "Write the IANA name of a place, for instance Europe/Istanbul or UTC.",
        )
    return zone


def read_languages(block: Block) -> tuple[str, ...]:
    """Read ``study.languages``, by which every text of the protocol is then checked."""
    found: list[str] = []
    for index, language in enumerate(block.texts_in("languages")):
        path = f"languages[{index}]"
        if language and not LANGUAGE.fullmatch(language):
            block.fault(
                path,
                f"{language[:40]!r} is not a language code.",
                "Write an ISO 639 code such as en, tr or pt-BR.",
            )
        elif language in found:
            block.fault(path, f"{language!r} is listed twice.", "Remove one of the two.")
        elif language:
            found.append(language)
    if block.has("languages") and not found and not block.faulty("languages"):
        block.fault("languages", "There is no language.", "List at least one, such as [en].")
    return tuple(found)


def read_sites(root: Block, languages: Sequence[str]) -> dict[str, Site]:
    """Read the places that enrol."""
    sites = {
        name: Site(name, block.texts("label", languages), _read_country(block))
        for name, block in root.named_blocks("sites", "site")
    }
    if root.has("sites") and not sites and not root.faulty("sites"):
        root.fault("sites", "There is no site.", "Name at least one place that enrols.")
    return sites


def _read_country(block: Block) -> str | None:
    country = block.optional_text("country")
    if country and not COUNTRY.fullmatch(country):
        block.fault(
            "country",
            f"{country[:60]!r} is not the code of a country.",
            "Write its two capital letters by ISO 3166, such as DE or TR.",
        )
    return country


def read_data_protection(block: Block, languages: Sequence[str]) -> DataProtection:
    """Read who answers for the data, and how long they are kept."""
    retention = block.block("retention", "retention")
    contact, answers = (
        _read_retention(retention, field) if retention else Duration()
        for field in ("contact", "answers")
    )
    return DataProtection(
        controller=block.text("controller"),
        legal_basis=_read_said(block, "legal_basis", languages),
        recipients=_read_recipients(block, languages),
        retention_contact=contact,
        retention_answers=answers,
        erasure=_read_said(block, "erasure", languages),
    )


def _read_said(block: Block, field: str, languages: Sequence[str]) -> dict[str, str]:
    """Read a text by language, or one that stands for all of them."""
    if isinstance(block.raw(field), dict):
        return block.texts(field, languages)
    return dict.fromkeys(languages, block.text(field))


def _read_recipients(block: Block, languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read a list by language, or one that stands for all of them."""
    field = "recipients"
    if not isinstance(block.raw(field), dict):
        return dict.fromkeys(languages, block.texts_in(field))
    lists = block.lists_in(field)
    for language in sorted(set(languages) ^ set(lists) if languages else ()):
        block.fault(
            f"{field}.{language}",
            f"The list in language {language!r} is missing."
            if language in languages
            else f"{language!r} is not a language of this study.",
            "Write one list for each language of study.languages, or one list for all.",
        )
    return lists


def _read_retention(block: Block, field: str) -> Duration:
    duration = block.duration(field)
    if not block.faulty(field) and not duration.nominal_days():
        block.fault(field, "The retention period is zero.", "Write for instance P6M or P10Y.")
    return duration


def read_consent(block: Block, languages: Sequence[str], files: Mapping[str, bytes]) -> ConsentPlan:
    """Read the consent plan with its documents."""
    entries = block.blocks("statements", "statement")
    statements = tuple(
        ConsentStatement(
            id=entry.identifier("id"),
            label=entry.texts("label", languages),
            required=entry.flag("required", default=True),
        )
        for entry in entries
    )
    check_unique(entries, [statement.id for statement in statements])
    if not any(statement.required for statement in statements) and not block.faulty("statements"):
        block.fault(
            "statements",
            "No statement is required, so that nobody would consent to anything.",
            "Add at least one statement with 'required: true'.",
        )
    return ConsentPlan(
        version=block.text("version"),
        documents=read_documents(
            block,
            "document",
            block.text("document"),
            languages,
            files,
            "consent/{language}.md",
        ),
        statements=statements,
        uses=_read_uses(block, languages, [statement.id for statement in statements]),
    )


def _read_uses(
    block: Block, languages: Sequence[str], statements: Sequence[str]
) -> tuple[ConsentUse, ...]:
    entries = block.blocks("uses", "use")
    uses = tuple(
        ConsentUse(entry.identifier("id"), entry.texts("label", languages)) for entry in entries
    )
    check_unique(entries, [use.id for use in uses])
    for entry, use in zip(entries, uses, strict=True):
        if use.id and use.id in statements:
            entry.fault(
                "id",
                f"{use.id!r} is the id of a statement already.",
                "Give the use another id, or remove the statement.",
            )
    return uses


def read_documents(
    block: Block,
    field: str,
    template: str,
    languages: Sequence[str],
    files: Mapping[str, bytes],
    example: str,
) -> dict[str, str]:
    """Read the Markdown files of a ``template`` such as ``consent/{language}.md``."""
    if not template:
        return {}
    if not is_document_template(template):
        block.fault(
            field,
            f"{template[:80]!r} is not a Markdown file of this folder for each language.",
            f"Write {example}, in quotes.",
        )
        return {}
    paths = {language: template.replace(PLACEHOLDER, language) for language in languages}
    return {
        language: read_page(path, block, field, files, block.faults)
        for language, path in paths.items()
    }


def read_page(
    path: str, block: Block, field: str, files: Mapping[str, bytes], faults: FaultList
) -> str:
    """Read one Markdown file that ``field`` of ``block`` refers to."""
    content = files.get(path)
    if content is None:
        block.fault(
            field,
            f"The file {path} does not exist.",
            f"Write {path}, or remove its language from study.languages.",
        )
        return ""
    text = decode(path, content, faults)
    if text is not None and not text.strip():
        block.fault(field, f"The file {path} is empty.", f"Write the text into {path}.")
    return text or ""
