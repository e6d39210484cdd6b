"""Work shared among processes: who stays together, and a process that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories.diary import cohort
from factories.rehearsing import DUTIFUL, START, trial

from longwave.domain.errors import LongwaveError
from longwave.domain.protocol import read_protocol
from longwave.rehearsal.rehearse import Plan
from longwave.rehearsal.rehearse.sharing import helpers, parts_of, wait_for


def parts(files: dict[str, bytes], most: int = 2) -> list[list[tuple[int, str]]]:
    """Return number and site of the people of each part, of forty who come."""
    plan = Plan(files, 40, 1, START, DUTIFUL)
    protocol = read_protocol(files)
    found = parts_of(protocol, plan.people(protocol), most)
    return [[(person.number, person.site) for person in part] for part in found]


def test_people_of_one_allocation_list_stay_together() -> None:
    one, two = parts(trial())  # one list for each site
    assert {site for _, site in one} != {site for _, site in two}
    assert len({site for _, site in one}) == len({site for _, site in two}) == 1
    assert sorted(number for number, _ in one + two) == list(range(1, 41))


def test_people_of_a_cohort_are_independent() -> None:
    assert [len(part) for part in parts(cohort(), most=4)] == [10, 10, 10, 10]


@pytest.mark.parametrize(
    "edits",
    [
        {"permuted_blocks": "minimisation"},
        {"permuted_blocks": "simple", "strata: [site], ": ""},
        {"  rule: ": "  caps: [{most: 30}]\n  rule: "},
    ],
    ids=["minimisation", "one list", "a cap"],
)
def test_people_whose_lots_hang_together_are_not_parted(edits: dict[str, str]) -> None:
    assert [len(part) for part in parts(trial(edits))] == [40]


def test_a_process_that_fails_is_told(tmp_path: Path) -> None:
    plan = Plan(trial(), 4, 1, START, DUTIFUL)
    urls = ["", f"sqlite:///{tmp_path}/no/such/folder/scratch.db"]
    with helpers(plan, 2, urls) as others, pytest.raises(LongwaveError, match="ended unexpectedly"):
        wait_for(others)
