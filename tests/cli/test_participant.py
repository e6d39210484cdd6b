"""What is recorded of one person at the command line: done, written down, refused in words."""

from __future__ import annotations

import pytest
from factories.diary import cohort, wave
from factories.lab import SECRET, Lab
from typer.testing import CliRunner

from longwave.cli.app import app
from longwave.domain.lifecycle import Role
from longwave.services import audit
from longwave.services.staff import add_staff
from longwave.storage.tables import Allocation, Answer, ConsentChoice, Contact, Event, Screening


@pytest.fixture
def lab(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    opened = Lab(f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    yield opened
    opened.close()


@pytest.fixture
def person(lab):
    return lab.participant(lab.randomise())


def run(*arguments, typing=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=typing)


def act(lab, person, command, *more, typing=None):
    done = run("participant", command, lab.slug, person.public_id, *more, typing=typing)
    assert "Traceback" not in done.output
    return done


def answer_to(lab, item):
    (found,) = [row for row in lab.rows(Answer) if f"{row.instrument}.{row.item}" == item]
    return found


def last_event(lab):
    return lab.rows(Event)[-1]


WHY = ("--reason", "told the site by telephone")


@pytest.mark.parametrize(
    ("command", "more", "kind", "fact", "value"),
    [
        ("withdraw", (), "participant.withdrew", "follow_up", "withdrawn"),
        ("withdraw", WHY, "participant.withdrew", "follow_up", "withdrawn"),
        ("lost", WHY, "participant.lost", "follow_up", "lost"),
        ("deceased", WHY, "participant.deceased", "follow_up", "deceased"),
        (
            "correct-stratum",
            ("--level", "profession=physician", *WHY),
            "participant.stratum_corrected",
            "stratum_actual",
            "profession=physician|site=ankara",
        ),
    ],
)
def test_what_became_of_a_person_is_recorded(lab, person, command, more, kind, fact, value):
    done = act(lab, person, command, *more)
    assert done.exit_code == 0, done.output
    assert getattr(lab.participant(person.id), fact) == value
    assert last_event(lab).kind == kind and last_event(lab).actor == "cli"
    if more and command != "correct-stratum":
        assert last_event(lab).payload["reason"] == WHY[1]


def test_who_was_lost_can_be_found_again(lab, person):
    act(lab, person, "lost", *WHY)
    assert act(lab, person, "found", *WHY).exit_code == 0
    assert lab.participant(person.id).follow_up == "active"
    again = act(lab, person, "found", *WHY)
    assert again.exit_code == 1 and "error:" in again.output


def test_an_answer_is_corrected_or_taken_away(lab, person):
    item = "bat_12." + lab.protocol.instruments["bat_12"].items[0].id
    assert act(lab, person, "correct-answer", "w0", item, "--value", "4", *WHY).exit_code == 0
    assert answer_to(lab, item).value == "4"
    assert act(lab, person, "correct-answer", "w0", item, *WHY).exit_code == 0
    assert answer_to(lab, item).missing_reason == "invalidated"
    assert '"4"' not in str(last_event(lab).payload)
    refused = act(lab, person, "correct-answer", "w0", item, "--value", "77", *WHY)
    assert refused.exit_code == 1 and "no answer" in refused.output


def test_a_use_is_allowed_and_taken_back(lab, person):
    assert act(lab, person, "choose", "sharing", "--allow").exit_code == 0
    assert act(lab, person, "choose", "sharing", "--refuse").exit_code == 0
    chosen = [row.allowed for row in lab.rows(ConsentChoice) if row.use == "sharing"]
    assert chosen[-2:] == [True, False]
    assert act(lab, person, "choose", "selling", "--allow").exit_code == 1


def test_erasing_needs_the_id_once_more(lab, person):
    refused = act(lab, person, "erase", *WHY, typing="WRONG\n")
    assert refused.exit_code == 1 and "Nothing was done" in refused.output
    assert len(lab.rows(Contact)) == 1
    done = act(lab, person, "erase", *WHY, "--confirm", person.public_id)
    assert done.exit_code == 0, done.output
    assert lab.rows(Contact) == [] and len(lab.rows(Allocation)) == 1
    lab.wait(hours=1)
    with lab.database.reading() as session:
        report = audit.verify(session, keys=lab.keys)
    assert report.passed, report.findings


def test_unblinding_tells_the_arm_to_who_may_and_is_written_down(lab, person):
    with lab.database.writing() as session:
        add_staff(session, "nurse@lab.example", Role.COORDINATOR, blinded=True, now=lab.now)
        add_staff(session, "stats@lab.example", Role.ANALYST, blinded=True, now=lab.now)
    (allocation,) = lab.rows(Allocation)
    refused = act(lab, person, "unblind", *WHY, "--as", "stats@lab.example")
    assert refused.exit_code == 1 and "may not" in refused.output
    unknown = act(lab, person, "unblind", *WHY, "--as", "nobody@lab.example")
    assert unknown.exit_code == 1 and "no member of staff" in unknown.output
    done = act(
        lab, person, "unblind", *WHY, "--as", "nurse@lab.example", typing=f"{person.public_id}\n"
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.rstrip().endswith(allocation.arm)
    assert allocation.arm not in refused.output
    assert last_event(lab).kind == "unblinding.confirmed"
    assert allocation.arm not in str(last_event(lab).payload)


def test_nobody_of_that_id_is_told_plainly(lab):
    missing = run("participant", "withdraw", lab.slug, "NOBODY")
    assert missing.exit_code == 1 and "no such participant" in missing.output
    assert "NOBODY" not in str([event.payload for event in lab.rows(Event)])


def test_showing_a_person_tells_no_arm(lab, person):
    done = act(lab, person, "show")
    assert done.exit_code == 0
    assert "randomised" in done.stdout and "w0" in done.stdout
    assert done.stdout.count("active") == 1  # the follow-up; an arm is called so too
    assert "waitlist" not in done.stdout and "msc8" not in done.stdout


def test_the_register_takes_who_declined(lab):
    entered = run(
        "screening",
        "enter",
        lab.slug,
        "--site",
        "ankara",
        "--outcome",
        "declined",
        "--reason",
        "no time",
        "--email",
        "somebody@clinic.example",
    )
    assert entered.exit_code == 0, entered.output
    (line,) = lab.rows(Screening)
    assert line.outcome == "declined" and "somebody" not in (line.digest or "")
    assert "no time" in run("screening", "list", lab.slug).stdout
    wrong = run("screening", "enter", lab.slug, "--site", "mars", "--outcome", "declined")
    assert wrong.exit_code == 1 and "error:" in wrong.output


def test_a_journey_is_noted(lab, person):
    done = act(lab, person, "zone", "Asia/Tokyo", "--since", "2099-06-01")
    assert done.exit_code == 0
    assert done.output == f"{person.public_id} lives by Asia/Tokyo from 2099-06-01 on.\n"
    event = last_event(lab)
    assert (event.kind, event.payload["zone"]) == ("participant.zone_changed", "Asia/Tokyo")
    refused = act(lab, person, "zone", "Asia/Tokio")
    assert refused.exit_code == 1
    assert "Did you mean 'Asia/Tokyo'?" in refused.output


def test_only_a_wave_on_request_can_be_asked_for(lab, person):
    refused = act(lab, person, "request", "w2")
    assert refused.exit_code == 1
    assert "The wave w2 comes by itself" in refused.output


def test_a_wave_is_asked_for(tmp_path, migrated_sqlite, monkeypatch):
    path = tmp_path / "longwave.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    extra = wave("extra", "request", "P0D", window="{before: P0D, after: P3D}")
    lab = Lab(f"sqlite:///{path}", cohort(extra))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", SECRET)
    person = lab.participant(lab.enrol(site="north"))
    done = act(lab, person, "request", "extra")
    assert done.output == f"{person.public_id} is asked extra, for the 1st time.\n"
    assert lab.assessment(person.id, "extra").status == "open"
    lab.close()
