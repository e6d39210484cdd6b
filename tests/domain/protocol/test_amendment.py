"""What differs between two versions of a protocol, named by where it stands."""

from __future__ import annotations

from dataclasses import replace

from factories.study import make_protocol

from longwave.domain.protocol.amendment import (
    changes_consent_silently,
    differences,
    not_amendable,
)

PROTOCOL = make_protocol()


def test_a_protocol_does_not_differ_from_itself():
    assert differences(PROTOCOL, make_protocol()) == []


def test_each_difference_is_named_by_its_place():
    calm = PROTOCOL.instruments["calm"]
    item = replace(calm.items[1], text={**calm.items[1].text, "en": "Other words"})
    other = replace(
        PROTOCOL,
        study=replace(PROTOCOL.study, target_n=41, summary={"en": "New"}),
        arms={"active": PROTOCOL.arms["active"]},
        instruments={
            **PROTOCOL.instruments,
            "calm": replace(calm, items=(calm.items[0], item, *calm.items[2:])),
        },
    )
    found = differences(PROTOCOL, other)
    assert set(found) == {
        "study.target_n",
        "study.summary.en",
        "arms.waitlist",
        "instruments.calm.items[1].text.en",
    }
    assert set(not_amendable(PROTOCOL, other)) == {"study.target_n", "arms.waitlist"}


def test_a_longer_list_differs_as_a_whole():
    items = PROTOCOL.instruments["calm"].items
    shorter = replace(PROTOCOL.instruments["calm"], items=items[:-1])
    other = replace(PROTOCOL, instruments={**PROTOCOL.instruments, "calm": shorter})
    assert differences(PROTOCOL, other) == ["instruments.calm.items"]


def test_waves_are_compared_by_their_ids():
    first, second, third = PROTOCOL.waves
    assert differences(PROTOCOL, replace(PROTOCOL, waves=(first, second))) == ["waves[2]"]
    more = (first, replace(third, order=1), replace(second, order=2))
    assert differences(PROTOCOL, replace(PROTOCOL, waves=more)) == ["waves"]
    between = replace(first, id="w9", order=1)
    more = (first, between, replace(second, order=2), replace(third, order=3))
    assert differences(PROTOCOL, replace(PROTOCOL, waves=more)) == ["waves.w9"]
    assert not_amendable(PROTOCOL, replace(PROTOCOL, waves=more)) == []


def test_the_hash_is_no_difference_of_its_own():
    assert differences(PROTOCOL, replace(PROTOCOL, hash="0" * 64)) == []


def test_a_document_that_changes_under_its_old_version_is_noticed():
    consent = PROTOCOL.consent
    silently = replace(PROTOCOL, consent=replace(consent, documents={"en": "Another"}))
    openly = replace(PROTOCOL, consent=replace(consent, documents={"en": "Another"}, version="2.0"))
    assert changes_consent_silently(PROTOCOL, silently)
    assert not changes_consent_silently(PROTOCOL, openly)
    assert not changes_consent_silently(PROTOCOL, PROTOCOL)


def test_facts_that_nobody_is_asked_or_scored_by_may_be_amended():
    calm = PROTOCOL.instruments["calm"]
    (total, *rest) = calm.scales

    def amended(**changes):
        other = {**PROTOCOL.instruments, "calm": replace(calm, **changes)}
        return not_amendable(PROTOCOL, replace(PROTOCOL, instruments=other))

    told = {"licence": "Ask.", "direction": "rising", "cut_offs": (), "verified": {"key": False}}
    assert amended(**told, scales=(replace(total, higher="more"), *rest)) == []
    assert amended(version="2") == ["instruments.calm.version"]
    assert amended(scales=(replace(total, multiplier=2.0), *rest)) == [
        "instruments.calm.scales[0].multiplier"
    ]
