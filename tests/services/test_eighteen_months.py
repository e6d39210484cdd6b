"""Eighteen months in four zones, with an outage, against a reference that is slow and obvious.

The clockwork runs over a scratch database. What it should have done is worked out here from the
protocol's words alone, by walking through the minutes of a zone's clock and the days of the
calendar.
"""

from __future__ import annotations

import calendar
import random
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from factories.diary import cohort, wave
from factories.lab import Lab
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from longwave.domain.duration import Duration
from longwave.domain.errors import LinkExpiredError
from longwave.domain.protocol.model import Repeat, Wave, Window
from longwave.domain.schedule import plan_windows, wall_clock
from longwave.services import audit
from longwave.storage.tables import Message

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OUTAGE = 3 * DAY

# For each zone a time of day that its clocks skip in one night and show twice in another, and the
# Sunday on which they go forward; all changes are on Sundays.
ZONES = {
    "Europe/Berlin": (time(2, 30), date(2027, 3, 28)),
    "America/New_York": (time(2, 30), date(2027, 3, 14)),
    "America/Santiago": (time(0, 30), date(2026, 9, 6)),
    "Asia/Kolkata": (time(2, 30), date(2027, 3, 28)),  # none of this ever happens there
}


# --- the reference -------------------------------------------------------------------------------


@cache
def at_clock(wall: datetime, zone: str) -> datetime:
    """Return when a zone's clock first shows a time; a skipped time comes as if it had not been.

    Walks minute by minute through all instants that could be meant.
    """
    local, last = ZoneInfo(zone), None
    minute = wall.replace(tzinfo=UTC) - 15 * HOUR
    for _ in range(30 * 60):
        shown = minute.astimezone(local).replace(tzinfo=None)
        if shown == wall:
            return minute
        if shown < wall:
            last = minute
        minute += MINUTE
    assert last is not None
    # The last minute before the gap, and then the time that would have passed on the clock.
    return last + (wall - last.astimezone(local).replace(tzinfo=None))


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last of that month if it has no such day."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def window(due: datetime, before: timedelta, after: timedelta, zone: str, floor: datetime):
    """Return when a window around a local time opens, is due and closes; not before ``floor``."""
    opens, due_at, closes = (at_clock(wall, zone) for wall in (due - before, due, due + after))
    return max(floor, min(opens, due_at)), max(floor, due_at), max(floor, closes, due_at)


# --- windows, for any time of day and any day of enrolment ---------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(sorted(ZONES)),
    enrolled=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    clock=st.one_of(
        st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        st.sampled_from([time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(3, 0)]),
    ),
    weekly=st.booleans(),
)
def test_windows_are_those_of_the_slow_reference(zone, enrolled, clock, weekly):
    enrolled_at = enrolled.replace(second=0, microsecond=0, tzinfo=UTC)
    first = enrolled_at.astimezone(ZoneInfo(zone)).date() + 21 * DAY
    planned = plan_windows(
        Wave(
            id="diary",
            order=0,
            label={},
            anchor="enrolment",
            target=Duration(days=21),
            window=Window(Duration(minutes=360), Duration(days=2)),
            at=f"{clock:%H:%M}",
            instruments=(),
            repeat=Repeat(Duration(days=7) if weekly else Duration(months=1), 75 if weekly else 17),
        ),
        enrolled_at,
        zone,
    )
    days = [first + 7 * n * DAY if weekly else months_later(first, n) for n in range(len(planned))]
    expected = [
        window(datetime.combine(day, clock), 6 * HOUR, 2 * DAY, zone, enrolled_at) for day in days
    ]
    assert [(w.opens_at, w.due_at, w.closes_at) for w in planned.values()] == expected
    for before, after in pairwise(planned.values()):
        assert before.closes_at <= after.opens_at


# --- the clockwork over eighteen months ----------------------------------------------------------

ENROLLED = datetime(2026, 5, 3, 12, tzinfo=UTC)  # a Sunday, in all zones
WEEKS, MONTHS = 75, 18
FIRST_MONTH = date(2026, 5, 31)


@pytest.fixture
def open_lab(tmp_path, migrated_sqlite):
    opened = []

    def make(zone, *waves):
        path = tmp_path / "longwave.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        files = cohort(*waves)
        text = files["protocol.yaml"].decode().replace("Europe/Istanbul", zone)
        lab = Lab(f"sqlite:///{path}", {**files, "protocol.yaml": text.encode()})
        lab.database.engine.dispose()
        event.listen(lab.database.engine, "connect", _without_waiting_for_the_disk)
        lab.now = ENROLLED
        opened.append(lab)
        return lab

    yield make
    for lab in opened:
        lab.close()


def _without_waiting_for_the_disk(connection, _):
    connection.execute("PRAGMA synchronous = OFF")


def waves(clock: time):
    diary = wave(
        "diary",
        "enrolment",
        "P3W",
        window="{before: PT6H, after: P2D}",
        at=f'"{clock:%H:%M}"',
        repeat=f"{{every: P1W, times: {WEEKS}}}",
        expires="{unopened: PT30H, idle: PT3H}",
    )
    monthly = wave(
        "month",
        FIRST_MONTH.isoformat(),
        "P0D",
        window="{before: P0D, after: P5D}",
        at='"09:00"',
        repeat=f"{{every: P1M, times: {MONTHS}}}",
    )
    return diary, monthly


def expected_windows(zone: str, clock: time):
    sunday = date(2026, 5, 3)
    found = {}
    for n in range(WEEKS):
        due = datetime.combine(sunday + (21 + 7 * n) * DAY, clock)
        found["diary", n + 1] = window(due, 6 * HOUR, 2 * DAY, zone, ENROLLED)
    for n in range(MONTHS):
        due = datetime.combine(months_later(FIRST_MONTH, n), time(9))
        found["month", n + 1] = window(due, 0 * HOUR, 5 * DAY, zone, ENROLLED)
    return found


def expected_end(wave_name, habit, opened, closes):
    """Return (status, reason, when) of what a tick opened, for somebody with a habit."""
    looks, saves = opened + HOUR, opened + 2 * HOUR
    if wave_name == "month":
        return "expired", "window", closes
    if habit == "complete" and looks < closes:
        return "completed", None, looks
    if habit == "begin" and saves < closes:
        status, reason, at = "partial", "idle", saves + 3 * HOUR
    elif habit != "never" and looks < closes:
        status, reason, at = "expired", "idle", looks + 3 * HOUR
    else:
        status, reason, at = "expired", "unopened", opened + 30 * HOUR
    return (status, reason, at) if at < closes else (status, "window", closes)


HABITS = ("never", "complete", "begin", "look")


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_the_clockwork_does_what_the_slow_reference_says(open_lab, zone):
    clock, forward = ZONES[zone]
    lab = open_lab(zone, *waves(clock))
    person = lab.enrol(site="north")
    lab.complete(person, "w0")
    windows = expected_windows(zone, clock)
    planned = {each: row for each, row in lab.occasions(person).items() if each[0] != "w0"}
    assert {
        each: (row.opens_at, row.due_at, row.closes_at) for each, row in planned.items()
    } == windows

    skipped = {
        due.date()
        for row in planned.values()
        if wall_clock(row.due_at, zone) != (due := datetime.fromisoformat(row.due_wall))
    }
    assert (forward in skipped) == (zone != "Asia/Kolkata")

    # Ticks come some time after there is something to do, but not while the server is down.
    chance = random.Random(zone)
    down = at_clock(datetime.combine(forward - DAY, time(12)), zone)
    up = down + OUTAGE
    moments = {at + chance.randrange(200) * MINUTE for found in windows.values() for at in found}
    ticks = sorted({at for at in moments if not down <= at < up} | {up, max(moments) + 3 * DAY})
    opened = {
        each: tick
        for each, (opens, _, closes) in windows.items()
        if (tick := next(at for at in ticks if at >= opens)) < closes
    }
    assert {each for each, (opens, _, closes) in windows.items() if down <= opens and closes < up}
    run(lab, person, ticks, opened)

    rows = lab.occasions(person)
    for (name, number), (_, _, closes) in windows.items():
        row = rows[name, number]
        tick = opened.get((name, number))
        if tick is None:
            end = ("expired", "missed", closes)
        else:
            end = expected_end(name, HABITS[number % 4], tick, closes)
        assert (row.status, row.closing_reason, row.closed_at) == end, (name, number)
        assert row.invited_at == tick
    invited = [row.step.split(":")[0] for row in lab.rows(Message) if row.kind == "invitation"]
    assert sorted(invited) == sorted(["w0", *(name for name, _ in opened)])
    assert lab.participant(person).follow_up == "completed"
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []


def run(lab, person, ticks, opened):
    """Let the clockwork tick, and the participant act an hour or two after something opened."""
    due = [(at, lab.clockwork.tick, ()) for at in ticks]
    for (name, number), at in opened.items():
        habit = HABITS[number % 4]
        if name == "month" or habit == "never":
            continue
        first = lab.complete if habit == "complete" else lab.begin
        due.append((at + HOUR, first, (name, number)))
        if habit == "begin":
            due.append((at + 2 * HOUR, lab.fill, (name, number)))
    for at, act, occasion in sorted(due, key=lambda each: each[0]):
        lab.now = at
        if not occasion:
            act()
        elif at < lab.assessment(person, *occasion).closes_at:
            act(person, occasion[0], occurrence=occasion[1])
        else:
            with pytest.raises(LinkExpiredError):
                act(person, occasion[0], occurrence=occasion[1])


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_random_times_keep_their_distance_in_the_night_of_a_change(open_lab, zone):
    _, forward = ZONES[zone]
    prompts = wave(
        "burst",
        (forward - DAY).isoformat(),
        "P0D",
        sampling=(
            '{days: 3, per_day: 8, between: ["00:00", "23:00"], apart: PT60M, expires: PT45M}'
        ),
    )
    lab = open_lab(zone, prompts)
    people = [lab.enrol(site="north") for _ in range(5)]
    for person in people:
        rows = [row for (name, _), row in lab.occasions(person).items() if name == "burst"]
        assert len(rows) == 24
        for row in rows:
            assert row.closes_at - row.opens_at == 45 * MINUTE
            assert row.opens_at == at_clock(datetime.fromisoformat(row.due_wall), zone)
        assert all(after.opens_at - before.opens_at >= HOUR for before, after in pairwise(rows))
        days = [datetime.fromisoformat(row.due_wall).date() for row in rows]
        for n in range(3):
            assert days.count(forward + (n - 1) * DAY) in (7, 8, 9)  # one may wait past midnight
