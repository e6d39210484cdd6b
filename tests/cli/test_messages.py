"""Messages, what came back of them, and what is to be done about it, at the command line."""

from __future__ import annotations

import pytest
from factories import returned
from factories.lab import SECRET, Lab
from factories.returned import ID, PLAIN, VERP
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.storage.tables import Bounce, Contact, Message


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = Lab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    for command in ("bounce", "participant", "task"):
        monkeypatch.setattr(f"longwave.cli.{command}.system_clock", lambda: opened.now)
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    """Somebody who was invited, by a message whose id is that of the returned samples."""
    made = lab.enrol()
    lab.wait(minutes=1)
    with lab.database.writing() as session:
        (invitation,) = [row.id for row in lab.rows(Message) if row.step == "w0:invitation"]
        session.get_one(Message, invitation).mail_id = f"{ID}@longwave"
    return lab.participant(made)


def run(*arguments, content=None):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=content)
    assert "Traceback" not in done.output
    return done


def is_silenced(lab, person):
    with lab.database.reading() as session:
        return session.get_one(Contact, person.id).email_suppressed_at is not None


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_a_mail_that_came_back_is_taken_from_a_pipe(lab, person, arguments):
    done = run("bounce", *arguments, content=returned.postfix())
    assert (done.exit_code, done.output) == (0, "Taken: hard (5.1.1).\n")
    assert is_silenced(lab, person)
    (bounce,) = lab.rows(Bounce)
    assert bounce.source == "mailbox"


def test_a_mail_that_came_back_is_taken_from_a_file_and_by_where_it_arrived(lab, person, tmp_path):
    bare = returned.postfix(to=PLAIN, returned="Content-Type: text/plain\n\nnothing\n")
    (tmp_path / "one.eml").write_bytes(bare)
    assert "Ignored" in run("bounce", "one.eml").output
    done = run("bounce", "one.eml", "--sent-to", VERP)
    assert (done.exit_code, is_silenced(lab, person)) == (0, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (returned.on_holiday(), "automatic reply"),
        (returned.from_a_person(), "no report"),
        (returned.postfix().replace(ID.encode(), b"f" * 32), "no message of ours"),
        (b"", "no report"),
    ],
)
def test_what_is_ignored_is_done_with_and_told(lab, person, content, why):
    done = run("bounce", content=content)
    assert done.exit_code == 0
    assert done.output.startswith("Ignored.") and why in done.output
    assert lab.rows(Bounce) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LONGWAVE_DATABASE_URL", "sqlite:///nowhere/at/all.db"),
        ("LONGWAVE_DATABASE_URL", "sqlite:///empty.db"),
        ("LONGWAVE_SECRET_KEY", "short"),
    ],
)
def test_a_mail_that_cannot_be_taken_now_stays_with_the_mail_server(lab, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    done = run("bounce", content=returned.postfix())
    assert done.exit_code == 75
    assert "Try again later" in done.output


def test_a_file_that_is_not_there_is_told(lab):
    done = run("bounce", "nothing.eml")
    assert (done.exit_code, done.output) == (
        66,
        "nothing.eml cannot be read: No such file or directory.\n",
    )


def test_the_log_lists_what_became_of_messages(lab, person):
    run("bounce", content=returned.postfix())
    told = run("message", "log", lab.slug, "--participant", person.public_id).output
    assert person.public_id in told
    assert "w0:invitation" in told and "hard bounce 5.1.1" in told
    assert "pending: suppressed" in told
    assert "3 of 3 messages" in told
    assert "1 of 3 messages" in run("message", "log", lab.slug, "--limit", 1).output
    assert "0 of 3 messages" in run("message", "log", lab.slug, "--offset", 3).output


def test_a_task_is_listed_until_it_is_done(lab, person):
    assert "nothing to do" in run("task", "list", lab.slug).output
    run("bounce", content=returned.complaint())
    name = f"{person.public_id}.complaint.1"
    assert name in run("task", "list", lab.slug).output
    assert run("task", "done", lab.slug, name, "--note", "asked her").exit_code == 0
    assert "nothing to do" in run("task", "list", lab.slug).output
    told = run("task", "list", lab.slug, "--done").output
    assert name in told and "by cli: asked her" in told
    again = run("task", "done", lab.slug, name)
    assert again.exit_code == 1 and "done before" in again.output
    assert run("task", "done", lab.slug, "nothing").exit_code == 1


def test_a_new_address_lets_messages_through_again(lab, person):
    run("bounce", content=returned.postfix())
    change = ("participant", "contact", lab.slug, person.public_id, "--reason", "she rang")
    assert run(*change, "--email", "new@clinic.example").exit_code == 0
    assert not is_silenced(lab, person)
    lab.wait(minutes=1)
    assert lab.transport.mails[-1].recipient == "new@clinic.example"
    by_sms = run(*change, "--phone", "+90 555 123 45 67", "--channel", "sms")
    assert by_sms.exit_code == 0
    refused = run(*change, "--email", "nobody")
    assert refused.exit_code == 1


def test_taking_what_came_back_sends_no_mail(lab, person):
    before = len(lab.rows(Message))
    for content in (returned.postfix(), returned.complaint(), returned.on_holiday()):
        run("bounce", content=content)
    assert len(lab.rows(Message)) == before


def test_what_people_were_sent_is_counted_and_by_arm_only_if_asked_for(lab, person):
    lab.complete(person.id, "w0")
    assert run("message", "load", lab.slug).output.splitlines() == [
        "                      everybody",
        "people                        1",
        "invitation                    1",
        "all messages                  1",
        "  for each person           1.0",
        "  most to one person          1",
    ]
    told = run("message", "load", lab.slug, "--unblinded").output
    assert told.splitlines()[0].split() == ["everybody", "active", "waitlist"]
    assert "from the moment of randomisation" in told
