"""Blinding, walked: what a blinded member of staff gets does not depend on who is in which arm.

One study is copied before anybody is randomised, and the two copies are given other seeds. Then
the same things happen in both. Whatever a blinded owner (who may do the most) receives from any
route, export or list must be the same in both, byte for byte, though the arms differ.
"""

from __future__ import annotations

import copy
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from factories.lab import BASE_URL, SECRET, Lab, Memory
from factories.routes import routes_of
from factories.site import TestClient
from factories.undone import Undone

from longwave.config import Settings
from longwave.domain.blinding import EVENTS, MESSAGES, Viewer
from longwave.domain.errors import NotAllowedError
from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.domain.randomisation import make_settings
from longwave.jobs.tick import Clockwork
from longwave.keys import Purpose
from longwave.services import corrections, courses, follow_up, programme, unblinding, withdrawal
from longwave.services.export import export_study
from longwave.services.overview import find_participant
from longwave.services.staff import add_staff, issue_token
from longwave.services.study import get_study
from longwave.storage.database import Database
from longwave.storage.tables import Alert, Allocation, Assessment, Event, Participant
from longwave.web.app import create_app

SOURCE = Path(__file__).parents[2] / "backend" / "longwave"
TELLING = re.compile(r"zebra|quagga|okapi|crossed_over|crossover_day", re.IGNORECASE)
"""The names of arms and programme in this study, which occur nowhere else, and the crossover."""

EDITS = {
    "  active:\n": "  zebra:\n",
    "  waitlist:\n": "  quagga:\n",
    "{active: 1, waitlist: 1}": "{zebra: 1, quagga: 1}",
    "msc8": "okapi",
    "Course now": "Zebra now",
    "Course later": "Quagga later",
    "Course of eight": "Okapi of eight",
    "\nprogrammes:\n": """
  - {id: p1, label: {en: Early, tr: E, ar: E}, anchor: programme, target: P2W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}
  - {id: p2, label: {en: Late, tr: L, ar: L}, anchor: programme, target: P40W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}
  - {id: p3, label: {en: After, tr: A, ar: A}, anchor: "wave:p2", target: P1W,
     window: {before: P0D, after: P10D}, instruments: [scs_sf]}

programmes:
""",
}
EDITS["bat_12.total >= 4\n"] = "bat_12.total >= 2.5 || scs_sf.q1 >= 4\n"
RULE = "very_high_burnout"
BLINDED = Viewer("blinded@lab.example", Role.OWNER, blinded=True)
SEEING = Viewer("seeing@lab.example", Role.OWNER, blinded=False)
TELLS = "in the zebra arm, not in the quagga arm"
LOOKS_AT = {"three weeks": 21, "thirty weeks": 210, "a year": 420}
"""Days at which is looked: early waves of one arm; crossovers; late waves of one arm."""


# --- two worlds ----------------------------------------------------------------------------------


class World:
    """One copy of the study, with an application and a browser of a blinded owner."""

    def __init__(self, lab: Lab, folder: Path, seed: int, people: list[int]) -> None:
        self.lab, self.folder, self.people = lab, folder, people
        self._seal(seed)
        settings = Settings(
            _env_file=None,
            secret_key=SECRET,
            base_url="http://testserver",
            mail_directory=folder / "mail",
            export_directory=folder / "export",
            analysis_directory=folder / "analysis",
        )
        (folder / "mail").mkdir()
        (folder / "analysis").mkdir()
        (folder / "analysis" / "report.html").write_text("zebra against quagga")
        self.app = create_app(settings, lab.database, lambda: lab.now)
        state = self.app.state
        state.edge = replace(state.edge, database=Undone(lab.database))

    def _seal(self, seed: int) -> None:
        plan = self.lab.protocol.randomisation
        settings = make_settings(plan, bytes([seed]) * 32)
        with self.lab.database.writing() as session:
            study = get_study(session, self.lab.slug)
            study.sealed = self.lab.keys.encrypt(
                Purpose.SEALED, settings.to_json().encode(), study.slug
            )

    def act(self, person: int, what: Callable[..., object], **how: object) -> None:
        with self.lab.database.writing() as session:
            what(session, session.get_one(Participant, person), now=self.lab.now, **how)

    def arms(self) -> dict[int, str]:
        return {row.participant_id: row.arm for row in self.lab.rows(Allocation)}

    def pass_time(self, days: float) -> None:
        """Let time pass in steps, and let people answer what only some arms are asked."""
        end = self.lab.now.timestamp() + days * 86_400
        while self.lab.now.timestamp() < end:
            self.lab.wait(days=3.5)
            for row in self.lab.rows(Assessment):
                if row.wave.startswith("p") and row.status == "open" and row.participant_id % 3:
                    self.lab.complete(row.participant_id, row.wave, "4")

    def answer(self, wave: str, people: list[int], pages: int = 99) -> None:
        for person in people:
            if self.lab.statuses(person).get(wave) == "open":
                self.lab.fill(person, wave, "3", pages=pages)
                if pages > 1:
                    self.lab.complete(person, wave, "3")


def first_weeks(world: World) -> None:
    """Randomise, then let happen what tells an arm in many places."""
    lab, people = world.lab, world.people
    for person in people[:-1]:
        lab.now = lab.now.replace(minute=(lab.now.minute + 5) % 60)
        lab.complete(person, "w0")
    for person in people[:2]:
        if lab.participant(person).programme == "on":
            world.act(person, programme.stop, reason=TELLS, viewer=SEEING)
    world.act(people[2], corrections.correct_stratum, levels={"site": "gaziantep"}, reason=TELLS,
              viewer=SEEING)  # fmt: skip
    world.act(people[3], corrections.flag_randomised_in_error, reason=TELLS, viewer=SEEING)
    world.act(people[4], withdrawal.withdraw, reason=TELLS, actor=SEEING.name)
    world.act(people[5], follow_up.mark_lost, reason=TELLS, viewer=SEEING)
    unblind(world, people[6])
    begin_course(world)
    world.pass_time(LOOKS_AT["three weeks"])
    attend(world)


def begin_course(world: World) -> None:
    """Put whoever is in the programme into a group that meets from tomorrow on."""
    with world.lab.database.writing() as session:
        study, how = get_study(session, world.lab.slug), {"viewer": SEEING, "now": world.lab.now}
        first = (world.lab.now + timedelta(days=1)).replace(tzinfo=None)
        courses.add_group(session, study, "okapi", "g1", zone="UTC", **how)
        assert courses.fill(session, study, "okapi", "g1", **how)
        courses.start_group(session, study, "okapi", "g1", first, **how)


def attend(world: World) -> None:
    """Write down who was at the first two sessions; correct one line; let one member leave."""
    with world.lab.database.writing() as session:
        study, how = get_study(session, world.lab.slug), {"viewer": SEEING, "now": world.lab.now}
        (group,) = courses.list_groups(session, study, SEEING).for_viewer(SEEING)
        for number in (1, 2):
            courses.attend(
                session, study, "okapi", "g1", number, present=dict.fromkeys(group.members), **how
            )
        member = find_participant(session, study, group.members[0])
        wrong = {"attended": False, "minutes": None, "reason": TELLS, "keys": world.lab.keys}
        courses.correct(session, member, "okapi", 1, **wrong, **how)
        courses.leave(session, member, reason=TELLS, **how)


def unblind(world: World, person: int) -> None:
    with world.lab.database.writing() as session:
        who, _ = add_staff(
            session, "doctor@lab.example", Role.OWNER, blinded=False, now=world.lab.now
        )
        doctor = replace(SEEING, staff_id=who.id)
        found = session.get_one(Participant, person)
        asked = unblinding.request(session, found, reason=TELLS, viewer=doctor, now=world.lab.now)
        arm = unblinding.confirm(
            session, asked.id, public_id=found.public_id, viewer=doctor, now=world.lab.now
        )
    assert arm == world.arms()[person]


def half_a_year(world: World) -> None:
    world.answer("w1", world.people[:3])
    world.pass_time(7)
    world.answer("w1", world.people[6:8], pages=1)
    world.pass_time(154)
    world.answer("w3", world.people[:3])
    world.pass_time(28)


def a_year(world: World) -> None:
    world.pass_time(154)
    world.answer("w4", world.people[:4])
    for person in world.people[6:8]:
        if world.lab.participant(person).programme == "on":
            world.act(person, programme.complete, viewer=SEEING)
    world.pass_time(56)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, migrated_sqlite):
    """Two copies that differ only in who is in which arm, looked at three times.

    Gives the copies as they are at the end, and what a blinded owner received at each look.
    """
    folder = tmp_path_factory.mktemp("worlds")
    path = folder / "base.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    base = Lab(f"sqlite:///{path}", edits=EDITS)
    with base.database.writing() as session:
        add_staff(session, BLINDED.name, Role.OWNER, blinded=True, now=base.now)
        add_staff(session, SEEING.name, Role.OWNER, blinded=False, now=base.now)
    people = [base.enrol(site=site) for _ in range(6) for site in ("ankara", "gaziantep")]
    for person in people:
        base.fill(person, "w0")
    base.wait(hours=1)
    base.close()
    made = []
    for name, seed in (("one", 1), ("two", 2)):
        (folder / name).mkdir()
        (folder / name / "longwave.db").write_bytes(path.read_bytes())
        made.append(World(twin(base, folder / name), folder / name, seed, people))
    received = {}
    for look, happen in zip(LOOKS_AT, (first_weeks, half_a_year, a_year), strict=True):
        for world in made:
            happen(world)
        received[look] = [everything(world) for world in made]
    yield made, received
    for world in made:
        world.lab.close()


def twin(base: Lab, folder: Path) -> Lab:
    lab = copy.copy(base)
    lab.database = Database(f"sqlite:///{folder / 'longwave.db'}")
    lab.transport = Memory()
    lab.clockwork = Clockwork(lab.database, lab.transport, lab.keys, BASE_URL, lambda: lab.now)
    return lab


# --- every route ---------------------------------------------------------------------------------

API = "/api/v1"
STUDY = f"{API}/studies/{{slug}}"
PERSON = f"{STUDY}/participants/{{public_id}}"
GROUP = f"{STUDY}/groups/{{programme}}/{{group}}"
COURSE = {"programme": "okapi", "group": "g1", "session": 1}
WHY = {"reason": "because"}

READS = {
    "/",
    "/s/{slug}",
    "/healthz",
    "/healthz/clockwork",
    "/support/{slug}",
    "/console",
    "/console/analysis",
    "/console/mail",
    "/console/mail/{name}",
    "/console/sign-in",
    "/console/{slug}",
    "/console/{slug}/alerts",
    "/console/{slug}/data",
    "/console/{slug}/data.zip",
    "/console/{slug}/participants",
    f"{API}/openapi.json",
    f"{API}/studies",
    STUDY,
    f"{STUDY}/screenings",
    f"{STUDY}/groups",
    f"{STUDY}/doses",
    f"{STUDY}/participants",
    PERSON,
    f"{STUDY}/randomisation",
    f"{STUDY}/consort",
    f"{STUDY}/events",
    f"{STUDY}/messages",
    f"{STUDY}/messages/load",
    f"{STUDY}/tasks",
    f"{STUDY}/alerts",
}
ACTS = {
    f"{STUDY}/approval": {
        "reference": "R", "approver": "N", "approved_on": "2026-01-15", "exemption": "none",
    },
    f"{STUDY}/opening": {"trial_run": True},
    f"{STUDY}/closing": None,
    f"{STUDY}/lock": {"early": True, "reason": "r"},
    f"{STUDY}/archive": None,
    f"{STUDY}/screenings": {"site": "ankara", "outcome": "declined"},
    f"{STUDY}/randomisation/verification": None,
    f"{PERSON}/withdrawal": {},
    f"{PERSON}/lost": WHY,
    f"{PERSON}/found": WHY,
    f"{PERSON}/deceased": WHY,
    f"{PERSON}/zone": {"zone": "Asia/Tokyo"},
    f"{PERSON}/requests": {"wave": "nothing"},
    f"{PERSON}/programme/stop": WHY,
    f"{PERSON}/programme/completion": None,
    f"{STUDY}/groups": {"programme": "okapi", "name": "g2"},
    f"{GROUP}/start": {"first": "2028-01-01T18:00"},
    f"{GROUP}/closing": None,
    f"{GROUP}/sessions/{{session}}/attendance": {"absent": ["NOBODY"]},
    f"{PERSON}/group": {"programme": "okapi", "group": "g1"},
    f"{PERSON}/group/leaving": WHY,
    f"{PERSON}/doses/{{programme}}/{{session}}/correction": {**WHY, "attended": True},
    f"{PERSON}/stratum": {**WHY, "levels": {"profession": "physician"}},
    f"{PERSON}/error": WHY,
    f"{PERSON}/corrections": {
        **WHY, "wave": "p1", "instrument": "scs_sf", "item": "i01", "value": "5",
    },
    f"{PERSON}/choices": {"use": "sharing", "allowed": True},
    f"{PERSON}/contact": {**WHY, "email": "new@clinic.example"},
    f"{STUDY}/tasks/{{name}}/done": {},
    f"{STUDY}/alerts/{{name}}/acknowledgement": {"note": "called"},
    "/console/{slug}/alerts/{name}": {"note": "called"},
    f"{API}/bounces": {"message_id": "none@longwave", "kind": "hard"},
    f"{API}/bounces/mail": None,
    f"{PERSON}/erasure": WHY,
    f"{PERSON}/unblinding": WHY,
}  # fmt: skip
TELLS_BY_DESIGN = {f"{PERSON}/unblindings/{{number}}/confirmation"}
SIGNING_IN = {"/console/demo", "/console/sign-in", "/console/sign-out"}
OF_PARTICIPANTS = {
    "/consent",
    "/enrol/consent",
    "/enrol/done",
    "/enrol/done/calendar",
    "/l/{token}",
    "/l/{token}/leave",
    "/l/{token}/place",
    "/l/{token}/today",
    "/l/{token}/unsubscribe",
    "/leave",
    "/leave/allow/{use}",
    "/leave/erase",
    "/leave/erase/code",
    "/leave/pause",
    "/leave/programme",
    "/leave/resume",
    "/leave/revoke/{use}",
    "/leave/withdraw",
    "/place",
    "/place/calendar",
    "/place/contact",
    "/place/contact/channel",
    "/place/contact/language",
    "/place/contact/zone",
    "/place/contact/{fact}",
    "/place/contact/{fact}/code",
    "/place/download",
    "/place/download/code",
    "/place/open/{wave}/{occurrence}",
    "/practice",
    "/practice/{number}",
    "/practice/{number}/audio",
    "/practice/{number}/done",
    "/practice/{number}/open",
    "/privacy/{slug}",
    "/s/{slug}/{site}",
    "/support",
    "/survey",
    "/survey/check-answers",
    "/survey/stopped",
    "/survey/thanks",
    "/survey/thanks/complete",
    "/survey/{instrument_id}",
    "/survey/{instrument_id}/{item_id}",
}
"""Pages that answer to a participant's own link or cookie, or on which one enrols."""


def test_every_route_is_in_one_of_the_lists(worlds):
    (world, _), _ = worlds
    listed = (
        {("GET", path) for path in READS}
        | {("POST", path) for path in {*ACTS, *TELLS_BY_DESIGN, *SIGNING_IN}}
        | {(method, path) for path in OF_PARTICIPANTS for method in ("GET", "POST")}
    )
    new = routes_of(world.app) - listed
    assert not new, f"Decide what these tell the blinded, and list them: {new}"
    gone = {
        path
        for path in {*READS, *ACTS, *TELLS_BY_DESIGN, *SIGNING_IN, *OF_PARTICIPANTS}
        if path not in {found for _, found in routes_of(world.app)}
    }
    assert not gone, f"These are no more: {gone}"


def everything(world: World) -> dict[str, bytes]:
    """Return all that a blinded owner receives, by what it is."""
    found = dict(exports(world))
    browser = client(world, BLINDED.name)
    ids = [world.lab.participant(person).public_id for person in world.people]
    for path in READS:
        for public_id in ids if "{public_id}" in path else ids[:1]:
            address = path.format(slug=world.lab.slug, public_id=public_id, name="1.eml", **COURSE)
            answer = browser.get(f"{address}?limit=500" if path.startswith(API) else address)
            body = answer.content if "zip" not in path else unzipped(answer.content)
            found[f"GET {address}"] = f"{answer.status_code} ".encode() + body
    for path, body in ACTS.items():
        for person, public_id in zip(world.people, ids, strict=True):
            name = f"{public_id}.{RULE if 'alerts' in path else 'address_bounced'}.1"
            address = path.format(slug=world.lab.slug, public_id=public_id, name=name, **COURSE)
            if person == world.people[0] or "{public_id}" in path or "{name}" in path:
                kind = "data" if path.startswith("/console") else "json"
                answer = browser.post(address, **{kind: body})
                found[f"POST {address}"] = f"{answer.status_code} ".encode() + answer.content
    return found


def client(world: World, email: str) -> TestClient:
    """Return a browser and program of somebody on the staff."""
    with world.lab.database.writing() as session:
        token = issue_token(session, email, now=world.lab.now, label="look")
    browser = TestClient(
        world.app, raise_server_exceptions=False, headers={"authorization": f"Bearer {token}"}
    )
    browser.post("/console/sign-in", data={"token": token})
    return browser


def exports(world: World):
    """Write a blinded export in every format, and yield its files."""
    with world.lab.database.writing() as session:
        export_study(
            session,
            world.lab.slug,
            world.folder / "export",
            viewer=BLINDED,
            now=world.lab.now,
            formats=("csv", "parquet", "sav", "dta"),
        )
    for path in sorted((world.folder / "export").iterdir()):
        yield f"export {path.name}", comparable(path.name, path.read_bytes())


def unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(
            comparable(name, archive.read(name)) for name in sorted(archive.namelist())
        )


def comparable(name: str, content: bytes) -> bytes:
    """Return an export's file without the head of the trail, which nobody can read."""
    if name != "manifest.json":
        return content
    manifest = json.loads(content)
    assert {key for key, value in manifest["trail"].items() if value is not None} == {"head"}
    manifest["trail"] = None
    return json.dumps(manifest).encode()


# --- what must hold ------------------------------------------------------------------------------


def test_the_two_worlds_differ_in_the_arms_and_in_all_that_follows(worlds):
    (one, two), _ = worlds
    first, second = one.arms(), two.arms()
    assert first.keys() == second.keys()
    assert sum(first[person] != second[person] for person in first) >= 3
    assert set(first.values()) == set(second.values()) == {"zebra", "quagga"}
    kinds = [[event.kind for event in world.lab.rows(Event)] for world in (one, two)]
    assert kinds[0] != kinds[1]
    for found in kinds:
        assert {"participant.crossed_over", "programme.started", "participant.completed"} <= set(
            found
        )
    follow_ups = [
        [world.lab.participant(person).follow_up for person in world.people] for world in (one, two)
    ]
    assert follow_ups[0] != follow_ups[1]


def test_alerts_tell_the_blinded_of_the_waves_that_everybody_has(worlds):
    """Alerts of the other waves are there, and go to those who see the arms."""
    (one, two), received = worlds
    for place, world in enumerate((one, two)):
        waves = {row.id: row.wave for row in world.lab.rows(Assessment)}
        raised = Counter(waves[row.assessment_id] for row in world.lab.rows(Alert))
        assert raised["p1"] > 0, raised
        assert raised["w3"] > 0, raised
        shown = received["a year"][place][f"GET {STUDY.format(slug=world.lab.slug)}/alerts"]
        everywhere = sum(count for wave, count in raised.items() if wave.startswith("w"))
        assert shown.count(f'"rule":"{RULE}"'.encode()) == everywhere


@pytest.mark.parametrize("look", LOOKS_AT)
def test_a_blinded_owner_receives_the_same_whoever_is_in_which_arm(worlds, look):
    (one, two), received = worlds
    first, second = received[look]
    assert first.keys() == second.keys()
    differing = [name for name in first if first[name] != second[name]]
    if look == "a year":
        differing = [name for name in differing if not _meets_the_end(name, one, two)]
    assert differing == []


def _meets_the_end(name: str, one: World, two: World) -> bool:
    """Whether an act met that one is at the end and the other not; see decision 7."""
    acts = tuple(f"/{act}" for act in ("lost", "found"))
    return name.endswith(acts) and any(
        one.lab.participant(person).follow_up != two.lab.participant(person).follow_up
        and one.lab.participant(person).public_id in name
        for person in one.people
    )


@pytest.mark.parametrize("look", LOOKS_AT)
def test_nothing_that_a_blinded_owner_receives_names_an_arm(worlds, look):
    _, received = worlds
    for found in received[look]:
        told = {
            name: match.group()
            for name, content in found.items()
            if name != f"GET {API}/openapi.json"  # names fields, for everybody
            and (match := TELLING.search(content.decode("utf-8", errors="replace")))
        }
        assert told == {}


def test_the_walk_went_through_open_doors(worlds):
    _, received = worlds
    found = received["a year"][0]
    refused = {
        name.removeprefix("GET ")
        for name, content in found.items()
        if name.startswith("GET") and content[:1] not in (b"2",)
    }
    assert refused == {
        "/console/analysis",
        "/console/mail",
        "/console/mail/1.eml",
        "/api/v1/studies/msc-clinicians/groups",
        "/api/v1/studies/msc-clinicians/doses",
    }
    events = json.loads(found["GET /api/v1/studies/msc-clinicians/events"].partition(b" ")[2])
    assert events["next"] is None
    assert len(events["events"]) > 150
    assert len(found["export panel.csv"].splitlines()) == 13


def test_an_unblinded_owner_sees_the_arms_that_the_blinded_do_not(worlds, tmp_path):
    (world, _), _ = worlds
    with world.lab.database.writing() as session, pytest.raises(NotAllowedError):
        export_study(
            session, world.lab.slug, tmp_path / "x", viewer=BLINDED, now=world.lab.now,
            unblinded=True, reason="r",
        )  # fmt: skip
    browser = client(world, SEEING.name)
    for path in ("", "/participants", "/events?limit=500"):
        answer = browser.get(f"/api/v1/studies/{world.lab.slug}{path}")
        assert "zebra" in answer.text
    assert "Zebra now" in browser.get(f"/console/{world.lab.slug}").text


# --- messages and events -------------------------------------------------------------------------


def test_no_message_names_an_arm_to_anybody(worlds):
    made, _ = worlds
    for world in made:
        assert len(world.lab.transport.mails) > 50
        for mail in world.lab.transport.mails:
            assert not TELLING.search(f"{mail.subject}\n{mail.body}\n{mail.unsubscribe}")


OF_UNBLINDING = "A participant was unblinded"
"""All the team is mailed this. Alerts about some waves go to those alone who see the arms."""


def test_staff_get_the_same_messages_whoever_is_in_which_arm(worlds):
    made, _ = worlds
    told = [
        [
            (mail.recipient, mail.subject, mail.body, mail.date)
            for mail in world.lab.transport.mails
            if mail.recipient == BLINDED.name or mail.subject == OF_UNBLINDING
        ]
        for world in made
    ]
    assert told[0] == told[1]
    assert told[0]


def test_every_kind_of_message_is_decided_about():
    new = {str(kind) for kind in Kind} ^ set(MESSAGES)
    assert not new, f"Decide in domain/blinding whether the blinded may know of: {new}"


def test_every_kind_of_event_is_decided_about(worlds):
    made, _ = worlds
    written = {event.kind for world in made for event in world.lab.rows(Event)}
    named = {
        kind
        for path in (SOURCE / "services").rglob("*.py")
        for kind in re.findall(
            r'"((?:study|screening|participant|contact|cluster|programme|answer|assessment|message|group|dose|'
            r'unblinding|randomisation|export|staff)\.[a-z_]+)"',
            path.read_text(encoding="utf-8"),
        )
    }
    new = (written | named) - set(EVENTS)
    assert not new, f"Decide in domain/blinding what the blinded may know of: {new}"
