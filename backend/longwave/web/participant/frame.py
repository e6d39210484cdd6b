"""What surrounds a participant's page, and what pages say about a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import Request
from fastapi.responses import RedirectResponse

from longwave.domain.duration import Duration
from longwave.domain.lifecycle import StudyMode
from longwave.domain.protocol.model import Protocol
from longwave.i18n import Translator, languages
from longwave.storage.tables import Study
from longwave.web.chosen import QUERY, chosen_language
from longwave.web.errors import reader_language
from longwave.web.forms import Form


@dataclass(frozen=True, slots=True)
class Frame:
    """The bar above a page and the line below it.

    ``sender`` says whom the page comes from; it names no topic. ``query`` carries a language
    that was chosen on to the next page: ``?lang=tr``, or nothing. ``here`` is the rest of the
    page's own query, which stays when another language is chosen.
    """

    sender: str
    contact: str
    trial_run: bool
    languages: tuple[str, ...]
    query: str
    here: str = ""

    def again_in(self, language: str) -> str:
        """Return the address of the same page in another language, seen from the page."""
        return with_language(f"?{self.here}", language)


def frame_of(request: Request, study: Study, protocol: Protocol) -> Frame:
    """Return the frame of a study's pages."""
    return Frame(
        sender=protocol.data_protection.controller,
        contact=protocol.study.contact,
        trial_run=study.mode == StudyMode.TRIAL_RUN,
        languages=offered_languages(protocol),
        query=chosen_query(request),
        here=urlencode([pair for pair in request.query_params.multi_items() if pair[0] != QUERY]),
    )


def chosen_query(request: Request) -> str:
    """Return the query that carries the reader's choice of language on, if there was one."""
    chosen = request.query_params.get(QUERY, "")
    return f"?{QUERY}={chosen}" if chosen in languages() else ""


def offered_languages(protocol: Protocol) -> tuple[str, ...]:
    """Return the study's languages in which the interface can speak too."""
    spoken = languages()
    return tuple(code for code in protocol.study.languages if code in spoken) or (spoken[0],)


def language_for(request: Request, protocol: Protocol, own: str | None = None) -> str:
    """Return the language of a page: the one chosen, else the participant's own, else a guess."""
    offered = offered_languages(protocol)
    if own in offered and chosen_language(request) not in offered:
        return str(own)
    return reader_language(request, offered)


def onward(request: Request, path: str) -> RedirectResponse:
    """Send the browser on to ``path`` after a POST, in the language that was chosen."""
    return RedirectResponse(in_language(request, path), 303)


def in_language(request: Request, path: str) -> str:
    """Return an address of ours, query and fragment included, in the language that was chosen."""
    return _with_query(path, chosen_query(request).removeprefix("?"))


def with_language(path: str, language: str) -> str:
    """Return an address of ours, query and fragment included, in a language."""
    return _with_query(path, f"lang={language}")


def _with_query(path: str, more: str) -> str:
    parts = urlsplit(path)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more)))))


def span(say: Translator, duration: Duration) -> str:
    """Return a duration in words, such as ``10 years`` or ``6 weeks``."""
    if duration.months and duration.months % 12 == 0 and not duration.days:
        return say.plural("{n} year", "{n} years", duration.months // 12)
    if duration.months and not duration.days:
        return say.plural("{n} month", "{n} months", duration.months)
    days = round(duration.nominal_days())
    if days > 60:
        return say.plural("{n} month", "{n} months", round(days / 30.44))
    if days % 7 == 0 and days:
        return say.plural("{n} week", "{n} weeks", days // 7)
    return say.plural("{n} day", "{n} days", days)


def length(say: Translator, protocol: Protocol) -> str:
    """Return in words how long the study goes on for one participant."""
    starts = {wave.id: 0.0 for wave in protocol.waves}
    for wave in protocol.waves:
        before = starts.get(wave.anchor.removeprefix("wave:"), 0.0)
        starts[wave.id] = before + wave.target.nominal_days()
    return span(say, Duration(days=round(max(starts.values(), default=0.0))))


def is_reread(form: Form) -> bool:
    """Return whether a form came with the wish to read its page in another language.

    Then nothing is judged or stored: what was typed comes back.
    """
    return "reread" in form
