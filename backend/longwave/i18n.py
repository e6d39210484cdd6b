"""Words in the reader's language: catalogues read from ``.po`` files once per process.

English is the source; what a catalogue lacks appears in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po

SOURCE = "en"
LOCALES = Path(__file__).parent / "locale"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True)
class Translator:
    """Translates the interface's words into one language; call it with the English.

    Attributes
    ----------
    language
        A language code such as ``en`` or ``tr``.
    messages
        Translations by English text; those with a plural hold one text per plural form.
    """

    language: str
    messages: Mapping[str, tuple[str, ...]]

    def __call__(self, text: str) -> str:
        """Return ``text`` in this language."""
        return self.messages.get(text, (text,))[0]

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the form that suits ``number``, with ``{n}`` filled in."""
        forms = self.messages.get(one, (one, many))
        # Of the languages that have a catalogue none has more than two forms; a language
        # with more of them needs the Plural-Forms header of its catalogue here.
        form = forms[0] if number == 1 or len(forms) == 1 else forms[1]
        return form.format(n=number)

    def pick(self, text: Mapping[str, str]) -> str:
        """Return the version of a study's own text in this language, or the first there is."""
        return text.get(self.language) or next(iter(text.values()), "")

    def date(self, instant: datetime, zone: str = "UTC") -> str:
        """Return the day on which ``instant`` falls in ``zone``, written out."""
        local = instant.astimezone(ZoneInfo(zone))
        return format_date(local, "long", locale=_known(self.language))

    def time(self, instant: datetime, zone: str = "UTC") -> str:
        """Return day and time of ``instant`` in ``zone``, written out."""
        local = instant.astimezone(ZoneInfo(zone))
        return format_datetime(local, "d MMMM y, HH:mm", locale=_known(self.language))

    @property
    def locale(self) -> Locale:
        """How this language writes dates, days and lists."""
        return _known(self.language)

    @property
    def direction(self) -> str:
        """Whether this language is written left to right (``ltr``) or not (``rtl``)."""
        return direction(self.language)


@cache
def translator(language: str) -> Translator:
    """Return the translator into ``language``; into English if there is no catalogue."""
    path = LOCALES / language / "LC_MESSAGES" / "longwave.po"
    if language not in languages() or not path.is_file():
        return Translator(language, {})
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Translator(
        language,
        {
            (entry.id if isinstance(entry.id, str) else entry.id[0]): (
                (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
            )
            for entry in catalogue
            if entry.id and not entry.fuzzy and entry.string and all(entry.string)
        },
    )


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that the interface speaks, English first."""
    found = (path.name for path in LOCALES.iterdir() if (path / "LC_MESSAGES").is_dir())
    return (SOURCE, *sorted(found))


def direction(language: str) -> str:
    """Return ``rtl`` for languages written from right to left, else ``ltr``."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


@cache
def own_name(language: str) -> str:
    """Return what a language calls itself, such as ``Türkçe``."""
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]


def preferred(header: str, offered: tuple[str, ...]) -> str:
    """Return the first of the browser's languages that is on offer, else the first offer.

    ``header`` is the value of ``Accept-Language``; browsers list the most wanted first.
    """
    for part in header.split(","):
        code = part.partition(";")[0].strip().lower()
        for candidate in (code, code.partition("-")[0]):
            if candidate in offered:
                return candidate
    return offered[0]


@cache
def _known(language: str) -> Locale:
    # Days before months, as the rest of the interface spells.
    return Locale.parse("en_GB" if language not in languages()[1:] else language)
