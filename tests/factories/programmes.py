"""Labs whose trial has a course in groups, or practice every day; and people in its arms."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping

from sqlmodel import select

from factories.lab import Lab, edited
from longwave import resources
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.services import courses
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Dose, GroupMember, Participant

TEAM = Viewer("coordinator@lab.example", Role.COORDINATOR, blinded=False)
_COURSE = "    groups: {capacity: 12}\n"
_AS_COURSE = """    kind: course
    label: {en: Course of eight sessions, tr: Sekiz oturumluk kurs, ar: دورة من ثماني جلسات}
    sessions: 8
    every: P1W
    minutes: 120
    groups: {capacity: 12}
"""
DAILY = """    kind: daily
    label: {en: Ten minutes a day, tr: Günde on dakika, ar: عشر دقائق كل يوم}
    minutes: 10
    days: 28
    prompt: "18:00"
    materials:
      - {text: "materials/breath/{language}.md", audio: materials/breath.wav, minutes: 8}
      - {text: "materials/walk/{language}.md"}
"""


def sound(seconds: float = 0.1) -> bytes:
    """Return silence as a wav file of 8,000 samples a second."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(b"\x80" * int(8_000 * seconds))
    return buffer.getvalue()


MATERIALS = {
    "materials/breath/en.md": b"# Breathe\n\nSit down. <b>Breathe</b> *slowly*.\n",
    "materials/breath/tr.md": "# Nefes\n\nOturun ve *yavaşça* nefes alın.\n".encode(),
    "materials/breath/ar.md": "# التنفّس\n\nاجلس وتنفّس *ببطء*.\n".encode(),
    "materials/walk/en.md": b"# Walk\n\nTake ten steps.\n",
    "materials/walk/tr.md": "# Yürü\n\nOn adım atın.\n".encode(),
    "materials/walk/ar.md": "# المشي\n\nامشِ عشر خطوات.\n".encode(),
    "materials/breath.wav": sound(),
}


def course_lab(url: str, *, groups: str = "{capacity: 3}", **edits: str) -> CourseLab:
    """Open a lab whose course is held in groups as given."""
    return CourseLab(url, edits={_COURSE: f"    groups: {groups}\n", **edits})


def daily_lab(url: str, edits: Mapping[str, str] | None = None, **files: bytes) -> CourseLab:
    """Open a lab whose programme is practice every day, for 28 days, with a prompt at six."""
    return CourseLab(url, protocol={**daily_files(), **files}, edits=edits or {})


def daily_files() -> dict[str, bytes]:
    """Return the files of the example study, with practice every day in place of its course."""
    path = resources.protocols_directory() / "msc_burnout_rct"
    return {**edited(resources.protocol_files(path), {_AS_COURSE: DAILY}), **MATERIALS}


class CourseLab(Lab):
    """A lab with people in its programme."""

    def in_arm(self, arm: str, **how: str) -> int:
        """Randomise people until one comes into an arm; return who that is."""
        while True:
            person = self.randomise(**how)
            with self.database.reading() as session:
                found = session.exec(select(Allocation).where(Allocation.participant_id == person))
                if found.one().arm == arm:
                    return person

    def group(self, name: str = "g1", **how: object) -> None:
        self.study(courses.add_group, "msc8", name, viewer=TEAM, **how)

    def join(self, person: int, name: str = "g1") -> None:
        self.act(person, courses.join, programme="msc8", name=name, viewer=TEAM)

    def study(self, what, *given, **how):
        """Do something with the study through a service, at this moment."""
        with self.database.writing() as session:
            study = get_study(session, self.slug)
            return what(session, study, *given, now=self.now, **how)

    def doses(self, person: int) -> list[Dose]:
        found = [dose for dose in self.rows(Dose) if dose.participant_id == person]
        return sorted(found, key=lambda dose: dose.session)

    def own(self, person: int):
        with self.database.reading() as session:
            return courses.own_programme(
                session, session.get_one(Participant, person), now=self.now
            )

    def places(self, person: int) -> list[GroupMember]:
        return [row for row in self.rows(GroupMember) if row.participant_id == person]

    def public_id(self, person: int) -> str:
        return self.participant(person).public_id
