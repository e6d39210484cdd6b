"""What a person does in the browser: enrol, answer an assessment, leave."""

from __future__ import annotations

import numpy as np

from longwave.domain.instrument import Instrument
from longwave.domain.protocol.model import Protocol, Wave
from longwave.rehearsal.browser import Browser, Page, UnexpectedPageError
from longwave.rehearsal.person import Person
from longwave.rehearsal.population import answers
from longwave.services.assessment import REFUSED

_OK = 200


class Visits:
    """The pages of one study, as participants use them."""

    def __init__(self, browser: Browser, protocol: Protocol) -> None:
        self._browser = browser
        self._protocol = protocol

    def enrol(self, person: Person) -> None:
        """Find the study, answer the eligibility questions and sign the consent."""
        slug, jar = self._protocol.study.slug, person.cookies
        self._expect(self._browser.get(f"/s/{slug}", jar))
        screening = self._expect(
            self._browser.get(f"/s/{slug}/{person.site}?lang={person.language}", jar)
        )
        first = self._protocol.eligibility.items[0].id
        form = screening.form(offering=first)
        page = self._browser.submit(screening, form, self._screening_answers(person), jar)
        self._expect(page)
        if not person.eligible:
            return
        consent = page.form(offering="email")
        ticked = {
            name: values[0]
            for name, values in consent.choices.items()
            if values and name not in consent.unasked
        }
        page = self._browser.submit(
            page, consent, {**ticked, "name": person.name, "email": person.email}, jar
        )
        self._expect(page)
        if not page.path.startswith("/enrol/done"):
            raise UnexpectedPageError(f"Consent led {person.email} to {page.path}.")

    def answer(self, person: Person, link: str, wave: Wave, *, pages: int | None = None) -> bool:
        """Follow a link and answer the wave's instruments, or only the first few ``pages``.

        Returns
        -------
        bool
            Whether the assessment was completed.
        """
        page = self._begin(person, link)
        if page is None:
            return False
        for number, instrument_id in enumerate(wave.instruments):
            if pages is not None and number >= pages:
                return False
            page = self._answer_page(person, page, self._protocol.instruments[instrument_id], wave)
        return page.path.startswith("/survey/thanks")

    def leave(self, person: Person, link: str) -> None:
        """Follow a link and withdraw from the study, the data being kept."""
        if self._begin(person, link) is None:
            return
        page = self._expect(self._browser.get("/leave", person.cookies))
        self._expect(self._browser.submit(page, page.form("/leave/withdraw"), {}, person.cookies))

    def _begin(self, person: Person, link: str) -> Page | None:
        landing = self._browser.get(link, person.cookies)
        if landing.status != _OK:
            return None
        page = self._browser.submit(landing, landing.form(link), {}, person.cookies)
        return self._expect(page)

    def _answer_page(self, person: Person, page: Page, instrument: Instrument, wave: Wave) -> Page:
        form = page.form(offering=instrument.items[0].id)
        given = self._given(person, instrument, wave)
        if person.saves_item_by_item:
            for item_id, value in given.items():
                path = f"/survey/{instrument.id}/{item_id}"
                self._expect(
                    self._browser.post(path, {"value": value}, person.cookies), also=(204,)
                )
        page = self._expect(self._browser.submit(page, form, given, person.cookies))
        if page.path.startswith("/support"):  # help that an answer asked for; it leads on
            page = self._expect(self._browser.get("/survey", person.cookies))
        return page

    @staticmethod
    def _given(person: Person, instrument: Instrument, wave: Wave) -> dict[str, str]:
        latents: np.ndarray = person.at_wave(wave.order)[None, :]
        values = answers(instrument, latents, person.rng)[0]
        given = {}
        for item, value, choice in zip(
            instrument.items, values, person.choose(len(values)), strict=True
        ):
            if choice != "skip":
                given[item.id] = REFUSED if choice == "refuse" else f"{value:g}"
        return given

    @staticmethod
    def _screening_answers(person: Person) -> dict[str, str]:
        return {
            "age": str(person.age),
            "licensed": "yes" if person.eligible else "no",
            "profession": person.profession,
        }

    @staticmethod
    def _expect(page: Page, also: tuple[int, ...] = ()) -> Page:
        if page.status != _OK and page.status not in also:
            raise UnexpectedPageError(f"{page.path} answered {page.status}.")
        return page
