"""What a good protocol says once it has been read, and what its hash depends on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longwave import resources
from longwave.domain.duration import Duration
from longwave.domain.protocol import ProtocolFaults, canonical_form, read_protocol
from longwave.domain.protocol.model import (
    Cap,
    Crossover,
    InlineSettings,
    Minimisation,
    Protocol,
    RandomisationPlan,
)

SHIPPED = sorted(
    path.parent.name for path in resources.protocols_directory().glob("*/protocol.yaml")
)
Edit = Callable[[str], str]


def shipped(study: str) -> Protocol:
    return read_protocol(resources.protocol_files(resources.protocols_directory() / study))


def edited(files: dict[str, bytes], name: str, edit: Edit) -> dict[str, bytes]:
    before = files[name].decode()
    after = edit(before)
    assert after != before
    return files | {name: after.encode()}


def test_words_and_times_without_quotes_stay_what_they_look_like(small: dict[str, bytes]) -> None:
    protocol = read_protocol(small)
    assert [option.value for option in protocol.eligibility.items[1].options] == ["yes", "no"]
    assert protocol.waves[1].at == "09:00"
    assert protocol.messages.quiet_hours == ("21:00", "08:00")


def test_what_is_said_of_the_data_stands_for_all_languages_or_is_written_in_each(small):
    plain = read_protocol(small).data_protection
    assert plain.erasure == {"en": "On request.", "tr": "On request."}
    assert plain.recipients == {"en": (), "tr": ()}
    text = small["protocol.yaml"].decode()
    assert "erasure: On request." in text and "recipients: []" in text
    text = text.replace("erasure: On request.", "erasure: {en: On request., tr: İstek üzerine.}")
    text = text.replace("recipients: []", "recipients: {en: [The team], tr: [Ekip]}")
    told = read_protocol({**small, "protocol.yaml": text.encode()}).data_protection
    assert told.erasure == {"en": "On request.", "tr": "İstek üzerine."}
    assert told.recipients == {"en": ("The team",), "tr": ("Ekip",)}


def test_everything_of_the_protocol_arrives(small: dict[str, bytes]) -> None:
    protocol = read_protocol(small)
    assert protocol.study.title["tr"] == "Küçük bir çalışma"
    assert protocol.data_protection.retention_answers == Duration(months=120)
    assert list(protocol.sites) == ["north", "south"]
    assert protocol.consent.documents == {"en": "# Consent\n", "tr": "# Onam\n"}
    assert [statement.required for statement in protocol.consent.statements] == [True, False]
    assert protocol.arms["later"].crossover is not None
    assert protocol.randomisation is not None
    assert protocol.randomisation.ratio == {"now": 1, "later": 1}
    assert [(wave.order, wave.anchor) for wave in protocol.waves] == [
        (0, "enrolment"),
        (1, "randomisation"),
        (2, "wave:w1"),
    ]
    assert protocol.programmes["course"].capacity == 12
    assert protocol.texts == {"resources": {"en": "Help.\n", "tr": "Yardım.\n"}}
    habits, mood = protocol.instruments["habits"], protocol.instruments["mood"]
    assert habits.placeholder == {"en", "tr"}
    assert habits.item("place").options[1].label == {"en": "Office", "tr": "Office"}
    assert mood.placeholder == frozenset()
    assert [option.value for option in mood.item("q1").options] == ["0", "1", "2", "3"]
    assert mood.item("q1").options[3].label["tr"] == "always"


def test_criteria_caps_and_uses_arrive(small: dict[str, bytes]) -> None:
    protocol = read_protocol(small)
    plan = protocol.eligibility
    assert [(criterion.id, criterion.rule) for criterion in plan.criteria] == [
        ("working_age", "age < 70"),
        ("day_shift", "shift != 'night'"),
    ]
    assert plan.criteria[0].label["tr"] == "Çalışma yaşında"
    assert plan.caps == (Cap(40), Cap(30, site="north"), Cap(35, stratum={"licensed": "yes"}))
    assert [use.id for use in protocol.consent.uses] == ["sharing"]


def test_a_rule_is_not_needed_beside_criteria(small: dict[str, bytes]) -> None:
    files = edited(
        small,
        "protocol.yaml",
        lambda t: t.replace("  rule: \"age >= 18 && licensed == 'yes'\"\n", ""),
    )
    assert read_protocol(files).eligibility.rule is None


def test_a_cap_can_hold_for_some_people_at_one_site(small: dict[str, bytes]) -> None:
    files = edited(
        small,
        "protocol.yaml",
        lambda t: t.replace("{site: north, most", "{site: north, stratum: {licensed: yes}, most"),
    )
    cap = read_protocol(files).eligibility.caps[1]
    assert (cap.site, cap.stratum) == ("north", {"licensed": "yes"})


def crossover(files: dict[str, bytes], when: str) -> Crossover | None:
    files = edited(files, "protocol.yaml", lambda t: t.replace("after: w2}", f"{when}}}"))
    return read_protocol(files).arms["later"].crossover


def test_a_crossover_comes_after_a_wave_or_at_a_time(small: dict[str, bytes]) -> None:
    month = Duration(days=28)
    assert crossover(small, "after: w1") == Crossover("course", "w1")
    assert crossover(small, "at: P4W") == Crossover("course", None, month, "randomisation")
    stepped = crossover(small, "at: P4W, from: opening")
    assert stepped == Crossover("course", None, month, "opening")


def randomisation(files: dict[str, bytes], method: str, *rest: str) -> RandomisationPlan:
    """Read the small study with another randomisation in the ratio of 1 to 2."""
    lines = [f"method: {method}", "ratio: {now: 1, later: 2}", *rest, "after: w0"]
    text = files["protocol.yaml"].decode()
    start, end = text.index("  method: permuted_blocks"), text.index("waves:\n")
    text = text[:start] + "".join(f"  {line}\n" for line in lines) + text[end:]
    plan = read_protocol(files | {"protocol.yaml": text.encode()}).randomisation
    assert plan is not None
    return plan


@pytest.mark.parametrize("method", ["simple", "permuted_blocks", "list"])
def test_a_method_needs_nothing_else(small: dict[str, bytes], method: str) -> None:
    assert randomisation(small, method) == RandomisationPlan(
        method=method, ratio={"now": 1, "later": 2}, strata=(), after="w0"
    )


def test_minimisation_has_settings_of_its_own(small: dict[str, bytes]) -> None:
    strata = "strata: [licensed, site]"
    plain = randomisation(small, "minimisation", strata)
    assert plain.minimisation == Minimisation({"licensed": 1.0, "site": 1.0}, 0.8, "range")
    settings = "minimisation: {weights: {site: 2.5}, probability: 1, imbalance: variance}"
    weighed = randomisation(small, "minimisation", strata, settings)
    assert weighed.minimisation == Minimisation({"licensed": 1.0, "site": 2.5}, 1.0, "variance")


def test_clusters_can_be_sites_or_answers(small: dict[str, bytes]) -> None:
    assert randomisation(small, "permuted_blocks", "cluster: site").cluster == "site"
    plan = randomisation(small, "permuted_blocks", "cluster: licensed", "strata: [site]")
    assert (plan.cluster, plan.strata) == ("licensed", ("site",))


def test_a_trial_run_may_show_its_block_sizes_or_lists(small: dict[str, bytes]) -> None:
    blocks = randomisation(small, "permuted_blocks", "sealed: {block_sizes: [3, 6]}")
    assert blocks.inline == InlineSettings((3, 6))
    lists = randomisation(small, "list", "sealed: {lists: {all: [now, later, later]}}")
    assert lists.inline == InlineSettings((), {"all": ("now", "later", "later")})
    by_stratum = randomisation(
        small,
        "list",
        "strata: [licensed, site]",
        "sealed:",
        "  lists:",
        *(
            f"    {stratum}: [now, later, later]"
            for stratum in (
                "licensed=yes|site=north",
                "licensed=yes|site=south",
                "licensed=no|site=north",
                "licensed=no|site=south",
            )
        ),
    )
    assert by_stratum.inline is not None
    assert len(by_stratum.inline.lists) == 4


def test_the_hash_knows_the_terms_of_taking_part(small: dict[str, bytes]) -> None:
    for old, new in (
        ("most: 35", "most: 36"),
        ("rule: age < 70", "rule: age < 71"),
        ("id: sharing", "id: recontact"),
    ):
        other = edited(small, "protocol.yaml", lambda t, o=old, n=new: t.replace(o, n))
        assert read_protocol(other).hash != read_protocol(small).hash


def test_a_cohort_needs_neither_arms_nor_analysis(small: dict[str, bytes]) -> None:
    text = small["protocol.yaml"].decode()
    for start, end in (("arms:", "waves:"), ("programmes:", "messages:"), ("analysis:", "")):
        first = text.index(f"\n{start}") + 1
        text = text[:first] + (text[text.index(f"\n{end}") + 1 :] if end else "")
    text = text.replace("kind: randomised", "kind: cohort")
    text = text.replace("anchor: randomisation", "anchor: wave:w0")
    protocol = read_protocol(small | {"protocol.yaml": text.encode()})
    assert protocol.study.kind == "cohort"
    assert not protocol.arms
    assert protocol.randomisation is None


def test_the_hash_forgets_order_comments_and_white_space(small: dict[str, bytes]) -> None:
    def rearrange(text: str) -> str:
        lines = text.replace("  slug: small-study\n", "", 1).replace(
            "{en: North, tr: Kuzey}", "{ tr: 'Kuzey',  en: North }"
        )
        return "# a comment\n" + lines.replace(
            "  contact: team", "  slug:   small-study   # the name\n  contact: team"
        )

    again = edited(small, "protocol.yaml", rearrange)
    assert read_protocol(again).hash == read_protocol(small).hash
    assert read_protocol(small | {"notes.txt": b"x"}).hash == read_protocol(small).hash


@pytest.mark.parametrize(
    "name",
    [
        "protocol.yaml",
        "consent/tr.md",
        "texts/resources/en.md",
        "instruments/mood.yaml",
        "instruments/wordings/habits.tr.yaml",
    ],
)
def test_the_hash_knows_every_file_that_is_referred_to(small: dict[str, bytes], name: str) -> None:
    changes: dict[str, Edit] = {
        "protocol.yaml": lambda text: text.replace("target_n: 40", "target_n: 41"),
        "instruments/mood.yaml": lambda text: text.replace("minutes: 1", "minutes: 2"),
        "instruments/wordings/habits.tr.yaml": lambda text: text.replace("Ward", "Servis"),
    }
    other = edited(small, name, changes.get(name, lambda text: text + "More.\n"))
    assert read_protocol(other).hash != read_protocol(small).hash


def test_the_order_of_a_list_is_content(small: dict[str, bytes]) -> None:
    other = edited(
        small, "protocol.yaml", lambda text: text.replace("[licensed, site]", "[site, licensed]")
    )
    assert read_protocol(other).hash != read_protocol(small).hash


def test_the_canonical_form_is_sorted_json() -> None:
    form = canonical_form({"b": 1, "a": "ş"}, {"x": b""}, ["x"])
    assert form == (
        b'{"files":{"x":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},'
        b'"protocol":{"a":"\\u015f","b":1}}'
    )


def test_two_scores_may_not_share_a_column(small: dict[str, bytes]) -> None:
    files = edited(small, "protocol.yaml", lambda t: t.replace("[mood, habits]", "[mood, mood_a]"))
    for name in ("", "wordings/"):
        for suffix in (".yaml",) if not name else (".en.yaml", ".tr.yaml"):
            files = edited(
                files
                | {f"instruments/{name}mood_a{suffix}": files[f"instruments/{name}mood{suffix}"]},
                f"instruments/{name}mood_a{suffix}",
                lambda text: text.replace(": mood\n", ": mood_a\n"),
            )
    for name in ("mood.yaml", "wordings/mood.en.yaml", "wordings/mood.tr.yaml"):
        files = edited(files, f"instruments/{name}", lambda t: t.replace("balance", "a_calm"))
    with pytest.raises(ProtocolFaults) as caught:
        read_protocol(files)
    assert {fault.field for fault in caught.value.faults} == {"waves[0].id", "waves[2].id"}
    assert "would share the column mood_a_calm__w0" in caught.value.faults[0].message


def test_the_study_that_comes_along_is_sound() -> None:
    protocol = shipped("msc_burnout_rct")
    assert protocol.study.slug == "msc-clinicians"
    assert [wave.id for wave in protocol.waves] == ["w0", "w1", "w2", "w3", "w4"]
    assert set(protocol.instruments) == {"scs_sf", "bat_12", "proqol_5"}
    assert [criterion.id for criterion in protocol.eligibility.criteria] == ["adult", "licensed"]
    assert protocol.eligibility.caps == ()
    assert [use.id for use in protocol.consent.uses] == ["sharing", "recontact"]
    assert {len(wave.instruments) for wave in protocol.waves} == {2, 3}


def test_the_stepped_start_that_comes_along_is_sound() -> None:
    protocol = shipped("daily_practice_steps")
    assert protocol.randomisation is not None
    assert protocol.randomisation.cluster == "site"
    starts = [arm.crossover for arm in protocol.arms.values()]
    assert [start.origin for start in starts if start is not None] == ["opening"] * 3
    assert [str(start.at) for start in starts if start is not None] == ["P4W", "P12W", "P20W"]


@pytest.mark.parametrize("study", SHIPPED)
def test_a_study_that_comes_along_runs_on_placeholders_and_own_questions(study: str) -> None:
    protocol = shipped(study)
    languages = set(protocol.study.languages)
    for found in protocol.instruments.values():
        own = found.licence_text == "bundled"
        assert found.placeholder == (frozenset() if own else languages)
    assert (protocol.randomisation is not None) == (protocol.study.kind == "randomised")
    assert protocol.randomisation is None or protocol.randomisation.inline is None
    assert protocol.eligibility.criteria


@pytest.mark.parametrize("study", SHIPPED)
def test_titles_that_reach_a_mailbox_reveal_neither_topic_nor_arm(study: str) -> None:
    words = ("burnout", "compassion", "waitlist", "tükenmişlik", "sevecenlik", "bekleme", "step")
    for title in shipped(study).study.title.values():
        assert not [word for word in words if word in title.casefold()]
