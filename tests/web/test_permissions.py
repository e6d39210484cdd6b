"""Who gets what from the API: a table of routes, roles, sites, studies, blinding and tokens.

The table is written by hand, so that a change of the rules has to be made twice, and each route
of the application must stand in it. Nothing that these requests do is kept: every one of them
meets the same two studies.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from factories.api_table import API, APPROVAL, PERSON, STUDY, TABLE, WHY
from factories.routes import routes_of
from factories.site import OPENER, Site
from factories.small_trial import FILES
from factories.undone import Undone
from sqlmodel import select

from longwave.domain.lifecycle import BounceKind, Role
from longwave.domain.permissions import Scope
from longwave.services import bounces, courses, staff
from longwave.services import study as studies
from longwave.services.study import get_study
from longwave.storage.tables import Alert, Allocation, Assessment, Message, Unblinding


class World:
    """Two trial runs with a participant at each site, and a token for everybody there could be."""

    def __init__(self, url: str, folder) -> None:
        self.site = Site(url, folder)
        with self.site.database.writing() as session:
            other = {
                **FILES,
                "protocol.yaml": FILES["protocol.yaml"].replace(b"small-trial", b"other-trial"),
            }
            studies.add_study(session, other, actor="test", now=self.site.now)
            studies.open_study(
                session,
                "other-trial",
                trial_run=True,
                keys=self.site.keys,
                viewer=OPENER,
                now=self.site.now,
            )
        self.people = {name: self._in_the_programme(name) for name in ("north", "south")}
        for person in self.people.values():
            self._let_mail_come_back(person)
            self._raise_alert(person)
        self.tokens: dict[tuple[object, ...], str] = {}
        self.requests: dict[str, int] = {}
        self._begin_courses()
        state = self.site.app.state
        state.edge = replace(state.edge, database=Undone(self.site.database))

    def _begin_courses(self):
        """Give each of them a place in a group of the site, whose first session has begun."""
        first = (self.site.now + timedelta(days=1)).replace(tzinfo=None)
        with self.site.database.writing() as session:
            study = get_study(session, "small-trial")
            how = {"viewer": OPENER, "now": self.site.now}
            for name, person in self.people.items():
                courses.add_group(
                    session, study, "course", name, site=name, capacity=5, zone="UTC", **how
                )
                courses.join(session, session.merge(person), "course", name, **how)
                courses.start_group(session, study, "course", name, first, **how)
            courses.plan_due(session, now=self.site.now, limit=9)
        self.site.wait(days=2)

    def _in_the_programme(self, site):
        """Enrol people at a site until one comes to the arm that begins at once."""
        while True:
            person = self.site.enrol(site)
            self.site.complete(person)
            with self.site.database.reading() as session:
                found = session.exec(select(Allocation).where(Allocation.participant_id == person))
                if found.one().arm == "active":
                    return self.site.participant(person)

    def _let_mail_come_back(self, person):
        with self.site.database.writing() as session:
            invitation = session.exec(
                select(Message).where(Message.participant_id == person.id)
            ).first()
            bounces.receive(
                session,
                (invitation.mail_id,),
                BounceKind.HARD,
                "5.1.1",
                source="mailbox",
                allowed=lambda *_: True,
                now=self.site.now,
            )

    def _raise_alert(self, person):
        with self.site.database.writing() as session:
            of_theirs = Assessment.participant_id == person.id
            session.add(
                Alert(
                    study_id=person.study_id,
                    participant_id=person.id,
                    assessment_id=session.exec(select(Assessment).where(of_theirs)).first().id,
                    rule="worn",
                    raised_at=self.site.now,
                )
            )

    def token(self, role, *, blinded, site=None, slug="small-trial", scope=Scope.ALL):
        """Return a token of somebody who has just this one role."""
        key = (role, blinded, site, slug, scope)
        if key not in self.tokens:
            email = f"{role}-{blinded}-{site}-{slug}-{scope}@example.org"
            with self.site.database.writing() as session:
                member, token = staff.add_staff(
                    session,
                    email,
                    role,
                    blinded=blinded,
                    study=slug,
                    site=site,
                    now=self.site.now,
                )
                if scope is not Scope.ALL:
                    token = staff.issue_token(
                        session, email, now=self.site.now, label="x", scopes=(scope,)
                    )
                self.tokens[key] = token
                self.requests[token] = self._asked_by(session, member.id)
        return self.tokens[key]

    def _asked_by(self, session, staff_id):
        """Let somebody have asked to unblind the participant in the north."""
        asked = Unblinding(
            participant_id=self.people["north"].id,
            staff_id=staff_id,
            reason="r",
            requested_at=self.site.now,
            expires_at=self.site.now + timedelta(minutes=10),
        )
        session.add(asked)
        session.flush()
        return asked.id

    def ask(self, route, token, *, slug="small-trial", site="north"):
        """Send a request, and undo what it did."""
        method, path = route
        entry = TABLE[route]
        person = self.people[site]
        body = entry.body
        if body is not None and "site" in body:
            body = {**body, "site": site}
        if "confirmation" in path:
            body = {"public_id": person.public_id}
        address = path.format(
            slug=slug,
            public_id=person.public_id,
            number=self.requests.get(token, 1),
            name=f"{person.public_id}.{'worn' if 'alerts' in path else 'address_bounced'}.1",
            programme="course",
            group=site,
            session=1,
        )
        browser = self.site.browser(authorization=f"Bearer {token}")
        return browser.request(method, address, json=body)


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrated_sqlite):
    folder = tmp_path_factory.mktemp("permissions")
    path = folder / "two.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    made = World(f"sqlite:///{path}", folder)
    yield made
    made.site.close()


def test_every_route_of_the_api_stands_in_the_table(world):
    known = {route for route in routes_of(world.site.app) if route[1].startswith(API)}
    known -= {("GET", f"{API}/openapi.json")}
    assert known == set(TABLE)


@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route[0]} {route[1]}")
def test_each_role_gets_what_it_may(world, route):
    entry = TABLE[route]
    listing = route == ("GET", f"{API}/studies")
    for role in Role:
        for blinded in (True, False):
            allowed = role.value[0] in entry.roles and (entry.blinded or not blinded)
            expected = entry.status if allowed else 403
            everywhere = world.token(role, blinded=blinded)
            who = f"{role}, {'' if blinded else 'un'}blinded"
            assert world.ask(route, everywhere).status_code == expected, f"{who} of the study"
            near = world.token(role, blinded=blinded, site="north")
            at_site = 403 if entry.whole else expected
            assert world.ask(route, near).status_code == at_site, f"{who} of the site"
            if entry.person:
                far = world.ask(route, near, site="south").status_code
                # Whoever may not do it anywhere may hear that first; nobody hears who is there.
                assert far in ((404,) if allowed else (403, 404)), f"{who} of another site"
            elsewhere = world.token(role, blinded=blinded, slug="other-trial")
            answer = world.ask(route, elsewhere)
            if listing:
                assert [found["slug"] for found in answer.json()] == ["other-trial"]
            elif entry.no_study:
                assert answer.status_code == expected, f"{who} of another study"
            else:
                assert answer.status_code == 404, f"{who} of another study"


@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route[0]} {route[1]}")
def test_a_token_that_is_none_gets_nothing(world, route):
    token = world.token(Role.OWNER, blinded=False)
    with world.site.database.writing() as session:
        revoked = staff.issue_token(
            session,
            f"owner-False-None-small-trial-{Scope.ALL}@example.org",
            now=world.site.now,
            label="revoked",
        )
        staff.revoke_tokens(
            session,
            f"owner-False-None-small-trial-{Scope.ALL}@example.org",
            now=world.site.now,
            label="revoked",
        )
    for bad in (revoked, "guess", ""):
        assert world.ask(route, bad).status_code == 401
    assert world.site.browser().request(route[0], route[1]).status_code == 401
    before = world.site.now
    world.site.now += timedelta(days=91)
    try:
        assert world.ask(route, token).status_code == 401
    finally:
        world.site.now = before


@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route[0]} {route[1]}")
def test_a_token_with_another_scope_does_not_suffice(world, route):
    entry = TABLE[route]
    for scope in set(Scope) - {Scope.ALL}:
        answer = world.ask(route, world.token(Role.OWNER, blinded=False, scope=scope))
        if route == ("GET", f"{API}/studies") and scope != entry.scope:
            assert answer.json() == []
        else:
            expected = entry.status if scope == entry.scope else 403
            assert answer.status_code == expected, scope
        if answer.status_code == 403:
            assert "scope" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (f"{PERSON}/lost", {}, "reason"),
        (f"{PERSON}/lost", {"reason": "   "}, "reason"),
        (f"{PERSON}/lost", {"reason": "x" * 501}, "reason"),
        (f"{PERSON}/lost", {"reason": "x", "arm": "active"}, "arm"),
        (f"{PERSON}/stratum", {"reason": "x", "levels": {}}, "levels"),
        (f"{PERSON}/corrections", {**WHY, "wave": "w0"}, "instrument"),
        (f"{STUDY}/approval", {**APPROVAL, "approved_on": "soon"}, "approved_on"),
        (f"{STUDY}/approval", {**APPROVAL, "reference": 5}, "reference"),
        (f"{STUDY}/opening", {"trial_run": "perhaps"}, "trial_run"),
        (f"{STUDY}/screenings", {"site": "north", "outcome": "enrolled"}, "outcome"),
        (f"{PERSON}/contact", {"reason": "x", "email": "nobody"}, "email"),
        (f"{PERSON}/contact", {"reason": "x", "phone": "12"}, "phone"),
        (f"{PERSON}/contact", {"reason": "x", "channel": "pigeon"}, "channel"),
        (f"{API}/bounces", {"message_id": "x", "kind": "odd"}, "kind"),
    ],
)
def test_bad_input_is_named(world, path, body, field):
    address = path.format(slug="small-trial", public_id=world.people["north"].public_id)
    token = world.token(Role.OWNER, blinded=False)
    browser = world.site.browser(authorization=f"Bearer {token}")
    answer = browser.post(address, json=body)
    assert answer.status_code == 422
    assert field in answer.json()["error"]["fields"]


def test_nothing_that_was_asked_here_was_kept(world):
    world.ask(
        ("POST", f"{PERSON}/withdrawal"), world.token(Role.OWNER, blinded=False)
    ).raise_for_status()
    assert world.site.participant(world.people["north"].id).follow_up == "active"
