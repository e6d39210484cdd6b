"""What can be wrong about the study and its participants, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault, faults_of

STUDY = [
    Broken("longwave", "longwave: 1\n", "longwave: 2\n", "version", "longwave: 1"),
    Broken("longwave", "longwave: 1\n", "longwave: true\n", "version", "longwave: 1"),
    Broken("stuff", "study:\n", "stuff: 1\nstudy:\n", "no field 'stuff'", "Remove it", "stuff"),
    Broken(
        "study.slugg",
        "slug:",
        "slug: small\n  slugg:",
        "Did you mean 'slug'?",
        "Remove it",
        "slugg",
    ),
    Broken("study.slug", "slug: small-study", "slug: Small Study", "web address", "lower-case"),
    Broken("study.slug", "slug: small-study", "slug: 12", "without quotes", 'quotes: "12"'),
    Broken("study.slug", "slug: small-study", "slug:", "is empty", "Add 'slug'"),
    Broken("study.slug", "slug: small-study", "slug: '  '", "blank", "Write the text"),
    Broken("study.slug", "slug: small-study", "slug: [a]", "Text is expected", "one text"),
    Broken(
        "study.contact",
        "  contact: team@example.org\n",
        "",
        "is missing",
        "Add 'contact'",
        "study:",
    ),
    Broken(
        "study.kind",
        "kind: randomised",
        "kind: randomized",
        "Did you mean 'randomised'",
        "or cohort",
    ),
    Broken("study.timezone", "Europe/Istanbul", "Europe/Istambul", "Europe/Istanbul", "IANA"),
    Broken("study.timezone", "Europe/Istanbul", "../../etc/passwd", "not a time zone", "IANA"),
    Broken("study.target_n", "target_n: 40", "target_n: 0", "whole number from 1", "digits"),
    Broken("study.target_n", "target_n: 40", "target_n: 40.5", "whole number from 1", "digits"),
    Broken(
        "study.target_n", "target_n: 40", 'target_n: "40"', "whole number from 1", "without quotes"
    ),
    Broken("study.target_n", "target_n: 40", "target_n: true", "whole number from 1", "digits"),
    Broken(
        "study.title.tr",
        ", tr: Küçük bir çalışma",
        "",
        "language 'tr' is missing",
        "Add tr",
        "title",
    ),
    Broken(
        "study.title.de",
        "title: {",
        "title: {de: Klein, ",
        "'de' is not a language",
        "study.languages",
    ),
    Broken(
        "study.title",
        "title: {en: A small study, tr: Küçük bir çalışma}",
        "title: Small",
        "by language",
        "{en: ..., tr: ...}",
    ),
    Broken(
        "study.languages[2]",
        "languages: [en, tr]",
        "languages: [en, tr, Turkish!]",
        "language code",
        "ISO 639",
    ),
    Broken(
        "study.languages[2]",
        "languages: [en, tr]",
        "languages: [en, tr, en]",
        "twice",
        "Remove one",
    ),
    Broken("sites.North", "north:", "North:", "cannot be an id", "lower-case"),
    Broken(
        "sites",
        "sites:\n  north: {label: {en: North, tr: Kuzey}}\n  south: {label: {en: South, "
        "tr: Güney}}",
        "sites: {}",
        "no site",
        "at least one place",
    ),
    Broken(
        "sites.north",
        "north: {label: {en: North, tr: Kuzey}}",
        "north: Ankara",
        "block of fields",
        "label",
    ),
    Broken(
        "data_protection.erasure",
        "  erasure: On request.\n",
        "",
        "missing",
        "Add",
        "data_protection",
    ),
    Broken(
        "data_protection.erasure.tr",
        "erasure: On request.",
        "erasure: {en: On request.}",
        "missing",
        "tr",
    ),
    Broken(
        "data_protection.recipients.tr",
        "recipients: []",
        "recipients: {en: [The team]}",
        "missing",
        "for each language",
    ),
    Broken(
        "data_protection.recipients.xx",
        "recipients: []",
        "recipients: {en: [The team], tr: [Ekip], xx: [Who]}",
        "not a language of this study",
        "for each language",
    ),
    Broken(
        "data_protection.controller",
        "controller: The laboratory",
        "controller: ''",
        "blank",
        "Write",
    ),
    Broken(
        "data_protection.retention",
        "  retention: {contact: P6M, answers: P10Y}\n",
        "",
        "missing",
        "Add 'retention'",
        "data_protection",
    ),
    Broken(
        "data_protection.retention.contact", "contact: P6M", "contact: 6 months", "ISO 8601", "P6M"
    ),
    Broken("data_protection.retention.contact", "contact: P6M", "contact: P0D", "zero", "P10Y"),
    Broken(
        "data_protection.retention.answers", "answers: P10Y", "answers: P999Y", "century", "shorter"
    ),
]

PEOPLE = [
    Broken("eligibility.items[2].id", "- id: shift", "- id: licensed", "used twice", "of its own"),
    Broken("eligibility.items[0].id", "- id: age", "- id: site", "enrols", "another id"),
    Broken(
        "eligibility.items[0].kind", "kind: number", "kind: numbr", "'number'", "likert, choice or"
    ),
    Broken(
        "eligibility.items[1].kind",
        "      kind: choice\n      text: {en: Licensed",
        "      text: {en: Licensed",
        "missing",
        "Add 'kind'",
        "- id: licensed",
    ),
    Broken(
        "eligibility.items[0].options",
        "maximum: 120",
        "options: [{value: a, label: {en: a, tr: a}}]",
        "no options",
        "kind: choice",
    ),
    Broken(
        "eligibility.items[0].maximum",
        "maximum: 120",
        "maximum: -1",
        "above the minimum",
        "correct",
    ),
    Broken(
        "eligibility.items[0].minimum",
        "minimum: 0",
        "minimum: zero",
        "number is expected",
        "digits",
    ),
    Broken(
        "eligibility.items[2].options",
        "options: [{value: day, label: {en: Day, tr: Gündüz}}, {value: night, label: {en: Night, "
        "tr: Gece}}]",
        "options: [{value: day, label: {en: Day, tr: Gündüz}}]",
        "two options",
        "value",
    ),
    Broken(
        "eligibility.items[2].options[1].value", "value: night", "value: day", "twice", "differ"
    ),
    Broken(
        "eligibility.items[2].required",
        "required: false\n      options",
        "required: no\n      options",
        "true or false",
        "without quotes",
        "required: no",
    ),
    Broken("eligibility.rule", "age >= 18 &&", "age >= &&", "Syntax error", "age, licensed, shift"),
    Broken("eligibility.rule", "age >= 18", "agge >= 18", "undeclared reference to 'agge'", "age,"),
    Broken("eligibility.rule", "age >= 18", "age >= '18'", "(number, string)", "numbers without"),
    Broken(
        "eligibility.rule",
        "\"age >= 18 && licensed == 'yes'\"",
        "age",
        "true or false",
        "variables",
    ),
    Broken("eligibility.rule", "== 'yes'", "== 'Yes'", "not an answer to 'licensed'", "yes or no"),
    Broken(
        "eligibility.rule",
        "\"age >= 18 && licensed == 'yes'\"",
        '"' + "[1,2,3,4,5,6,7,8,9,10].all(a," * 5 + " true" + ")" * 5 + '"',
        "too many steps",
        "loops",
    ),
    Broken(
        "eligibility.rule",
        "\"age >= 18 && licensed == 'yes'\"",
        "(" * 40 + "true" + ")" * 40,
        "cannot be read",
        "variables",
    ),
    Broken(
        "consent.version",
        'version: "1.0"\n  document',
        "version: 1.0\n  document",
        "without quotes, 1.0",
        'quotes: "1.0"',
        "version: 1.0",
    ),
    Broken(
        "consent.document", "consent/{language}.md", "consent.md", "for each language", "{language}"
    ),
    Broken(
        "consent.document", "consent/{language}.md", "../{language}.md", "this folder", "{language}"
    ),
    Broken(
        "consent.document", "consent/{language}.md", "/etc/{language}.md", "folder", "{language}"
    ),
    Broken(
        "consent.statements",
        "- {id: informed, label",
        "- {id: informed, required: false, label",
        "No statement is required",
        "required: true",
        "statements:",
    ),
    Broken(
        "consent.statements[1].id",
        "id: later, req",
        "id: informed, req",
        "used twice",
        "of its own",
    ),
    Broken(
        "consent.statements",
        "  statements:\n    - {id: informed, label: {en: I have read it., tr: "
        "Okudum.}}\n    - {id: later, required: false, label: {en: Write to me., tr: Bana yazın.}}",
        "  statements: all",
        "list is expected",
        "[first",
    ),
]

CRITERIA = "eligibility.criteria"
CAPS = "eligibility.caps"

TERMS = [
    Broken(
        f"{CRITERIA}[0].rule", "rule: age < 70", "rule: agge < 70", "'agge'", "age, licensed, shift"
    ),
    Broken(f"{CRITERIA}[0].rule", "rule: age < 70", "rule: age", "true or false", "variables"),
    Broken(
        f"{CRITERIA}[1].rule", "!= 'night'", "!= 'nights'", "Did you mean 'night'", "day or night"
    ),
    Broken(f"{CRITERIA}[1].id", "id: day_shift", "id: working_age", "used twice", "of its own"),
    Broken(f"{CRITERIA}[0].id", "id: working_age", "id: full", "another reason", "rule or full"),
    Broken(f"{CRITERIA}[0].id", "id: working_age", "id: rule", "another reason", "rule or full"),
    Broken(
        f"{CRITERIA}[0].label.tr",
        "label: {en: Of working age, tr: Çalışma yaşında}",
        "label: {en: Of working age}",
        "language 'tr' is missing",
        "Add tr",
    ),
    Broken(
        "eligibility.rule",
        """  rule: "age >= 18 && licensed == 'yes'"
  criteria:
    - {id: working_age, label: {en: Of working age, tr: Çalışma yaşında}, rule: age < 70}
    - {id: day_shift, label: {en: Days, tr: Gündüz}, rule: "shift != 'night'"}
""",
        "",
        "neither a rule nor a criterion",
        "List 'criteria'",
        "eligibility:",
    ),
    Broken(f"{CAPS}[0].most", "most: 40", "most: 0", "whole number from 1", "digits"),
    Broken(f"{CAPS}[0].most", "{most: 40}", "{site: south}", "is missing", "Add 'most'"),
    Broken(f"{CAPS}[1].site", "site: north", "site: nord", "Did you mean 'north'", "or south"),
    Broken(
        f"{CAPS}[2].stratum.licensed", "{licensed: yes}", "{licensed: maybe}", "not an", "yes or no"
    ),
    Broken(
        f"{CAPS}[2].stratum.licence",
        "{licensed: yes}",
        "{licence: yes}",
        "no choice item 'licence'",
        "licensed or shift",
    ),
    Broken(
        f"{CAPS}[2].stratum.age", "{licensed: yes}", '{age: "18"}', "make no strata", "as a choice"
    ),
    Broken(
        f"{CAPS}[2].stratum.shift",
        "{licensed: yes}",
        "{shift: day}",
        "none of the strata",
        "required: true",
    ),
    Broken(
        f"{CAPS}[2].stratum.site",
        "{licensed: yes}",
        "{site: north}",
        "beside the stratum",
        "site: north",
    ),
    Broken(f"{CAPS}[2].stratum", "{licensed: yes}", "{}", "names no answer", "remove it"),
    Broken(f"{CAPS}[1]", "{site: north, most: 30}", "{most: 30}", "same people", "Remove one"),
    Broken(
        f"{CAPS}[2]",
        "{site: north, most: 30}",
        "{stratum: {licensed: no}, site: south, most: 3}, "
        "{site: south, stratum: {licensed: no}, most: 30}",
        "same people",
        "Remove one",
    ),
    Broken(f"{CAPS}[0]", "[{most: 40}", "[40", "block of fields", "most, site, stratum"),
    Broken("consent.uses[0].id", "id: sharing", "id: later", "of a statement", "another id"),
    Broken(
        "consent.uses[0].label",
        ", label: {en: Share my data., tr: Verilerim paylaşılsın.}",
        "",
        "is missing",
        "Add 'label'",
        "id: sharing",
    ),
    Broken(
        "consent.uses[1].id",
        "  uses:\n",
        "  uses:\n    - {id: sharing, label: {en: a, tr: b}}\n",
        "used twice",
        "of its own",
        "Share my data",
    ),
]

CASES = STUDY + PEOPLE + TERMS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(
    small: dict[str, bytes], case: Broken
) -> None:
    assert_only_fault(small, case)


def test_every_value_of_a_likert_item_must_be_a_whole_number(small: dict[str, bytes]) -> None:
    before, after = "kind: choice\n      text: {en: Shift", "kind: likert\n      text: {en: Shift"
    text = small["protocol.yaml"].decode()
    faults = faults_of(small | {"protocol.yaml": text.replace(before, after).encode()})
    options = "eligibility.items[2].options"
    assert [fault.field for fault in faults] == [f"{options}[0].value", f"{options}[1].value"]
    assert all("no whole number" in fault.message for fault in faults)
