"""Labs that randomise people of different strata, and prove it."""

from __future__ import annotations

from itertools import cycle, islice

from factories.lab import SCREENING, Lab
from longwave.services import assessment as assessments
from longwave.services import randomisation
from longwave.storage.tables import Contact

PEOPLE = (
    ("ankara", "nurse"),
    ("gaziantep", "nurse"),
    ("ankara", "physician"),
    ("ankara", "nurse"),
    ("gaziantep", "psychologist"),
)


class Trial(Lab):
    """A lab that randomises people of different strata, and proves it."""

    def randomise_some(self, number: int) -> list[int]:
        return [
            self.randomise(site=site, answers={**SCREENING, "profession": profession})
            for site, profession in islice(cycle(PEOPLE), number)
        ]

    def ready(self, number: int) -> list[int]:
        """Enrol people who have nothing left to do but to submit the baseline."""
        people = [
            self.enrol(site=site, answers={**SCREENING, "profession": profession})
            for site, profession in islice(cycle(PEOPLE), number)
        ]
        with self.database.writing() as session:
            for person in people:
                session.get_one(Contact, person).verified_at = self.now
                baseline = self._assessment(session, person, "w0")
                baseline.status, baseline.started_at = "started", self.now
        return people

    def submit(self, person: int) -> None:
        """Submit the baseline, which was started."""
        with self.database.writing() as session:
            found = self._assessment(session, person, "w0")
            assessments.submit(session, found, keys=self.keys, now=self.now)

    def verify(self) -> randomisation.Verification:
        with self.database.reading() as session:
            return randomisation.verify(session, self.slug, keys=self.keys)
