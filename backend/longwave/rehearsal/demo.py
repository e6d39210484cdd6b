"""The main job: a whole study from its protocol to its estimates, on virtual participants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pydantic import SecretStr

from longwave import resources
from longwave.clock import system_clock
from longwave.config import Settings
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.domain.protocol.model import Protocol
from longwave.jobs.tick import Clockwork, seal
from longwave.keys import KeyRing
from longwave.notify.email.smtp import SmtpTransport
from longwave.rehearsal.browser import Browser
from longwave.rehearsal.catcher import MailCatcher
from longwave.rehearsal.clock import VirtualClock
from longwave.rehearsal.cohort import COORDINATOR, Cohort, Tally, Watcher
from longwave.rehearsal.folder import add_to_env, write_env
from longwave.rehearsal.person import Person, make_people
from longwave.rehearsal.population import Population
from longwave.rehearsal.server import serving
from longwave.rehearsal.truth import beside_truth, true_values
from longwave.rehearsal.visits import Visits
from longwave.services import study as studies
from longwave.services.analysis import run_planned_analysis
from longwave.services.export import export_study
from longwave.services.overview import StudyOverview, study_overview
from longwave.services.staff import add_staff
from longwave.storage import migration
from longwave.storage.database import Database
from longwave.web.app import create_app

PROTOCOL = "msc_burnout_rct"
SPAN = timedelta(days=548)
REASON = "demonstration on virtual participants"
INVESTIGATOR = "investigator@demo.invalid"
_ACTOR = "demo"
_LEFT_OPEN = 3
_INELIGIBLE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What a demo leaves behind, and what it found.

    ``beside_truth`` holds for each fitted model what `longwave.rehearsal.truth.beside_truth`
    returns; ``failures`` says of the others why they have no estimates.
    """

    settings: Settings
    overview: StudyOverview
    tally: Tally
    mails: int
    requests: int
    beside_truth: Mapping[str, pd.DataFrame]
    failures: Mapping[str, str]


class Demo:
    """One run of the main job in an empty folder.

    Parameters
    ----------
    directory
        The folder, from `longwave.rehearsal.folder.demo_folder`.
    database_url
        Another database than the folder's own SQLite file.
    """

    def __init__(
        self,
        directory: Path,
        *,
        participants: int,
        seed: int,
        port: int,
        database_url: str | None = None,
        end: datetime | None = None,
    ) -> None:
        self._directory = directory
        self._participants = participants
        self._seed = seed
        self._end = end or system_clock()
        self._clock = VirtualClock(self._end - SPAN)
        self._population = Population()
        self._settings = _settings(directory, write_env(directory, port), database_url)
        self._keys = KeyRing(self._settings.secret_key.get_secret_value())

    def run(self, watch: Watcher) -> DemoResult:
        """Do the whole job."""
        migration.upgrade(self._settings.database_url)
        database = Database(self._settings.database_url)
        try:
            protocol = self._open_study(database)
            tally, mails, requests = self._live_through(database, protocol, watch)
            return self._analyse(database, protocol, tally, mails, requests)
        finally:
            database.close()

    def _open_study(self, database: Database) -> Protocol:
        files = resources.protocol_files(resources.protocols_directory() / PROTOCOL)
        now = self._clock()
        draws = np.random.default_rng([self._seed, 1])
        with database.writing() as session:
            study = studies.add_study(session, files, actor=_ACTOR, now=now)
            studies.open_study(
                session,
                study.slug,
                trial_run=True,
                keys=self._keys,
                viewer=Viewer(_ACTOR, Role.OWNER, blinded=False),
                now=now,
                entropy=draws.bytes,
            )
            _, token = add_staff(session, INVESTIGATOR, Role.OWNER, blinded=False, now=self._end)
            add_staff(
                session, COORDINATOR.name, COORDINATOR.role, blinded=COORDINATOR.blinded, now=now
            )
            protocol = studies.current_protocol(session, study)
        add_to_env(self._directory, "LONGWAVE_DEMO_TOKEN", token)
        self._settings = self._settings.model_copy(update={"demo_token": SecretStr(token)})
        return protocol

    def _live_through(
        self, database: Database, protocol: Protocol, watch: Watcher
    ) -> tuple[Tally, int, int]:
        people = self._people(protocol)
        arrivals = self._arrivals(protocol, people)
        app = create_app(self._settings, database, self._clock)
        with MailCatcher(self._directory / "mail") as catcher, serving(app) as port:
            transport = SmtpTransport(catcher.url, self._settings.mail_from, is_caught=True)
            browser = Browser(port)
            clockwork = Clockwork(
                database, transport, self._keys, self._settings.base_url, self._clock
            )
            cohort = Cohort(
                protocol,
                self._population,
                clock=self._clock,
                clockwork=clockwork,
                catcher=catcher,
                visits=Visits(browser, protocol),
                end=self._end,
                watch=watch,
            )
            cohort.run(people, arrivals)
            browser.close()
            transport.close()
            return cohort.tally, catcher.caught, browser.requests

    def _people(self, protocol: Protocol) -> list[Person]:
        visitors = self._participants + round(self._participants * _INELIGIBLE_SHARE)
        rng = np.random.default_rng([self._seed, 2])
        latents = self._population.latents(visitors, len(protocol.waves), rng)
        people = make_people(
            latents, list(protocol.sites), list(protocol.study.languages), self._seed
        )
        for person in people[self._participants :]:
            person.eligible = False
        for person in people[: min(_LEFT_OPEN, self._participants)]:
            person.keeps_last_open = True
        return people

    def _arrivals(self, protocol: Protocol, people: list[Person]) -> list[datetime]:
        """Spread arrivals so that the last wave of nearly everybody is due before the end.

        Those who leave the last wave open come so that it is due a day before the end.
        """
        local = ZoneInfo(protocol.study.timezone)
        last = protocol.waves[-1]
        wall_end = self._end.astimezone(local).replace(tzinfo=None)
        latest = last.target.before(wall_end).replace(tzinfo=local) - timedelta(days=1)
        rng = np.random.default_rng([self._seed, 3])
        start = self._clock() + timedelta(hours=1)
        shares = np.sort(rng.random(len(people)))
        return [
            latest.astimezone(start.tzinfo)
            if person.keeps_last_open
            else start + (latest - start) * float(share)
            for person, share in zip(people, shares, strict=True)
        ]

    def _analyse(
        self, database: Database, protocol: Protocol, tally: Tally, mails: int, requests: int
    ) -> DemoResult:
        viewer = Viewer(INVESTIGATOR, Role.OWNER, blinded=False)
        slug = protocol.study.slug
        with database.writing() as session:
            export_study(
                session,
                slug,
                self._settings.export_directory,
                viewer=viewer,
                unblinded=True,
                reason=REASON,
                now=self._end,
            )
            overview = study_overview(session, studies.get_study(session, slug), viewer)
        analysis = run_planned_analysis(
            self._settings.export_directory, protocol, self._settings.analysis_directory
        )
        planned = analysis.precedence[0]
        truth = true_values(protocol, planned.plan, self._population, seed=self._seed)
        seal(database, self._keys, self._end)
        return DemoResult(
            settings=self._settings,
            overview=overview,
            tally=tally,
            mails=mails,
            requests=requests,
            beside_truth={
                run.model: beside_truth(run.lagged, truth[run.model])
                for run in planned.runs
                if run.lagged is not None
            },
            failures=analysis.failures,
        )


def _settings(directory: Path, env: dict[str, str], database_url: str | None) -> Settings:
    """Return the settings of the folder's ``.env``, its relative paths made absolute."""
    return Settings(
        _env_file=None,
        database_url=database_url or f"sqlite:///{directory / 'longwave.db'}",
        secret_key=SecretStr(env["LONGWAVE_SECRET_KEY"]),
        base_url=env["LONGWAVE_BASE_URL"],
        smtp_url=None,
        mail_directory=directory / env["LONGWAVE_MAIL_DIRECTORY"],
        export_directory=directory / env["LONGWAVE_EXPORT_DIRECTORY"],
        analysis_directory=directory / env["LONGWAVE_ANALYSIS_DIRECTORY"],
    )
