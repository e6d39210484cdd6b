"""Disclosure: only after the lock, only by whom may, and enough for a replay by Python alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotAllowedError, RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.services import randomisation
from longwave.services.study import get_study
from longwave.storage.tables import Allocation, Event

OWNER = Viewer("owner", Role.OWNER, blinded=False)
PAGE = Path(__file__).parents[3] / "docs" / "randomisation.md"


def put(trial, state):
    with trial.database.writing() as session:
        get_study(session, trial.slug).state = state


def disclose(trial, viewer=OWNER, reason="the auditors ask"):
    with trial.database.writing() as session:
        return randomisation.disclose(
            session, trial.slug, keys=trial.keys, viewer=viewer, reason=reason, now=trial.now
        )


def replay(folder, text):
    """Run the program of the page on a disclosed file, with nothing but Python's own library."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "replay.py").write_text(code, encoding="utf-8")
    (folder / "disclosed.json").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "-S", "replay.py", "disclosed.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_of_the_page_finds_every_allocation_of_every_way(trial, tmp_path):
    trial.randomise_some(8)
    put(trial, "locked")
    disclosure = disclose(trial)
    rows = trial.rows(Allocation)
    done = replay(tmp_path, disclosure.to_json())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{len(rows)} allocations, all as drawn; ")
    assert disclosure.commitment in done.stdout


def test_the_program_of_the_page_finds_a_changed_arm_and_changed_settings(blocks, tmp_path):
    blocks.randomise_some(4)
    put(blocks, "archived")
    data = json.loads(disclose(blocks).to_json())
    row = data["allocations"][0]
    other = "active" if row["arm"] == "waitlist" else "waitlist"
    for forged in (
        {**data, "allocations": [{**row, "arm": other}, *data["allocations"][1:]]},
        {**data, "allocations": data["allocations"][1:]},
        {**data, "settings": data["settings"].replace('"active": 1', '"active": 2')},
    ):
        done = replay(tmp_path, json.dumps(forged))
        assert done.returncode == 1 and "Traceback" not in done.stderr


def test_the_trail_keeps_that_it_was_disclosed_and_why_and_no_more(blocks):
    put(blocks, "locked")
    disclose(blocks)
    (event,) = [row for row in blocks.rows(Event) if row.kind == "randomisation.disclosed"]
    assert (event.actor, event.payload) == ("owner", {"reason": "the auditors ask"})


def test_a_disclosure_names_people_by_their_public_ids(blocks):
    people = blocks.randomise_some(3)
    put(blocks, "locked")
    named = {row.participant for row in disclose(blocks).allocations}
    assert named == {blocks.participant(person).public_id for person in people}


def test_no_text_of_a_disclosure_tells_the_seed_by_accident(blocks):
    put(blocks, "locked")
    disclosure = disclose(blocks)
    assert json.loads(disclosure.settings)["seed"] not in repr(disclosure)


@pytest.mark.parametrize("state", ["open", "closed", "approved"])
def test_nothing_is_disclosed_before_the_lock(blocks, state):
    put(blocks, state)
    with pytest.raises(RefusedTransitionError, match="longwave study lock"):
        disclose(blocks)
    assert not [row for row in blocks.rows(Event) if row.kind == "randomisation.disclosed"]


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("owner", Role.OWNER, blinded=True),
        *(Viewer("x", role, blinded=False) for role in Role if role != Role.OWNER),
    ],
    ids=lambda viewer: f"{viewer.role}-{viewer.blinded}",
)
def test_only_an_owner_who_sees_arms_discloses(blocks, viewer):
    put(blocks, "locked")
    with pytest.raises(NotAllowedError):
        disclose(blocks, viewer)


def test_a_disclosure_needs_a_reason(blocks):
    put(blocks, "locked")
    with pytest.raises(InvalidInputError, match="reason"):
        disclose(blocks, reason="  ")
