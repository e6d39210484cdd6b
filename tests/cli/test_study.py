"""``longwave study`` and ``longwave staff`` as they are typed, from a draft to the archive."""

from __future__ import annotations

import pytest
from factories.small_trial import FILES, SLUG
from typer.testing import CliRunner

from longwave.cli.app import app


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, migrated_sqlite):
    """An installation that could serve real participants, and a licensed protocol."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LONGWAVE_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("LONGWAVE_SMTP_URL", "smtp://mail.example:25")
    (tmp_path / "longwave.db").write_bytes(migrated_sqlite.read_bytes())
    for name, content in FILES.items():
        path = tmp_path / "trial" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.replace(b"placeholder: true\n", b""))
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, list(words))


def done(*words):
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words):
    result = run(*words)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


APPROVAL = ("--reference", "2026/17", "--by", "Ethics Committee", "--registry", "NCT00000000")


def lines(output):
    return dict(line.split(maxsplit=1) for line in output.splitlines() if len(line.split()) == 2)


def test_a_live_study_goes_from_draft_to_archive():
    done("study", "add", "trial")
    approved = lines(done("study", "approve", SLUG, *APPROVAL, "--on", "2026-01-15"))
    opened = lines(done("study", "open", SLUG))
    assert opened["commitment"] == approved["commitment"]
    assert all(len(opened[name]) == 64 for name in ("protocol", "analysis", "commitment"))
    assert "live" in done("study", "list")
    for step in ("close-enrolment", "lock", "archive"):
        done("study", step, SLUG)
    assert "archived" in done("study", "list")


def test_an_approval_without_registration_says_what_is_missing():
    done("study", "add", "trial")
    told = refused("study", "approve", SLUG, "--reference", "R", "--by", "N")
    assert "registry_id is missing" in told
    assert "--registry" in told
    assert "--exempt" in told
    assert "reference is missing; approver is missing" in refused("study", "approve", SLUG)
    done("study", "approve", SLUG, "--reference", "R", "--by", "N", "--exempt", "an audit")


def test_an_unsafe_installation_opens_trial_runs_only(monkeypatch):
    monkeypatch.delenv("LONGWAVE_SECRET_KEY")
    monkeypatch.delenv("LONGWAVE_SMTP_URL")
    done("study", "add", "trial")
    done("study", "approve", SLUG, *APPROVAL)
    told = refused("study", "open", SLUG)
    assert "LONGWAVE_SECRET_KEY" in told
    assert "LONGWAVE_SMTP_URL" in told
    assert "No live study can open here" in run("doctor").output


def test_a_mail_catcher_reaches_no_real_mailbox(monkeypatch):
    monkeypatch.setenv("LONGWAVE_MAIL_IS_CAUGHT", "true")
    done("study", "add", "trial")
    done("study", "approve", SLUG, *APPROVAL)
    assert "LONGWAVE_MAIL_IS_CAUGHT" in refused("study", "open", SLUG)


def test_a_lock_says_how_many_assessments_are_left_and_can_be_early(folder):
    done("study", "add", "trial")
    done("study", "open", SLUG, "--trial-run")
    assert "Close it to enrolment first" in refused("study", "lock", SLUG)
    done("study", "close-enrolment", SLUG)
    assert "needs a reason" in refused("study", "lock", SLUG, "--early")
    done("study", "lock", SLUG, "--early", "--reason", "no funds")


def test_an_amendment_is_checked_and_put_in_force(folder):
    done("study", "add", "trial")
    done("study", "open", SLUG, "--trial-run")
    assert "in force already" in refused("study", "amend", SLUG, "trial")
    path = folder / "trial" / "protocol.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("target_n: 40", "target_n: 41"), encoding="utf-8")
    assert "cannot change study.target_n" in refused("study", "amend", SLUG, "trial")
    path.write_text(text.replace("[P3D]", "[P4D]"), encoding="utf-8")
    assert "version 2" in done("study", "amend", SLUG, "trial")


LISTS = "site,arm\n" + "".join(
    f"{site},{arm}\n" for site in ("north", "south") for arm in ("active", "waitlist")
)


@pytest.fixture
def by_list(folder):
    path = folder / "trial" / "protocol.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("permuted_blocks", "list"), encoding="utf-8")
    done("study", "add", "trial")
    return folder / "lists.csv"


def test_a_study_that_randomises_by_list_takes_its_lists_at_approval(by_list):
    by_list.write_text(LISTS)
    assert "commitment" in done("study", "approve", SLUG, *APPROVAL, "--lists", "lists.csv")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00x", b"site,arm\nmoon,active\n", b"a,b\n1,2\n"]
)
def test_lists_that_are_none_are_refused_in_words(by_list, content):
    by_list.write_bytes(content)
    assert "error:" in refused("study", "approve", SLUG, *APPROVAL, "--lists", "lists.csv")


def test_lists_that_are_not_there_are_refused_in_words(by_list):
    assert "lists.csv" in refused("study", "approve", SLUG, *APPROVAL, "--lists", "lists.csv")
    assert "error:" in refused("study", "approve", SLUG, *APPROVAL)


def test_staff_are_added_given_roles_and_tokens_and_removed():
    done("study", "add", "trial")
    first = done("staff", "add", "a@b.example", "--role", "coordinator", "--study", SLUG,
                 "--site", "north", "--unblinded")  # fmt: skip
    assert "coordinator in small-trial at north, unblinded" in first
    again = done("staff", "add", "a@b.example", "--role", "monitor")
    assert "token" not in again
    token = done("staff", "token", "a@b.example", "--scope", "read", "--scope", "export",
                 "--days", "5", "--label", "backup", "--study", SLUG)  # fmt: skip
    assert "backup, good for read, export for 5 days" in token
    listed = done("staff", "list")
    for told in ("a@b.example", "coordinator", "north", "shown", "monitor", "hidden", "backup"):
        assert told in listed
    assert "Tokens revoked: 1." in done("staff", "revoke", "a@b.example", "--label", "backup")
    assert "no token" in refused("staff", "revoke", "a@b.example", "--label", "backup")
    done("staff", "remove", "a@b.example")
    assert "no member of staff" in refused("staff", "token", "a@b.example")
    assert "There is no staff yet" in done("staff", "list")
