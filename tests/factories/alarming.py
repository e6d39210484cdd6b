"""The small trial with safety rules, and people whose answers set them off."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from factories.lab import Lab
from factories.small_trial import FILES
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import staff
from longwave.storage.tables import Alert, Message, Staff

RULES = """messages: {reminders: [P3D]}
safety:
  - id: worn
    when: "rest.total >= 4"
    show: help
    alert: {role: coordinator, within: PT2H, escalate: {role: owner, after: PT5H}}
  - id: nights
    when: "load.hours >= 70 && load.shift == 'night'"
    show: {page: nights, countries: {DE: nights_de}}
    alert: coordinator
"""
PAGES = {
    "help": {"en": "# Rest\n\nCall 100.\n", "tr": "# Dinlenme\n\n100'ü arayın.\n"},
    "nights": {"en": "# Nights\n\nCall 200.\n", "tr": "# Geceler\n\n200'ü arayın.\n"},
    "nights_de": {"en": "# Nights\n\nCall 0800.\n", "tr": "# Geceler\n\n0800'ü arayın.\n"},
}
WORN = {"r1": "5", "r2": "1", "r3": "5"}
RESTED = {"r1": "1", "r2": "5", "r3": "1"}


EARLY = """  - {id: p1, label: {en: Early, tr: E}, anchor: programme, target: P1W,
     window: {before: P0D, after: P10D}, instruments: [rest]}
programmes:
"""
"""A wave of those alone who are in the programme."""


def alarming_files(rules: str = RULES, *, early: bool = False) -> dict[str, bytes]:
    """Return the small trial with these rules in place of its section about messages.

    Some of its participants have an ``early`` wave more than others.
    """
    text = FILES["protocol.yaml"].decode()
    if early:
        text = text.replace("programmes:\n", EARLY)
    plain = "messages: {reminders: [P3D]}\n"
    assert plain in text
    pages = {
        f"texts/{name}/{language}.md": text.encode()
        for name, page in PAGES.items()
        for language, text in page.items()
    }
    return {**FILES, **pages, "protocol.yaml": text.replace(plain, rules).encode()}


class AlarmingLab(Lab):
    """A lab with a team, whose participants answer item by item."""

    def __init__(self, database_url: str, rules: str = RULES, **how: bool) -> None:
        super().__init__(database_url, alarming_files(rules, **how))

    def employ(
        self, name: str, role: Role, *, site: str | None = None, blinded: bool = False
    ) -> int:
        """Let somebody join the team; return whose id it is."""
        with self.database.writing() as session:
            found, _ = staff.add_staff(
                session,
                f"{name}@example.org",
                role,
                blinded=blinded,
                study=self.slug,
                site=site,
                now=self.now,
            )
            return found.id

    def came(self, site: str = "north", **how: str) -> int:
        """Enrol somebody and let them begin the baseline."""
        person = self.enrol(site=site, answers={"age": "34", "licensed": "yes"}, **how)
        self.begin(person, "w0")
        return person

    def answer(
        self, person: int, values: dict[str, str], instrument: str = "rest", wave: str = "w0"
    ) -> None:
        """Answer some items, one after another."""
        for item, value in values.items():
            with self.database.writing() as session:
                self.save(session, person, instrument, item, value, wave)

    def finish(self, person: int, values: dict[str, str], wave: str = "w0") -> None:
        """Answer the page about rest and, at the waves that have it, that about load; submit."""
        pages = {"rest": values}
        if "load" in self.protocol.wave(wave).instruments:
            pages["load"] = {"l1": "1", "hours": "38", "shift": "day"}
        with self.database.writing() as session:
            found = self._assessment(session, person, wave)
            assessments.save_pages(session, found, pages, now=self.now)
            assessments.submit(session, found, keys=self.keys, now=self.now)

    def save(
        self,
        session: Session,
        person: int,
        instrument: str,
        item: str,
        value: str,
        wave: str = "w0",
    ) -> None:
        found = self._assessment(session, person, wave)
        assessments.save_item(session, found, instrument, item, value, now=self.now)

    def alerts(self) -> list[tuple[int, str]]:
        """Return about whom there are alerts, and by which rule."""
        return [(row.participant_id, row.rule) for row in self.rows(Alert)]

    def told(self) -> list[str]:
        """Return who was sent notices of alerts, or is to be, in their order."""
        names = {row.id: row.email.partition("@")[0] for row in self.rows(Staff)}
        return [names[row.staff_id] for row in self.rows(Message) if row.kind == "safety_alert"]

    def mails_to(self, names: Iterable[str]) -> list[str]:
        """Return what was mailed to some of the team."""
        return [
            mail.body
            for mail in self.transport.mails
            if mail.recipient.partition("@")[0] in set(names)
        ]
