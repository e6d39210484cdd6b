"""Safety rules in a protocol: in short and at length, and refused where they cannot work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories.broken import Broken, assert_only_fault, faults_of

from longwave.domain.protocol import read_protocol
from longwave.domain.protocol.alerting import (
    Alerting,
    Escalation,
    HelpPage,
    OutOfHours,
    SafetyRule,
    WatchHours,
)
from longwave.domain.protocol.amendment import not_amendable

SHORT = "  - {id: low_mood, when: mood.total <= 4, show: resources, alert: coordinator}\n"
LONG = """  - id: low_mood
    when: "mood.total <= 4 || mood.q5 >= 3"
    waves: [w0, w2]
    show: {page: resources, countries: {DE: resources_de}}
    alert:
      role: coordinator
      within: PT2H
      hours: {from: "08:00", to: "18:00", days: [mon, fri], zone: Europe/Berlin}
      out_of_hours: {role: owner, message: {en: Nobody looks now., tr: Şu anda kimse bakmıyor.}}
      escalate: {role: owner, after: PT4H}
"""
GERMAN = {f"texts/resources_de/{language}.md": b"0800 111 0 111\n" for language in ("en", "tr")}


def with_rule(small: dict[str, bytes], rule: str) -> dict[str, bytes]:
    text = small["protocol.yaml"].decode()
    assert SHORT in text
    return {**small, **GERMAN, "protocol.yaml": text.replace(SHORT, rule).encode()}


def test_the_short_form_names_a_page_and_a_role(small):
    (rule,) = read_protocol(small).safety
    assert rule == SafetyRule(
        "low_mood", "mood.total <= 4", HelpPage("resources"), Alerting("coordinator")
    )
    assert rule.alert.is_covered


def test_the_long_form_says_where_when_and_what_if_nobody_looks(small):
    protocol = read_protocol(with_rule(small, LONG))
    (rule,) = protocol.safety
    assert rule.show == HelpPage("resources", {"DE": "resources_de"})
    assert rule.waves == ("w0", "w2")
    assert rule.alert == Alerting(
        role="coordinator",
        within=timedelta(hours=2),
        escalate=Escalation("owner", timedelta(hours=4)),
        hours=WatchHours("08:00", "18:00", ("mon", "fri"), "Europe/Berlin"),
        out_of_hours=OutOfHours(
            "owner", {"en": "Nobody looks now.", "tr": "Şu anda kimse bakmıyor."}
        ),
    )
    assert protocol.texts["resources_de"] == dict.fromkeys(("en", "tr"), "0800 111 0 111\n")
    assert [rule.show.of(country) for country in ("DE", "TR", None)] == [
        "resources_de",
        "resources",
        "resources",
    ]
    assert [rule.holds_at(wave) for wave in ("w0", "w1", "w2")] == [True, False, True]


def test_hours_without_days_or_zone_are_every_day_in_the_zone_of_the_study(small):
    text = LONG.replace(", days: [mon, fri], zone: Europe/Berlin", "")
    (rule,) = read_protocol(with_rule(small, text)).safety
    assert rule.alert.hours.days == ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    assert rule.alert.hours.zone == "Europe/Istanbul"


def test_the_page_of_a_country_is_hashed_and_must_be_there_in_every_language(small):
    files = with_rule(small, LONG)
    other = {**files, "texts/resources_de/tr.md": b"116 123\n"}
    assert read_protocol(files).hash != read_protocol(other).hash
    del files["texts/resources_de/tr.md"]
    (fault,) = faults_of(files)
    assert (fault.field, "texts/resources_de/tr.md does not" in fault.message) == (
        "safety[0].show",
        True,
    )


def test_a_site_says_in_which_country_it_is(small):
    text = small["protocol.yaml"].decode().replace("tr: Kuzey}}", "tr: Kuzey}, country: TR}")
    sites = read_protocol({**small, "protocol.yaml": text.encode()}).sites
    assert (sites["north"].country, sites["south"].country) == ("TR", None)


def test_an_amendment_may_change_safety_rules_and_what_they_show(small):
    before = read_protocol(small)
    text = small["protocol.yaml"].decode().replace("tr: Kuzey}}", "tr: Kuzey}, country: TR}")
    after = read_protocol(with_rule({**small, "protocol.yaml": text.encode()}, LONG))
    assert not_amendable(before, after) == []


RULE = "mood.total <= 4"
ALERT = "alert: coordinator"
UNUSABLE = [
    Broken("safety[0].when", RULE, "mood.totl <= 4", "neither an item nor a scale", "mood.q1"),
    Broken("safety[0].when", RULE, "mood.totl <= 4", "Did you mean 'mood.total'", "mood.calm"),
    Broken("safety[0].when", RULE, "moood.total <= 4", "No wave of this", "mood, habits"),
    Broken("safety[0].when", RULE, "total <= 4", "undeclared", "variables"),
    Broken("safety[0].when", RULE, "mood.total <= '4'", "cannot be read", "variables"),
    Broken("safety[0].when", RULE, "habits.place == 1", "cannot be read", "quotes"),
    Broken("safety[0].when", RULE, "mood.total", "not come out as true", "variables"),
    Broken(
        "safety[0].when",
        f"{RULE}, ",
        "habits.hours > 90, waves: [w1], ",
        "No wave of w1 asks the instrument 'habits'",
        "mood",
    ),
    Broken("safety[0].waves[0]", f"{RULE}, ", f"{RULE}, waves: [w9], ", "no wave 'w9'", "w0"),
    Broken("safety[0].alert", ALERT, "alert: nobody", "'nobody'", "coordinator"),
    Broken("safety[0].alert", ALERT, "alert: analyst", "Nobody who is an analyst", "facilitator"),
    Broken("safety[0].alert", ALERT, "alert: monitor", "Nobody who is a monitor", "facilitator"),
    Broken("safety[0].show", "show: resources", "show: Help!", "cannot be an id", "letters"),
]
AT_LENGTH = [
    Broken("safety[0].show.countries.de", "DE: ", "de: ", "'de' is not the code", "DE or TR"),
    Broken(
        "safety[0].show.countries.DE", "DE: resources_de", "DE: Da!", "cannot be an id", "letters"
    ),
    Broken("safety[0].alert.within", "PT2H", "PT0M", "minutes, hours or days", "PT2H"),
    Broken("safety[0].alert.within", "PT2H", "P1M", "minutes, hours or days", "P30D"),
    Broken("safety[0].alert.within", "PT2H", "soon", "not an ISO 8601 duration", "PT12H"),
    Broken("safety[0].alert.hours.days[1]", "mon, fri", "mon, fry", "'fry' is no day", "sun"),
    Broken("safety[0].alert.hours.days", "[mon, fri]", "[]", "There is no day", "[mon, tue]"),
    Broken("safety[0].alert.hours.to", '"18:00"', '"08:00"', "end when they begin", "any hour"),
    Broken("safety[0].alert.hours.zone", "/Berlin", "/Bärlin", "not a time zone", "IANA"),
    Broken(
        "safety[0].alert.out_of_hours",
        '      hours: {from: "08:00", to: "18:00", days: [mon, fri], zone: Europe/Berlin}\n',
        "",
        "day and night",
        "Give the hours",
        "out_of_hours:",
    ),
    Broken(
        "safety[0].alert.out_of_hours",
        "{role: owner, message: {en: Nobody looks now., tr: Şu anda kimse bakmıyor.}}",
        "{}",
        "Neither a role nor a message",
        "Add one",
        "out_of_hours:",
    ),
    Broken(
        "safety[0].alert.out_of_hours.message.tr",
        ", tr: Şu anda kimse bakmıyor.",
        "",
        "language 'tr' is missing",
        "Add tr",
        "out_of_hours:",
    ),
    Broken(
        "safety[0].alert.escalate.role",
        "{role: owner, after",
        "{role: coordinator, after",
        "told already",
        "another role",
    ),
    Broken("safety[0].alert.escalate.after", ", after: PT4H", "", "is missing", "Add", "escalate:"),
]


@pytest.mark.parametrize("case", UNUSABLE, ids=lambda case: f"{case.field}-{case.new}")
def test_a_rule_that_could_not_work_is_refused(small, case):
    assert_only_fault(small, case)


@pytest.mark.parametrize("case", AT_LENGTH, ids=lambda case: f"{case.field}-{case.new}")
def test_a_fault_of_the_long_form_is_told(small, case):
    assert_only_fault(with_rule(small, LONG), case)


TOGETHER = "mood.q5 >= 3 && habits.hours > 60"


def torn(small: dict[str, bytes], when: str) -> dict[str, bytes]:
    """Ask about mood and habits at different waves, and let a rule look at both."""
    text = small["protocol.yaml"].decode().replace("[mood, habits]", "[habits]")
    return {**small, "protocol.yaml": text.replace(RULE, f'"{when}"').encode()}


def test_a_rule_over_instruments_that_are_never_asked_together_is_refused(small):
    faults = {fault.field: fault.message for fault in faults_of(torn(small, TOGETHER))}
    assert "asks mood and habits together" in faults["safety[0].when"]
    for decides_by_one in (TOGETHER.replace("&&", "||"), "mood.q5 >= 3"):
        found = faults_of(torn(small, decides_by_one))  # the analysis lacks its waves
        assert "safety[0].when" not in {fault.field for fault in found}
