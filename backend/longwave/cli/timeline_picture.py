"""A participant's course as SVG: one row for each arm, on one scale of days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby

from longwave.domain.protocol import Protocol
from longwave.domain.schedule import Occasion, Period, Timeline, study_day

_WIDTH = 960
_MARGIN = 24
_LETTER = 7.2
_LINE = 16
_BAR = 14
_DOT = 2.5
_TOP = 40.0
_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_MOST_TICKS = 14
_STYLE = """
  svg { font: 12px system-ui, sans-serif; }
  .page { fill: #ffffff; } text { fill: #1d2730; stroke: #ffffff; } .quiet { fill: #51606d; }
  text { stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
  .arm { font-weight: 600; font-size: 13px; } .title { font-weight: 600; font-size: 15px; }
  .window { fill: #2b6cb0; } .band { fill: #2b6cb0; fill-opacity: .3; }
  .due { stroke: #ffffff; stroke-width: 1.5; } .dot { fill: #b7791f; }
  .programme { fill: #2f855a; } .rule { stroke: #51606d; stroke-dasharray: 3 3; }
  .axis { stroke: #51606d; } .grid { stroke: #51606d; stroke-opacity: .2; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #14191f; } text { fill: #e8edf2; stroke: #14191f; } .quiet { fill: #a9b6c2; }
    .window, .band { fill: #63a4e8; } .due { stroke: #14191f; } .dot { fill: #f0b849; }
    .programme { fill: #5fc08c; } .rule, .axis, .grid { stroke: #a9b6c2; }
  }
""".strip("\n")


@dataclass(frozen=True, slots=True)
class _Scale:
    """From instants to places: day 0 is the enrolment."""

    start: datetime
    days: float

    def at(self, moment: datetime) -> float:
        day = (moment - self.start).total_seconds() / 86_400
        share = min(max(day / self.days, 0.0), 1.0)
        return round(_MARGIN + share * (_WIDTH - 2 * _MARGIN), 1)


@dataclass(frozen=True, slots=True)
class _Span:
    """A bar: one occurrence of a wave, a band of a repeated one, or a programme."""

    label: str
    occasions: tuple[Occasion, ...]
    opens: datetime
    closes: datetime


def picture(protocol: Protocol, timelines: Sequence[Timeline]) -> str:
    """Draw the courses of one participant, one row for each arm.

    Bars are windows, with a stroke where a wave is due; dots below are reminders. A repeated wave
    is one band with a bar for each occurrence. The text alternative tells the same in words.
    """
    start = timelines[0].enrolled_at
    last = max(_last(found) for found in timelines)
    scale = _Scale(start, max((last - start).total_seconds() / 86_400, 1.0))
    body: list[str] = []
    y = _TOP
    for found in timelines:
        row, y = _row(found, scale, y)
        body += row
    axis, height = _axis(scale, y)
    title = protocol.study.slug
    told = " ".join(_told(found) for found in timelines)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">Timeline of {escape(title)}</title>',
        f'<desc id="desc">{escape(told)}</desc>',
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="{_MARGIN}" y="24">{escape(title)}</text>',
        *axis,
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _last(found: Timeline) -> datetime:
    moments = [found.enrolled_at]
    moments += [occasion.window.closes_at for occasion in found.occasions]
    moments += [period.ends_at or period.starts_at for period in found.periods]
    return max(moments)


def _spans(found: Timeline) -> list[_Span]:
    order = sorted(found.occasions, key=lambda one: one.wave)
    spans = []
    for wave, group in groupby(order, key=lambda one: one.wave):
        occasions = tuple(group)
        many = f" × {len(occasions)}" if occasions[0].of > 1 else ""
        opens = min(one.window.opens_at for one in occasions)
        closes = max(one.window.closes_at for one in occasions)
        spans.append(_Span(f"{wave}{many}", occasions, opens, closes))
    return sorted(spans, key=lambda span: (span.opens, span.label))


def _events(found: Timeline) -> list[tuple[datetime, str]]:
    events = [
        (found.enrolled_at, "enrolment"),
        (found.randomised_at, "randomisation"),
        (found.crossover_at, "crossover"),
    ]
    told: dict[datetime, list[str]] = {}
    for at, name in events:
        if at is not None:
            told.setdefault(at, []).append(name)
    return [(at, ", ".join(names)) for at, names in told.items()]


def _row(found: Timeline, scale: _Scale, y: float) -> tuple[list[str], float]:
    """Draw an arm from ``y`` on; return the drawing, and where the next one begins."""
    parts = [f'<text class="arm" x="{_MARGIN}" y="{y + 14}">{escape(found.arm or "")}</text>']
    y += _LINE + 6
    top = y
    labels, y = _labels([(scale.at(at), name) for at, name in _events(found)], y, "quiet")
    spans = _spans(found)
    parts += labels
    labels, y = _labels([(_middle(scale, span), span.label) for span in spans], y, "")
    parts += labels
    lanes = _lanes([(scale.at(span.opens), scale.at(span.closes)) for span in spans])
    for span, lane in zip(spans, lanes, strict=True):
        parts += _bar(span, scale, y + lane * (_BAR + 10))
    y += (max(lanes, default=0) + 1) * (_BAR + 10) + 2
    for period in found.periods:
        parts += _programme(period, scale, y)
        y += _BAR + 4 + _LINE
    rules = [
        f'<line class="rule" x1="{x}" x2="{x}" y1="{top + 2}" y2="{y}"/>'
        for x in (scale.at(at) for at, _ in _events(found))
    ]
    return rules + parts, y + 18


def _middle(scale: _Scale, span: _Span) -> float:
    return (scale.at(span.opens) + scale.at(span.closes)) / 2


def _labels(wanted: Sequence[tuple[float, str]], y: float, css: str) -> tuple[list[str], float]:
    """Write texts around places, on as many lines as keep them apart; return where they end."""
    ends: list[float] = []
    parts: list[str] = []
    for place, text in sorted(wanted):
        width = len(text) * _LETTER
        left = min(max(place - width / 2, _MARGIN), _WIDTH - _MARGIN - width)
        level = next((n for n, end in enumerate(ends) if end + 8 <= left), len(ends))
        ends[level : level + 1] = [left + width]
        centre = round(left + width / 2, 1)
        attribute = f' class="{css}"' if css else ""
        parts.append(
            f'<text{attribute} x="{centre}" y="{y + 12 + level * _LINE}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )
    return parts, y + len(ends) * _LINE + 4


def _lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each span, in order of beginning, a lane in which nothing else is then."""
    ends: list[float] = []
    lanes = []
    for begin, end in spans:
        lane = next((n for n, before in enumerate(ends) if before <= begin + 0.5), len(ends))
        ends[lane : lane + 1] = [end]
        lanes.append(lane)
    return lanes


def _bar(span: _Span, scale: _Scale, y: float) -> Iterator[str]:
    many = len(span.occasions) > 1
    if many:
        yield _rectangle("band", scale.at(span.opens), scale.at(span.closes), y)
    for one in span.occasions:
        window = one.window
        left, right = scale.at(window.opens_at), scale.at(window.closes_at)
        yield _rectangle("window", left, right, y)
        if right - left >= 4 and not many:
            x = scale.at(window.due_at)
            yield f'<line class="due" x1="{x}" x2="{x}" y1="{y}" y2="{y + _BAR}"/>'
        for at in one.reminders:
            yield f'<circle class="dot" cx="{scale.at(at)}" cy="{y + _BAR + 5}" r="{_DOT}"/>'


def _rectangle(css: str, left: float, right: float, y: float) -> str:
    width = round(max(right - left, 1.0), 1)
    return f'<rect class="{css}" x="{left}" y="{y}" width="{width}" height="{_BAR}" rx="2"/>'


def _programme(period: Period, scale: _Scale, y: float) -> list[str]:
    left = scale.at(period.starts_at)
    right = _WIDTH - _MARGIN if period.ends_at is None else scale.at(period.ends_at)
    name = period.programme
    if period.sessions:
        name = f"{name}, {len(period.sessions)} sessions"
    labels, _ = _labels([((left + right) / 2, name)], y + _BAR, "quiet")
    return [_rectangle("programme", left, right, y), *labels]


def _axis(scale: _Scale, y: float) -> tuple[list[str], float]:
    step = next((n for n in _STEPS if scale.days / n <= _MOST_TICKS), _STEPS[-1])
    while scale.days / step > _MOST_TICKS:
        step *= 2
    unit, size = ("week", 7) if step % 7 == 0 else ("day", 1)
    parts = [f'<line class="axis" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}"/>']
    for day in range(0, int(scale.days) + 1, step):
        x = round(_MARGIN + day / scale.days * (_WIDTH - 2 * _MARGIN), 1)
        text = f"{unit} 0" if day == 0 else str(day // size)
        anchor = "start" if day == 0 else "middle"
        parts += [
            f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{y}"/>',
            f'<text class="quiet" x="{x}" y="{y + 18}" text-anchor="{anchor}">{text}</text>',
        ]
    return parts, y + 30


def _told(found: Timeline) -> str:
    """Tell a row in words, by study days."""

    def day(at: datetime) -> int:
        return study_day(at, found.enrolled_at, found.zone)

    told = [f"{name} on day {day(at)}" for at, name in _events(found)]
    told += [
        f"wave {span.label} open from day {day(span.opens)} to day {day(span.closes)}"
        for span in _spans(found)
    ]
    for period in found.periods:
        until = "" if period.ends_at is None else f" to day {day(period.ends_at)}"
        told.append(f"programme {period.programme} from day {day(period.starts_at)}{until}")
    who = "Course" if found.arm is None else f"Arm {found.arm}"
    return f"{who}: {'; '.join(told)}."
