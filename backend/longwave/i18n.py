"""Words in the reader's language: catalogues read from ``.po`` files once per process.

English is the source; what a catalogue lacks appears in English. A language has one file for
each part of the interface, named after it; together they are its catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from gettext import c2py
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

SOURCE = "en"
Day = date
LOCALES = Path(__file__).parent / "locale"
_ARABIC_SCRIPT = frozenset({"ar", "fa", "ur"})
_RIGHT_TO_LEFT = _ARABIC_SCRIPT | {"he"}


@dataclass(frozen=True)
class Translator:
    """Translates the interface's words into one language; call it with the English.

    Attributes
    ----------
    language
        A language code such as ``en`` or ``tr``.
    messages
        Translations by English text; those with a plural hold one text per plural form.
    form
        Which of the plural forms suits a number.
    """

    language: str
    messages: Mapping[str, tuple[str, ...]]
    form: Callable[[int], int] = lambda number: int(number != 1)

    def __call__(self, text: str) -> str:
        """Return ``text`` in this language."""
        return self.messages.get(text, (text,))[0]

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the form that suits ``number``, with ``{n}`` filled in."""
        if one not in self.messages:
            return (one if number == 1 else many).format(n=number)
        return self.messages[one][self.form(number)].format(n=number)

    def pick(self, text: Mapping[str, str]) -> str:
        """Return the version of a study's own text in this language, or the first there is."""
        return text.get(self.language) or next(iter(text.values()), "")

    def date(self, instant: datetime, zone: str = "UTC") -> str:
        """Return the day on which ``instant`` falls in ``zone``, written out."""
        local = instant.astimezone(ZoneInfo(zone))
        return format_date(local, "long", locale=_known(self.language))

    def day(self, found: Day) -> str:
        """Return a day of the calendar, written out."""
        return format_date(found, "long", locale=_known(self.language))

    def time(self, instant: datetime, zone: str = "UTC") -> str:
        """Return day and time of ``instant`` in ``zone``, written out."""
        clock = instant.astimezone(ZoneInfo(zone)).strftime("%H:%M")
        return f"{self.date(instant, zone)}{comma(self.language)} {clock}"

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
    if language not in languages():
        return Translator(language, {})
    parts = tuple(catalogues(language))
    return Translator(
        language,
        {
            source: forms
            for part in parts
            for entry in part
            if (source := source_of(entry)) and not entry.fuzzy and all(forms := forms_of(entry))
        },
        c2py(parts[0].plural_expr) if parts else Translator.form,
    )


def catalogues(language: str) -> Iterator[Catalog]:
    """Give the catalogues of the parts of the interface in one language, in order of name."""
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            yield read_po(file, locale=language, abort_invalid=True)


def source_of(entry: Message) -> str:
    """Return the English of an entry; of one with a plural, its singular."""
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def forms_of(entry: Message) -> tuple[str, ...]:
    """Return an entry's translation, one text per plural form where it has a plural."""
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that the interface speaks, English first."""
    found = (path.name for path in LOCALES.iterdir() if (path / "LC_MESSAGES").is_dir())
    return (SOURCE, *sorted(found))


def direction(language: str) -> str:
    """Return ``rtl`` for languages written from right to left, else ``ltr``."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def comma(language: str) -> str:
    """Return the comma of a language's script."""
    return "،" if language.partition("-")[0] in _ARABIC_SCRIPT else ","


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
