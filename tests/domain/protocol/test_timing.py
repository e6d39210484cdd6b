"""Windows of one participant never overlap: computed along the anchors, on nominal days."""

from __future__ import annotations

import pytest

from longwave.domain.protocol import ProtocolFaults, read_protocol


def wave(name: str, anchor: str, target: str, before: str, after: str, at: str = "") -> str:
    clock = f', at: "{at}"' if at else ""
    return (
        f"  - {{id: {name}, label: {{en: {name}, tr: {name}}}, anchor: {anchor}, target: {target}, "
        f"window: {{before: {before}, after: {after}}}, instruments: [mood]{clock}}}\n"
    )


def with_waves(files: dict[str, bytes], *waves: str) -> dict[str, bytes]:
    text = files["protocol.yaml"].decode()
    head, _, rest = text.partition("waves:\n")
    _, _, tail = rest.partition("programmes:\n")
    body = tail.replace("[P3D, P7D]", "[P1D]")
    return files | {"protocol.yaml": f"{head}waves:\n{''.join(waves)}programmes:\n{body}".encode()}


W0 = wave("w0", "enrolment", "P0D", "P0D", "P14D")

OVERLAPPING = {
    "same anchor": (
        W0,
        wave("w1", "randomisation", "P28D", "P3D", "P20D"),
        wave("w2", "randomisation", "P50D", "P3D", "P9D"),
    ),
    "order of the list does not matter": (
        W0,
        wave("w1", "randomisation", "P50D", "P3D", "P9D"),
        wave("w2", "randomisation", "P28D", "P3D", "P20D"),
    ),
    "one within the other": (
        W0,
        wave("w1", "randomisation", "P28D", "P20D", "P50D"),
        wave("w2", "randomisation", "P30D", "P1D", "P2D"),
    ),
    "an early randomisation meets a wave that counts from enrolment": (
        W0,
        wave("w1", "randomisation", "P4W", "P3D", "P10D"),
        wave("w2", "enrolment", "P30D", "P3D", "P9D"),
    ),
    "after different waves": (
        W0,
        wave("w1", "wave:w0", "P10D", "P2D", "P20D"),
        wave("w2", "enrolment", "P40D", "P2D", "P9D"),
    ),
    "times of day on the same day": (
        W0,
        wave("w1", "randomisation", "P28D", "P3D", "P10D", "18:00"),
        wave("w2", "randomisation", "P48D", "P10D", "P9D", "09:00"),
    ),
    "a time of day against the anchor's own": (
        W0,
        wave("w1", "randomisation", "P28D", "P3D", "P10D"),
        wave("w2", "randomisation", "P48D", "P10D", "P9D", "09:00"),
    ),
}

APART = {
    "one ends where the other begins": (
        W0,
        wave("w1", "randomisation", "P28D", "P3D", "P10D"),
        wave("w2", "randomisation", "P48D", "P10D", "P9D"),
    ),
    "at the same time of day": (
        W0,
        wave("w1", "randomisation", "P28D", "P3D", "P10D", "09:00"),
        wave("w2", "randomisation", "P48D", "P10D", "P9D", "09:00"),
    ),
    "a chain of waves, each after the end of the one before": (
        W0,
        wave("w1", "wave:w0", "P1D", "P1D", "P20D"),
        wave("w2", "wave:w1", "P1D", "P1D", "P20D"),
    ),
    "far apart, from different anchors": (
        W0,
        wave("w1", "randomisation", "P4W", "P3D", "P10D"),
        wave("w2", "enrolment", "P60D", "P3D", "P9D"),
    ),
}


@pytest.mark.parametrize("waves", OVERLAPPING.values(), ids=OVERLAPPING)
def test_overlapping_windows_are_a_fault(small: dict[str, bytes], waves: tuple[str, ...]) -> None:
    files = with_waves(small, *waves)
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(files)
    (fault,) = caught.value.faults
    assert fault.field == "waves[2].window"
    assert "'w1' and 'w2' can overlap" in fault.message
    assert "window.before of 'w2' or window.after of 'w1'" in fault.remedy
    assert "id: w2" in files["protocol.yaml"].decode().splitlines()[fault.line - 1]


@pytest.mark.parametrize("waves", APART.values(), ids=APART)
def test_windows_that_cannot_overlap_are_none(
    small: dict[str, bytes], waves: tuple[str, ...]
) -> None:
    assert [wave.id for wave in read_protocol(with_waves(small, *waves)).waves][-1] == "w2"


def test_a_wave_may_not_hang_on_a_later_one(small: dict[str, bytes]) -> None:
    later = with_waves(
        small,
        W0,
        wave("w1", "wave:w2", "P1D", "P0D", "P3D"),
        wave("w2", "enrolment", "P60D", "P3D", "P9D"),
    )
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(later)
    assert [fault.field for fault in caught.value.faults] == ["waves[1].anchor"]
    assert "'w1' hangs on 'w2', which comes later" in caught.value.faults[0].message
    assert "move it below 'w2'" in caught.value.faults[0].remedy


def test_a_wave_may_not_count_from_a_randomisation_that_nobody_has(
    small: dict[str, bytes],
) -> None:
    text = small["protocol.yaml"].decode()
    start, end = text.index("randomisation:\n"), text.index("waves:\n")
    text = (text[:start] + text[end:]).replace("kind: randomised", "kind: cohort")
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(small | {"protocol.yaml": text.encode()})
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["waves[1].anchor", "analysis[0].group", "analysis[1]"]
    assert "nobody is randomised" in caught.value.faults[0].message


def test_a_randomised_study_needs_its_randomisation(small: dict[str, bytes]) -> None:
    text = small["protocol.yaml"].decode()
    start, end = text.index("randomisation:\n"), text.index("waves:\n")
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(small | {"protocol.yaml": (text[:start] + text[end:]).encode()})
    (fault,) = caught.value.faults
    assert fault.field == "randomisation"
    assert "kind: cohort" in fault.remedy
