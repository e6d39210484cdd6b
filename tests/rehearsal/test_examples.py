"""The example protocols: sound, honest about what they ask, and possible from end to end.

A new folder is tested like the others, without a line more here.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from factories.rehearsing import DUTIFUL

from longwave import resources
from longwave.domain.protocol import Protocol, read_protocol
from longwave.domain.protocol.model import Wave
from longwave.rehearsal.rehearse import Plan, rehearse

FOLDERS = sorted(path.parent for path in resources.protocols_directory().glob("*/protocol.yaml"))
EXPECTED = {
    *("burnout_cohort", "burst_diary", "daily_practice_cluster", "daily_practice_steps"),
    *("msc_burnout_rct", "scip_active_control"),
}
HEADINGS = [
    "Whom it suits",
    "Design",
    "Burden",
    "What to change",
    "What its analysis can and cannot say",
]
ROW = re.compile(r"^\| `(\w+)` \| .+ \| (`[\w`, ]+`) \| ([\d.]+) \|$", re.MULTILINE)

every = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def protocol_of(folder: Path) -> Protocol:
    return read_protocol(resources.protocol_files(folder))


def readme(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def minutes(protocol: Protocol, wave: Wave) -> float:
    return sum(protocol.instruments[name].minutes for name in wave.instruments)


def test_the_designs_that_are_promised_are_there_and_listed():
    assert {folder.name for folder in FOLDERS} >= EXPECTED
    listed = re.findall(r"^\| `(\w+)` \|", readme(FOLDERS[0].parent), re.MULTILINE)
    assert sorted(listed) == [folder.name for folder in FOLDERS]


def test_no_two_examples_share_a_name():
    slugs = [protocol_of(folder).study.slug for folder in FOLDERS]
    assert len(set(slugs)) == len(slugs)


@every
def test_the_readme_says_what_an_investigator_asks(folder: Path):
    text = readme(folder)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    shown = re.findall(r"^    longwave .*$", text, re.MULTILINE)
    assert f"    longwave protocol check study_protocols/{folder.name}" in shown
    assert all(f"study_protocols/{folder.name}" in line for line in shown)


@every
def test_the_readme_tells_of_each_wave_what_the_protocol_plans(folder: Path):
    protocol = protocol_of(folder)
    told = [
        (wave, re.findall(r"\w+", names), float(number))
        for wave, names, number in ROW.findall(readme(folder))
    ]
    assert told == [
        (wave.id, list(wave.instruments), minutes(protocol, wave)) for wave in protocol.waves
    ]


@every
def test_the_burden_is_told_as_it_is(folder: Path):
    protocol = protocol_of(folder)
    burden = readme(folder).split("## Burden")[1].split("\n## ")[0]
    (told,) = re.findall(r"[Aa]bout (\d+) minutes of questionnaires", burden)
    whole = sum(minutes(protocol, wave) * wave.occurrences for wave in protocol.waves)
    assert abs(int(told) - whole) <= 0.5


@every
def test_what_people_consent_to_tells_of_the_first_questionnaire_as_it_is(folder: Path):
    protocol = protocol_of(folder)
    first = protocol.minutes(protocol.waves[0])
    for language, document in protocol.consent.documents.items():
        assert re.search(rf"(?<!\d){first}(?!\d)", document), (language, first)


@pytest.mark.slow
@every
def test_every_wave_is_reached_by_dutiful_people_and_nothing_is_in_the_way(folder: Path):
    files = resources.protocol_files(folder)
    protocol = read_protocol(files)
    participants = 4 + max(len(protocol.sites), 3 * len(protocol.arms))
    plan = Plan(files, participants, 1, date(2027, 2, 1), DUTIFUL)
    report, _ = rehearse(plan, processes=1)
    assert report.unreached == ()
    assert report.collisions.people == 0
    for found in report.waves:
        assert found.planned > 0
        assert set(found.outcomes) == {"complete"}, (found.wave, found.arm)
    assert not [one for one in report.messages.unsent if "completed" not in str(one)]
