"""What a tour goes through: two studies, people in all their states, staff, and a browser."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page
from sqlmodel import col, delete, text

from factories import asking
from factories.lab import SCREENING, SECRET, Lab
from factories.programmes import CourseLab, daily_files
from factories.site import ELIGIBLE
from longwave.config import Settings
from longwave.domain.lifecycle import Role
from longwave.services import assessment as assessments
from longwave.services import courses, staff
from longwave.storage.tables import Consent, Participant
from longwave.web.app import create_app

SLUG = "msc-clinicians"
WORN_OUT = "5"
_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'consent'"
_BY_BOTH = {"reminders: [P3D]": "reminders: [P3D], channels: [email, sms]"}
MAIL = """Date: Mon, 02 Feb 2026 08:00:00 +0000
From: study@localhost
To: person1@clinic.example
Subject: Your next questionnaire is ready
Content-Type: text/plain; charset=utf-8

Hello, http://127.0.0.1:8000/l/xyz is the link.
"""


class World(CourseLab):
    """The example study with daily practice, its staff, and a folder of what staff look at.

    Beside it stands a small study, ``asking``, with every kind of question, which reaches people
    by mail and by telephone.
    """

    def __init__(self, database_url: str, folder: Path, base_url: str) -> None:
        super().__init__(database_url, protocol=daily_files())
        self.asking = Lab(database_url, asking.FILES, _BY_BOTH)
        self.folder = folder
        with self.database.writing() as session:
            self.token = staff.add_staff(
                session, "owner@example.org", Role.OWNER, blinded=False, now=self.now
            )[1]
        self._settings = self._decided(base_url)
        self.restart()
        self._in_programme = 0
        self._fill_folder()

    def close(self) -> None:
        self.asking.close()
        super().close()

    def restart(self) -> None:
        """Make the application anew, as a new process would."""
        self.app = create_app(self._settings, self.database, lambda: self.now)

    def _decided(self, base_url: str) -> Settings:
        return Settings(
            _env_file=None,
            secret_key=SECRET,
            base_url=base_url,
            demo_token=self.token,
            mail_directory=self.folder / "mail",
            export_directory=self.folder / "export",
            analysis_directory=self.folder / "analysis",
        )

    def _fill_folder(self) -> None:
        (self.folder / "mail").mkdir()
        (self.folder / "mail" / "one.eml").write_text(MAIL)
        export = self.folder / "export"
        export.mkdir()
        (export / "panel.csv").write_text("participant_id\nABC\n")
        manifest = {
            "study": SLUG,
            "blinded": True,
            "cut_off": "2026-02-02T08:00:00Z",
            "files": {"panel.csv": {"bytes": 19, "sha256": "ab" * 32}},
        }
        (export / "manifest.json").write_text(json.dumps(manifest))

    def link(self, person: int, wave: str = "w0") -> str:
        return f"/l/{self.keys.link_token(self.assessment(person, wave).uid)}"

    def asked(self) -> int:
        """Enrol somebody in the small study."""
        return self.asking.enrol(site="north", answers=ELIGIBLE)

    def answer_all(self, person: int) -> None:
        """Answer every question of the small study, and hand nothing in."""
        self.asking.begin(person, "w0")
        with self.database.writing() as session:
            found = self._assessment(session, person, "w0")
            pages = {
                name: {
                    item.id: asking.ANSWERS[item.id]
                    for item in self.asking.protocol.instruments[name].items
                    if item.id in asking.ANSWERS
                }
                for name in self.asking.protocol.wave("w0").instruments
            }
            assessments.save_pages(session, found, pages, now=self.now)

    def answer_one(self, person: int, instrument: str, item: str, value: str) -> None:
        """Answer one question from somewhere else."""
        with self.database.writing() as session:
            found = self._assessment(session, person, "w0")
            assessments.save_item(session, found, instrument, item, value, now=self.now)

    def in_programme(self) -> int:
        """Return somebody who has done the practice of her first day, and has one more today."""
        if not self._in_programme:
            person = self.in_arm("active")
            self.wait(days=1)
            self.act(person, courses.log, number=1, minutes=9)
            self.wait(days=1)
            self._in_programme = person
        return self._in_programme

    def change(self, person: int, **values: object) -> None:
        """Let somebody be in a state, however it came there."""
        with self.database.writing() as session:
            found = session.get_one(Participant, person)
            for name, value in values.items():
                setattr(found, name, value)

    def forget_consent(self, person: int) -> None:
        """Let somebody have signed nothing, which the tables forbid."""
        with self.database.writing() as session:
            for name in session.exec(text(_TRIGGERS)).scalars().all():
                session.exec(text(f"DROP TRIGGER {name}"))
            session.exec(delete(Consent).where(col(Consent.participant_id) == person))


class Tour:
    """A browser's way through the pages, in one language."""

    def __init__(self, page: Page, world: World, url: str, language: str) -> None:
        self.page, self.world, self.url, self.language = page, world, url, language

    def go(self, path: str) -> None:
        """Go to a page of ours."""
        path, _, place = path.partition("#")
        mark = "&" if "?" in path else "?"
        place = f"#{place}" if place else ""
        self.page.goto(f"{self.url}{path}{mark}lang={self.language}{place}")

    def press(self, button: str = "main button.go") -> None:
        """Press a button, by default the page's main one, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.locator(button).first.click()

    def come_as(self, person: int, path: str = "") -> None:
        """Follow somebody's link to the baseline, press the button, and go on to a page."""
        self.go(self.world.link(person))
        self.press()
        if path:
            self.go(path)

    def come_home(self, person: int, path: str = "") -> None:
        """Go to somebody's own place, which works with every link of hers, and on to a page."""
        self.go(self.world.link(person))
        self.press("form[action*='/place'] button")
        if path:
            self.go(path)

    def come_to_practice(self, path: str = "/practice") -> None:
        self.go(f"{self.world.link(self.world.in_programme())}/today")
        self.press()
        if path != "/practice":
            self.go(path)

    def screen(self, age: str = SCREENING["age"]) -> None:
        """Answer the eligibility questions."""
        self.go(f"/s/{SLUG}/ankara")
        self.page.locator("input[name=age]").fill(age)
        for name in ("licensed", "profession"):
            self.page.locator(f"input[name={name}][value={SCREENING[name]}]").check()
        self.press()

    def sign(self) -> None:
        """Sign the consent document."""
        self.screen()
        for box in self.page.locator("input[type=checkbox][required]").all():
            box.check()
        self.page.locator("input[name=name]").fill("A Person")
        self.page.locator("input[name=email]").fill("somebody@clinic.example")
        self.press()

    def send(self, **values: str) -> None:
        """Send a page of questions as it is, but for some fields, without its script."""
        with self.page.expect_navigation():
            self.page.evaluate(
                """values => {
                  const form = document.getElementById('survey');
                  for (const [name, value] of Object.entries(values)) {
                    const field = document.createElement('input');
                    Object.assign(field, { type: 'hidden', name, value });
                    for (const old of form.querySelectorAll(`[name=${name}]`)) old.remove();
                    form.append(field);
                  }
                  HTMLFormElement.prototype.submit.call(form);
                }""",
                values,
            )

    def sign_in(self, path: str) -> None:
        """Come to a page of the console as an owner."""
        self.page.request.post(f"{self.url}/console/sign-in", form={"token": self.world.token})
        self.go(path)
