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


OF_PROGRAMMES = {
    "meets another one": (True, [wave("w2", "programme", "P40D", "P3D", "P9D")]),
    "meets one that hangs on it": (
        True,
        [
            wave("w2", "programme", "P70D", "P1D", "P2D"),
            wave("w3", "wave:w1", "P30D", "P2D", "P5D"),
        ],
    ),
    "apart": (False, [wave("w2", "programme", "P60D", "P3D", "P9D")]),
    "not compared with others": (False, [wave("w2", "randomisation", "P28D", "P3D", "P10D")]),
}


def without_contrasts(files: dict[str, bytes]) -> dict[str, bytes]:
    """Take out what needs waves that arms share."""
    text = files["protocol.yaml"].decode().replace("after: w2}", "at: P26W}")
    return files | {"protocol.yaml": text[: text.index("analysis:\n")].encode()}


@pytest.mark.parametrize(("overlaps", "others"), OF_PROGRAMMES.values(), ids=OF_PROGRAMMES)
def test_waves_of_a_programme_are_compared_among_themselves(
    small: dict[str, bytes], overlaps: bool, others: list[str]
) -> None:
    first = wave("w1", "programme", "P28D", "P3D", "P20D")
    files = with_waves(without_contrasts(small), W0, first, *others)
    if not overlaps:
        assert read_protocol(files).waves[1].anchor == "programme"
        return
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(files)
    (fault,) = caught.value.faults
    assert fault.field == f"waves[{1 + len(others)}].window"
    assert "can overlap" in fault.message


def test_nothing_that_contrasts_arms_may_use_a_wave_of_a_programme(
    small: dict[str, bytes],
) -> None:
    text = small["protocol.yaml"].decode()
    text = text.replace("anchor: randomisation", "anchor: programme")
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(small | {"protocol.yaml": text.encode()})
    faults = {fault.field: fault for fault in caught.value.faults}
    assert list(faults) == [
        "arms.later.crossover.after",
        "analysis[0].waves[1]",
        "analysis[0].waves[2]",
        "analysis[1].estimand.wave",
    ]
    assert "'w2' counts from a programme" in faults["arms.later.crossover.after"].message
    for place in list(faults)[1:]:
        assert "timed alike" in faults[place].message
        assert "enrolment or randomisation" in faults[place].remedy


def test_waves_of_a_programme_may_be_analysed_where_arms_are_pooled(
    small: dict[str, bytes],
) -> None:
    text = small["protocol.yaml"].decode()
    start, end = text.index("  - id: primary"), len(text)
    text = text[:start] + text[end:]
    text = text.replace("    group: arm\n", "").replace("after: w2}", "at: P26W}")
    text = text.replace("anchor: randomisation", "anchor: programme")
    assert read_protocol(small | {"protocol.yaml": text.encode()}).waves[1].anchor == "programme"


def test_randomisation_cannot_wait_for_a_wave_of_a_programme(small: dict[str, bytes]) -> None:
    text = without_contrasts(small)["protocol.yaml"].decode()
    text = text.replace("anchor: randomisation", "anchor: programme")
    text = text.replace("\n  after: w0", "\n  after: w1")
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(small | {"protocol.yaml": text.encode()})
    (fault,) = caught.value.faults
    assert fault.field == "randomisation.after"
    assert "none starts before the randomisation" in fault.message
    assert "counts from enrolment" in fault.remedy


def test_a_wave_of_a_programme_comes_after_what_leads_to_the_randomisation(
    small: dict[str, bytes],
) -> None:
    early = wave("w1", "programme", "P40D", "P3D", "P9D")
    files = with_waves(without_contrasts(small), early, W0)
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(files)
    (fault,) = caught.value.faults
    assert fault.field == "waves[0].anchor"
    assert "move it below 'w0'" in fault.remedy


def test_a_wave_cannot_count_from_a_programme_that_no_arm_has(small: dict[str, bytes]) -> None:
    text = without_contrasts(small)["protocol.yaml"].decode()
    text = text.replace("anchor: randomisation", "anchor: programme")
    text = text.replace(", programme: course}", "}", 1)
    text = text.replace("\n    crossover: {programme: course, at: P26W}", "")
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(small | {"protocol.yaml": text.encode()})
    (fault,) = caught.value.faults
    assert fault.field == "waves[1].anchor"
    assert "no arm has one" in fault.message
    assert "Give an arm a programme" in fault.remedy


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
