"""Reports on messages that came back, over the web."""

from __future__ import annotations

import pytest
from factories import returned
from factories.returned import ID, OURS, PLAIN, VERP
from sqlmodel import select

from longwave.domain.lifecycle import Role
from longwave.domain.permissions import Scope
from longwave.services import staff
from longwave.storage.tables import Bounce, Contact, Message

MAIL = {"content-type": "message/rfc822"}


@pytest.fixture
def person(site):
    made = site.enrol("north")
    with site.database.writing() as session:
        (row,) = session.exec(select(Message).where(Message.step == "w0:invitation")).all()
        row.mail_id = OURS
    return made


def reporter(here, **grant):
    """Return a program with a token that is good for reports and nothing else."""
    email = f"hook{len(grant)}@example.org"
    with here.database.writing() as session:
        how = {"blinded": True, "study": "small-trial", "now": here.now, **grant}
        staff.add_staff(session, email, Role.COORDINATOR, **how)
        token = staff.issue_token(
            session, email, now=here.now, label="hook", scopes=(Scope.BOUNCES,)
        )
    return here.browser(authorization=f"Bearer {token}")


def bounces(site):
    with site.database.reading() as session:
        return [(row.kind, row.status, row.source) for row in session.exec(select(Bounce))]


def test_a_report_in_json_counts_once(site, person):
    hook = reporter(site)
    for _ in range(2):
        answer = hook.post("/api/v1/bounces", json={"message_id": f"<{OURS}>", "kind": "hard"})
        assert answer.json() == {"known": True, "kind": "hard", "status": "5.0.0", "ignored": None}
    assert bounces(site) == [("hard", "5.0.0", "webhook")]
    with site.database.reading() as session:
        assert session.get_one(Contact, person).email_suppressed_at == site.now


@pytest.mark.parametrize("kind", ["soft", "complaint"])
def test_each_kind_can_be_reported_with_its_status(site, person, kind):
    body = {"message_id": OURS, "kind": kind, "status": "4.2.2"}
    reporter(site).post("/api/v1/bounces", json=body).raise_for_status()
    assert bounces(site) == [(kind, "4.2.2", "webhook")]


def test_a_mail_is_taken_whole_as_it_came(site, person):
    hook = reporter(site)
    answer = hook.post("/api/v1/bounces/mail", content=returned.gmail(), headers=MAIL)
    assert answer.json()["known"]
    bare = returned.postfix(to=PLAIN, returned="Content-Type: text/plain\n\nnothing\n")
    address = "/api/v1/bounces/mail"
    assert not hook.post(address, content=bare, headers=MAIL).json()["known"]
    known = hook.post(address, params={"sent_to": VERP}, content=bare, headers=MAIL).json()["known"]
    assert known
    assert bounces(site) == [("hard", "5.1.1", "webhook")]


@pytest.mark.parametrize(
    ("content", "why"),
    [(returned.on_holiday(), "automatic reply"), (b"\xff\x00", "no report"), (b"", "no report")],
)
def test_what_is_ignored_is_no_failure_and_is_told(site, person, content, why):
    answer = reporter(site).post("/api/v1/bounces/mail", content=content, headers=MAIL)
    assert answer.status_code == 200
    assert why in answer.json()["ignored"]
    assert bounces(site) == []


def test_a_message_beyond_what_was_granted_is_no_message_of_ours(site, person):
    far = reporter(site, site="south")
    body = {"message_id": OURS, "kind": "hard"}
    nobody = {"message_id": "f" * 32 + "@longwave", "kind": "hard"}
    assert far.post("/api/v1/bounces", json=body).json() == (
        far.post("/api/v1/bounces", json=nobody).json()
    )
    assert bounces(site) == []


def test_a_token_for_reports_reads_nothing(site, person):
    hook = reporter(site)
    for path in ("", "/participants", "/messages", "/tasks"):
        assert hook.get(f"/api/v1/studies/small-trial{path}").status_code in (403, 404)


def test_what_came_back_shows_in_log_and_tasks(site, person):
    reporter(site).post("/api/v1/bounces", json={"message_id": OURS, "kind": "hard"})
    owner = site.browser(authorization=f"Bearer {site.token}")
    public_id = site.participant(person).public_id
    page = owner.get("/api/v1/studies/small-trial/messages", params={"participant": public_id})
    (line,) = [line for line in page.json()["messages"] if line["step"] == "w0:invitation"]
    assert (line["bounce"], line["participant"]) == ("hard", public_id)
    (task,) = owner.get("/api/v1/studies/small-trial/tasks").json()
    done = owner.post(f"/api/v1/studies/small-trial/tasks/{task['name']}/done", json={"note": "ok"})
    assert done.status_code == 204
    assert owner.get("/api/v1/studies/small-trial/tasks").json() == []
    (told,) = owner.get("/api/v1/studies/small-trial/tasks", params={"done": True}).json()
    assert told["note"] == "ok" and ID not in str(told)
