"""What is known about an instrument beside its key: licence, what was verified, warnings."""

from __future__ import annotations

from dataclasses import dataclass

from longwave.domain.instrument import Caution, CommercialUse, TextTerms, Total, Use
from longwave.domain.protocol.block import LANGUAGE, Block

_TEXTS: tuple[TextTerms, ...] = ("bundled", "placeholder", "none")
_COMMERCIAL: tuple[CommercialUse, ...] = ("free", "ask", "no")
_USE: tuple[Use, ...] = ("free", "ask")


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of use, as in `longwave.domain.instrument.Instrument`."""

    terms: str
    text: TextTerms | None = None
    commercial: CommercialUse | None = None
    use: Use | None = None


def read_licence(block: Block) -> Licence:
    """Return the licence, which is a block, or its terms as one text."""
    if not isinstance(block.raw("licence"), dict):
        return Licence(block.text("licence"))
    entry = block.block("licence", "licence")
    assert entry is not None
    return Licence(
        terms=entry.text("terms"),
        text=entry.one_of("text", _TEXTS) if entry.has("text") else None,
        commercial=entry.one_of("commercial", _COMMERCIAL) if entry.has("commercial") else None,
        use=entry.one_of("use", _USE) if entry.has("use") else None,
    )


def read_verified(block: Block) -> dict[str, bool]:
    """Return for each fact that is named whether it was verified."""
    found: dict[str, bool] = {}
    for key, value in block.mapping("verified").items():
        if isinstance(value, bool):
            found[key] = value
        else:
            block.fault(f"verified.{key}", "Either true or false is expected.", "Write true.")
    return found


def read_total(block: Block) -> Total | None:
    """Return the convention of the total score, or None where nothing is said."""
    entry = block.block("total", "total")
    if entry is None:
        return None
    return Total(entry.identifier("scale") or None, entry.text("convention"))


def read_warnings(block: Block) -> tuple[Caution, ...]:
    """Return what whoever uses the instrument has to know."""
    return tuple(
        Caution(
            text=entry.text("text"),
            verified=entry.flag("verified", default=True),
            source=entry.optional_text("source") or "",
        )
        for entry in block.blocks("warnings", "warning")
    )


def read_translations(block: Block) -> dict[str, str]:
    """Return where translations were published, by language."""
    found = block.text_map("translations")
    for language in found:
        if not LANGUAGE.fullmatch(language):
            block.fault(
                f"translations.{language}",
                f"{language[:60]!r} is not a language code.",
                "Write for instance 'tr'.",
            )
    return found
