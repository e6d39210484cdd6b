"""The routes of the API: who may use them, what is sent, what comes back. Written by hand."""

from __future__ import annotations

from dataclasses import dataclass

API = "/api/v1"
STUDY = f"{API}/studies/{{slug}}"
PERSON = f"{STUDY}/participants/{{public_id}}"
GROUP = f"{STUDY}/groups/{{programme}}/{{group}}"
WHY = {"reason": "a reason"}
OWNER, TEAM, PROGRAMME, EVERYBODY = "o", "oc", "ocf", "ocfam"
APPROVAL = {
    "reference": "R",
    "approver": "N",
    "approved_on": "2026-01-15",
    "registry_id": "NCT00000000",
}


@dataclass(frozen=True)
class Entry:
    """Who may use a route (by the first letters of the roles), what they send, what they get.

    ``person``: it is about one participant at a site. ``whole``: it is about the study as a
    whole, so that a role at a site does not suffice. ``blinded`` says what the blinded get.
    ``no_study``: it names no study, so that a role in any suffices to ask.
    """

    roles: str
    status: int = 200
    body: dict[str, object] | None = None
    scope: str = "read"
    whole: bool = False
    person: bool = False
    blinded: bool = True
    no_study: bool = False


def step(status=409, body=None):
    """A step in the life of a study; the one that is asked is not in the state for most."""
    return Entry(OWNER, status, body, scope="write", whole=True)


def act(roles, body=WHY, status=204, **more):
    return Entry(roles, status, body, scope="write", person=True, **more)


TABLE = {
    ("GET", f"{API}/studies"): Entry(EVERYBODY),
    ("GET", STUDY): Entry(EVERYBODY),
    ("POST", f"{STUDY}/approval"): step(body=APPROVAL),
    ("POST", f"{STUDY}/opening"): step(body={"trial_run": True}),
    ("POST", f"{STUDY}/closing"): step(200),
    ("POST", f"{STUDY}/lock"): step(body={}),
    ("POST", f"{STUDY}/archive"): step(),
    ("GET", f"{STUDY}/screenings"): Entry("ocm"),
    ("POST", f"{STUDY}/screenings"): Entry(
        TEAM, 204, {"site": "north", "outcome": "declined"}, scope="write", person=True
    ),
    ("GET", f"{STUDY}/participants"): Entry("ocfm"),
    ("GET", PERSON): Entry("ocfm", person=True),
    ("POST", f"{PERSON}/withdrawal"): act(TEAM, {}),
    ("POST", f"{PERSON}/lost"): act(TEAM),
    ("POST", f"{PERSON}/found"): act(TEAM, status=409),
    ("POST", f"{PERSON}/deceased"): act(TEAM),
    ("POST", f"{PERSON}/zone"): act(TEAM, {"zone": "Asia/Tokyo"}),
    ("POST", f"{PERSON}/requests"): act(TEAM, {"wave": "nothing"}, 404),
    ("POST", f"{PERSON}/programme/stop"): act(PROGRAMME, blinded=False),
    ("POST", f"{PERSON}/programme/completion"): act(PROGRAMME, None, blinded=False),
    ("GET", f"{STUDY}/groups"): Entry("ocfm", blinded=False),
    ("POST", f"{STUDY}/groups"): act(
        PROGRAMME,
        {"programme": "course", "name": "new", "site": "north", "capacity": 5},
        blinded=False,
    ),
    ("POST", f"{GROUP}/start"): act(PROGRAMME, {"first": "2026-12-01T18:00"}, 409, blinded=False),
    ("POST", f"{GROUP}/closing"): act(PROGRAMME, None, blinded=False),
    ("POST", f"{GROUP}/sessions/{{session}}/attendance"): act(
        PROGRAMME, {"absent": ["NOBODY"]}, 422, blinded=False
    ),
    ("GET", f"{STUDY}/doses"): Entry("ocfm", blinded=False),
    ("POST", f"{PERSON}/group"): act(
        PROGRAMME, {"programme": "course", "group": "nothing"}, 404, blinded=False
    ),
    ("POST", f"{PERSON}/group/leaving"): act(PROGRAMME, blinded=False),
    ("POST", f"{PERSON}/doses/{{programme}}/{{session}}/correction"): act(
        PROGRAMME, {**WHY, "attended": True}, blinded=False
    ),
    ("POST", f"{PERSON}/stratum"): act(TEAM, {**WHY, "levels": {"site": "south"}}),
    ("POST", f"{PERSON}/error"): act(TEAM),
    ("POST", f"{PERSON}/corrections"): act(
        TEAM, {**WHY, "wave": "w0", "instrument": "rest", "item": "r1", "value": "5"}
    ),
    ("POST", f"{PERSON}/choices"): act(TEAM, {"use": "nothing", "allowed": True}, 404),
    ("POST", f"{PERSON}/contact"): act(TEAM, {**WHY, "email": "new@clinic.example"}),
    ("POST", f"{PERSON}/erasure"): act(OWNER),
    ("POST", f"{PERSON}/unblinding"): act(TEAM, status=202),
    ("POST", f"{PERSON}/unblindings/{{number}}/confirmation"): act(TEAM, {}, 200),
    ("GET", f"{STUDY}/randomisation"): Entry(EVERYBODY),
    ("POST", f"{STUDY}/randomisation/verification"): Entry("om", whole=True),
    ("GET", f"{STUDY}/consort"): Entry("ocam"),
    ("GET", f"{STUDY}/events"): Entry("om"),
    ("GET", f"{STUDY}/messages"): Entry("ocm"),
    ("GET", f"{STUDY}/messages/load"): Entry("ocm"),
    ("GET", f"{STUDY}/tasks"): Entry("ocm"),
    ("POST", f"{STUDY}/tasks/{{name}}/done"): act(TEAM, {}),
    ("GET", f"{STUDY}/alerts"): Entry("ocfm"),
    ("POST", f"{STUDY}/alerts/{{name}}/acknowledgement"): act(PROGRAMME, {"note": "called"}),
    ("POST", f"{API}/bounces"): Entry(
        TEAM, 200, {"message_id": "none@longwave", "kind": "hard"}, "bounces", no_study=True
    ),
    ("POST", f"{API}/bounces/mail"): Entry(TEAM, 200, scope="bounces", no_study=True),
}
