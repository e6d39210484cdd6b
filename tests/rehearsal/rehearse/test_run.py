"""A whole cohort on a virtual clock: what is counted is what follows from the protocol."""

from __future__ import annotations

import json
import socket
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from factories.rehearsing import DUTIFUL, START, outcomes, rehearsed, trial, with_wave

from longwave import resources
from longwave.domain.duration import Duration
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol import ProtocolFaults
from longwave.rehearsal.rehearse import Assumptions
from longwave.storage.database import Database

ON_ONE_DAY = replace(DUTIFUL, recruitment=Duration(days=1))
SILENT = replace(DUTIFUL, nonresponse=1.0)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let scratch databases be made where a test can look."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


# --- what people do, counted by hand -------------------------------------------------------------


def test_people_who_answer_at_once_get_one_invitation_for_each_wave() -> None:
    report = rehearsed(participants=20)
    # One copy of the consent and two invitations each; both reminders are never needed.
    assert report.messages.sent == {"consent_copy": 20, "invitation": 40}
    assert [(one.kind, one.state, one.count) for one in report.messages.unsent] == [
        ("reminder", "cancelled", 40)
    ]
    spread = report.messages.per_person
    assert (spread.mean, spread.p95, spread.most) == (3.0, 3, 3)
    assert outcomes(report, "w0") == outcomes(report, "w1") == {"complete": 20}
    assert report.cohort.completed == report.cohort.randomised == 20
    assert report.unreached == ()


def test_people_who_never_answer_are_reminded_and_reach_no_later_wave() -> None:
    report = rehearsed(participants=20, assumed=SILENT)
    assert report.messages.sent == {"consent_copy": 20, "invitation": 20, "reminder": 20}
    assert outcomes(report, "w0") == {"unopened": 20}
    assert outcomes(report, "w1") == {"not_planned": 20}
    assert [(lost.wave, lost.arm, lost.reason) for lost in report.unreached] == [
        ("w0", "all", "it was planned for 20, and nobody began it: 20 unopened"),
        ("w1", "all", "nobody was randomised"),
    ]


def test_who_waits_for_a_reminder_answers_after_it() -> None:
    report = rehearsed(participants=20, assumed=replace(DUTIFUL, waits=1.0))
    assert report.messages.sent == {"consent_copy": 20, "invitation": 40, "reminder": 40}
    assert outcomes(report, "w1") == {"complete": 20}


def test_the_waitlist_crosses_over_and_the_active_arm_does_not() -> None:
    report = rehearsed(participants=24)
    assert report.balance is not None
    assert sum(report.balance.arms.values()) == 24
    assert report.cohort.crossed_over == report.balance.arms["waitlist"]


def test_messages_are_counted_by_day_on_the_study_s_calendar() -> None:
    report = rehearsed(participants=20, assumed=ON_ONE_DAY)
    days = {day.day: day.total for day in report.messages.by_day if day.total}
    # All come and are randomised on the first day, so all are asked again four weeks later.
    assert days == {START: 40, START + timedelta(days=28): 20}
    assert [day.day for day in report.messages.peaks[:2]] == list(days)
    assert len(report.messages.by_day) == 29
    assert report.messages.per_day.most == 40


def test_days_with_too_many_messages_to_one_person_are_counted() -> None:
    report = rehearsed(participants=20, assumed=replace(ON_ONE_DAY, most_a_day=1))
    crowded = report.messages.crowded
    assert (crowded.days, crowded.people, crowded.most) == (20, 20, 2)


def test_people_who_withdraw_are_missing_for_that_reason() -> None:
    report = rehearsed(participants=20, assumed=replace(DUTIFUL, withdrawal=1.0))
    # Each leaves at an instant spread over the course of 38 days, or came to the end before.
    assert report.cohort.withdrew + report.cohort.completed == 20
    assert report.cohort.withdrew > 0
    gone = outcomes(report, "w1").get("withdrawn", 0) + outcomes(report, "w1").get("not_planned", 0)
    assert gone == report.cohort.withdrew


def test_people_who_pause_get_no_message_meanwhile() -> None:
    pausing = replace(SILENT, pausing=1.0, pause=Duration(months=6))
    late = {"reminders: [P3D]": "reminders: [P9D]"}
    report = rehearsed(trial(late), participants=20, assumed=pausing)
    # Pauses begin at instants spread over the course of 38 days; some before the ninth day.
    reminded = report.messages.sent["reminder"]
    assert report.cohort.paused > 0
    assert 0 < reminded < 20
    assert sum(one.count for one in report.messages.unsent if one.kind == "reminder") == (
        20 - reminded
    )


def test_caps_turn_people_away() -> None:
    capped = {"  rule: ": "  caps: [{most: 5}]\n  rule: "}
    report = rehearsed(trial(capped), participants=20)
    assert report.cohort.enrolled == 5
    assert report.cohort.turned_away == {"full": 15}


# --- quiet hours and changes of the clocks -------------------------------------------------------


def test_quiet_hours_shift_what_falls_into_them() -> None:
    files = trial(
        {
            "target: P4W\n": 'target: P4W\n    at: "06:00"\n',
            "messages: {reminders: [P3D]}": "messages: {reminders: [P3D],"
            ' quiet_hours: ["21:00", "08:00"]}',
        }
    )
    report = rehearsed(files, participants=20)
    assert report.messages.quiet.shifted == {"invitation": 20}
    assert report.messages.quiet.hours == 2.0


BERLIN = {
    "timezone: Europe/Istanbul": "timezone: Europe/Berlin",
    "anchor: randomisation\n    target: P4W": "anchor: enrolment\n    target: P15D",
    "window: {before: P0D, after: P10D}": 'at: "02:30"\n    window: {before: P0D, after: P2D}',
    "reminders: [P3D]": "reminders: [P1D]",
}
"""The small trial in Berlin, w1 at half past two in the night fifteen days after enrolment."""


def clocks(start: date) -> tuple[int, int, int, tuple[str, ...]]:
    (met,) = rehearsed(trial(BERLIN), participants=20, start=start, assumed=ON_ONE_DAY).clocks
    assert (met.zone, met.people, met.windows) == ("Europe/Berlin", 20, 40)
    return met.gap, met.fold, met.changed, met.examples


def test_a_window_in_the_hour_that_is_skipped_is_told() -> None:
    # 13 March and fifteen days is 28 March 2027, on which 02:30 does not exist.
    assert clocks(date(2027, 3, 13)) == (20, 0, 20, ("w1 2027-03-28 02:30 skipped",))


def test_a_window_in_the_hour_that_comes_twice_is_told() -> None:
    # The first of the two is still summer time: the clocks have not changed by then.
    assert clocks(date(2027, 10, 16)) == (0, 20, 0, ("w1 2027-10-31 02:30 twice",))


def test_clocks_that_change_between_planning_and_opening_are_told() -> None:
    assert clocks(date(2027, 3, 20)) == (0, 0, 20, ())


def test_clocks_that_do_not_change_are_not_told() -> None:
    assert clocks(date(2027, 6, 1)) == (0, 0, 0, ())


# --- windows and waves ---------------------------------------------------------------------------

LATER = (
    "{id: p1, label: {en: P, tr: P}, anchor: programme, target: P4W, "
    "window: {before: P0D, after: P10D}, instruments: [rest]}"
)


def test_windows_that_collide_in_one_arm_are_told() -> None:
    # p1 counts from the start of the programme: in the active arm the randomisation, as w1 does.
    report = rehearsed(with_wave(LATER), participants=24)
    assert report.balance is not None
    active = report.balance.arms["active"]
    found = report.collisions
    assert (found.people, found.people_really, found.most_at_once) == (active, active, 2)
    assert [(pair.waves, pair.people) for pair in found.pairs] == [(("p1", "w1"), active)]


def test_a_wave_that_one_arm_never_has_is_told_with_its_reason() -> None:
    crossover = "    crossover: {programme: course, after: w1}\n"
    report = rehearsed(with_wave(LATER, {crossover: ""}), participants=24)
    assert [(lost.wave, lost.arm, lost.reason) for lost in report.unreached] == [
        ("p1", "waitlist", "it counts from a programme, which this arm never has")
    ]
    assert report.balance is not None
    assert outcomes(report, "p1", "waitlist") == {"not_planned": report.balance.arms["waitlist"]}


def test_each_arm_has_a_strip_of_windows() -> None:
    report = rehearsed(participants=20, assumed=ON_ONE_DAY)
    assert [(one.arm, one.wave, one.windows) for one in report.strips] == [
        (arm, wave, (window,))
        for arm in ("active", "waitlist")
        for wave, window in (("w0", (0, 14)), ("w1", (28, 38)))
    ]


# --- safety --------------------------------------------------------------------------------------


def with_rule(when: str) -> dict[str, bytes]:
    rule = f"safety: [{{id: worn, when: '{when}', show: help, alert: coordinator}}]\nmessages:"
    pages = {f"texts/help/{language}.md": b"# Help\n\nCall us.\n" for language in ("en", "tr")}
    return {**trial({"messages:": rule}), **pages}


@pytest.mark.parametrize(
    ("when", "fires"), [("rest.total >= 1", 40), ("rest.r1 >= 1", 40), ("rest.total > 5", 0)]
)
def test_safety_rules_are_evaluated_on_the_answers(when: str, fires: int) -> None:
    (rule,) = rehearsed(with_rule(when), participants=20).safety
    assert (rule.rule, rule.alert, rule.fires, rule.undecided) == ("worn", "coordinator", fires, 0)
    assert rule.by_wave == ({"w0": 20, "w1": 20} if fires else {})


def test_a_rule_that_lacks_answers_is_undecided() -> None:
    (rule,) = rehearsed(
        with_rule("rest.total >= 1"), participants=20, assumed=replace(DUTIFUL, skips=1.0)
    ).safety
    assert (rule.fires, rule.undecided) == (0, 40)


# --- the same again ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    one, again, other = (
        rehearsed(participants=30, seed=seed, assumed=Assumptions()).to_json() for seed in (3, 3, 4)
    )
    assert one == again
    assert one != other


def test_several_processes_find_the_same_as_one() -> None:
    one, two = (
        rehearsed(
            participants=30, assumed=Assumptions(), processes=processes, fewest_to_share=1
        ).to_json()
        for processes in (1, 2)
    )
    assert one == two


def test_the_scratch_database_with_its_one_session_hides_nothing() -> None:
    """Sessions that are opened anew for each thing, as the running system does, find the same."""
    one = rehearsed(participants=25, assumed=Assumptions()).to_json()
    other = rehearsed(participants=25, assumed=Assumptions(), open_database=Database).to_json()
    assert one == other


def test_the_report_is_json_that_can_be_read() -> None:
    report = rehearsed(participants=5)
    data = json.loads(report.to_json())
    assert data["longwave_rehearsal"] == 1
    assert data["messages"]["sent"] == {"consent_copy": 5, "invitation": 10}
    assert data["starts_on"] == "2027-02-01"
    assert data["assumed"]["recruitment"] == "P20W"


# --- what a rehearsal leaves alone ---------------------------------------------------------------


def test_nothing_is_left_behind_and_no_socket_is_opened(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.chdir(own_folder)
    rehearsed(participants=5)
    assert list(own_folder.iterdir()) == []


def test_nothing_is_left_behind_by_a_rehearsal_that_is_stopped(own_folder: Path) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearsed(participants=5, watch=stop)
    assert list(own_folder.iterdir()) == []


# --- what is refused -----------------------------------------------------------------------------


def test_a_protocol_with_faults_is_not_rehearsed() -> None:
    with pytest.raises(ProtocolFaults):
        rehearsed(trial({"target: P4W": "target: soon"}))


def test_nobody_is_no_cohort() -> None:
    with pytest.raises(InvalidInputError, match="too few"):
        rehearsed(participants=0)


def test_a_day_beyond_all_calendars_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="cannot start on"):
        rehearsed(start=date.max)


def test_assumptions_about_what_there_is_not_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="'west'"):
        rehearsed(assumed=replace(DUTIFUL, sites={"west": 1.0}))


# --- ways to randomise ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edits",
    [
        {"permuted_blocks": "simple", "strata: [site], ": ""},
        {"permuted_blocks": "minimisation"},
        {"permuted_blocks": "list"},
        {"strata: [site]": "cluster: site"},
    ],
    ids=["simple", "minimisation", "made-up lists", "clusters"],
)
def test_every_way_to_randomise_can_be_rehearsed(edits: dict[str, str]) -> None:
    report = rehearsed(trial(edits), participants=20)
    assert report.balance is not None
    assert sum(report.balance.arms.values()) == 20


def test_made_up_lists_are_balanced_in_each_stratum() -> None:
    report = rehearsed(trial({"permuted_blocks": "list"}), participants=31)
    assert report.balance is not None
    assert all(stratum.off <= 0.5 for stratum in report.balance.strata)


def test_the_shipped_trial_is_rehearsed_over_its_eighteen_months() -> None:
    files = resources.protocol_files(resources.protocols_directory() / "msc_burnout_rct")
    report = rehearsed(files, participants=12, assumed=Assumptions())
    assert 450 < (report.ends_on - report.starts_on).days < 560
    assert report.cohort.enrolled == 12
    assert set(report.messages.sent) == {"consent_copy", "invitation", "reminder"}
