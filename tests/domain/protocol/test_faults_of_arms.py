"""What can be wrong about arms and randomisation, one fault at a time."""

from __future__ import annotations

import pytest
from factories.broken import Broken, assert_only_fault

ARMS = [
    Broken(
        "arms.now.programme",
        "Şimdi}, programme: course",
        "Şimdi}, programme: cours",
        "no programme 'cours'. Did you mean 'course'",
        "course or practice",
    ),
    Broken(
        "arms.later.crossover.programme",
        "crossover: {programme: course",
        "crossover: {programme: x",
        "no programme 'x'",
        "course or practice",
    ),
    Broken(
        "arms.later.crossover.after", "after: w2}", "after: w9}", "no wave 'w9'", "w0, w1 or w2"
    ),
    Broken(
        "arms.later.crossover.after", "after: w2}", "after: w0}", "before the arms", "after 'w0'"
    ),
    Broken(
        "arms.later.crossover",
        "{programme: course, after: w2}",
        "{programme: course}",
        "not said when",
        "at: <duration>",
    ),
    Broken(
        "arms.later.crossover.at",
        "after: w2}",
        "after: w2, at: P26W}",
        "said twice",
        "either after",
    ),
    Broken(
        "arms.later.crossover.at", "after: w2}", "at: P0D}", "cannot come at once", "above zero"
    ),
    Broken(
        "arms.later.crossover.at", "after: w2}", "at: half a year}", "ISO 8601", "P6M (6 months)"
    ),
    Broken(
        "arms.later.crossover.from",
        "after: w2}",
        "after: w2, from: opening}",
        "'from' belongs to 'at'",
        "Remove it",
    ),
    Broken(
        "arms.later.crossover.from",
        "after: w2}",
        "at: P26W, from: enrolment}",
        "'enrolment' is not known",
        "randomisation or opening",
    ),
    Broken(
        "arms.later.crossover.programme",
        "crossover: {programme: course, after: w2}",
        "crossover: {programme: x, at: P26W}",
        "no programme 'x'",
        "course or practice",
    ),
]

RANDOMISATION = [
    Broken("randomisation.method", "permuted_blocks", "coin", "'coin'", "permuted_blocks"),
    Broken(
        "randomisation.ratio",
        "ratio: {now: 1, later: 1}",
        "ratio: {now: 1}",
        "leaves out",
        "later: 1",
    ),
    Broken(
        "randomisation.ratio.soon", "ratio: {", "ratio: {soon: 1, ", "no arm 'soon'", "now or later"
    ),
    Broken(
        "randomisation.ratio.now", "ratio: {now: 1", "ratio: {now: 0", "from 1 to 100", "now: 1"
    ),
    Broken(
        "randomisation.strata[1]",
        "[licensed, site]",
        "[licensed, ward]",
        "'ward'",
        "site, licensed",
    ),
    Broken(
        "randomisation.strata[0]", "[licensed, site]", "[age, site]", "not a choice", "as a choice"
    ),
    Broken(
        "randomisation.strata[0]", "[licensed, site]", "[shift, site]", "left out", "required: true"
    ),
    Broken("randomisation.strata[1]", "[licensed, site]", "[site, site]", "twice", "Remove one"),
    Broken(
        "randomisation.after",
        "\n  after: w0",
        "\n  after: w7",
        "no wave 'w7'",
        "w0, w1 or w2",
        "after: w7",
    ),
    Broken(
        "randomisation.seed", "  method:", "  seed: 1\n  method:", "may not be", "sealed", "seed: 1"
    ),
    Broken(
        "randomisation.block_sizes",
        "  method:",
        "  block_sizes: [4]\n  method:",
        "may not be",
        "sealed settings",
        "block_sizes",
    ),
    Broken(
        "randomisation",
        "kind: randomised",
        "kind: cohort",
        "cohort is not randomised",
        "Remove it",
        "randomisation:",
    ),
]

PLAN = "method: permuted_blocks\n  ratio: {now: 1, later: 1}\n  strata: [licensed, site]\n"
BEGINNING = "method: {}\n  ratio: {{now: 1, later: 2}}\n"
SEALED = "randomisation.sealed"


def planned(
    method: str, rest: str, field: str, message: str, remedy: str, line: str | None = None
) -> Broken:
    """Put another randomisation, whose last line or ``line`` is at fault, in the place of PLAN."""
    written = line or rest.splitlines()[-1]
    new = f"{BEGINNING.format(method)}  {rest}\n"
    return Broken(f"randomisation.{field}", PLAN, new, message, remedy, written)


METHODS = [
    planned("simple", "strata: [site]", "strata", "has no strata", "Remove 'strata'"),
    planned("minimisation", "cluster: site", "cluster", "by minimisation", "permuted_blocks"),
    planned(
        "simple",
        "minimisation: {}",
        "minimisation",
        "the method is simple",
        "method: minimisation",
    ),
    planned(
        "minimisation",
        "strata: []",
        "strata",
        "needs factors",
        "[site]",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {weights: {sites: 2}}",
        "minimisation.weights.sites",
        "no stratum 'sites'. Did you mean 'site'",
        "Write site",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {weights: {site: 0}}",
        "minimisation.weights.site",
        "above 0",
        "site: 2",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {weights: {site: heavy}}",
        "minimisation.weights.site",
        "number is expected",
        "site: 2",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {probability: 0.5}",
        "minimisation.probability",
        "above 0.5",
        "0.8",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {probability: 1.01}",
        "minimisation.probability",
        "up to 1",
        "0.8",
    ),
    planned(
        "minimisation",
        "strata: [site]\n  minimisation: {imbalance: entropy}",
        "minimisation.imbalance",
        "'entropy'",
        "range or variance",
    ),
]

CLUSTERS = [
    planned("simple", "cluster: ward", "cluster", "no choice item 'ward'", "site, licensed"),
    planned("simple", "cluster: age", "cluster", "make no clusters", "as a choice"),
    planned("simple", "cluster: shift", "cluster", "none of the clusters", "required: true"),
    planned(
        "permuted_blocks",
        "cluster: site\n  strata: [site]",
        "strata[0]",
        "'site' does not tell one from another",
        "Remove it",
    ),
    planned(
        "permuted_blocks",
        "cluster: licensed\n  strata: [site, licensed]",
        "strata[1]",
        "can differ in 'licensed'",
        "[site]",
    ),
]

LISTS = [
    planned("permuted_blocks", "sealed: {}", "sealed", "No settings", "remove 'sealed'"),
    planned(
        "permuted_blocks",
        "sealed: {block_sizes: [4]}",
        "sealed.block_sizes[0]",
        "block of 4 cannot hold",
        "multiples of 3",
    ),
    planned(
        "permuted_blocks",
        "sealed: {block_sizes: [3, 3]}",
        "sealed.block_sizes[1]",
        "listed twice",
        "Remove one",
    ),
    planned(
        "permuted_blocks",
        "sealed: {block_sizes: [0]}",
        "sealed.block_sizes[0]",
        "whole number from 1",
        "Correct",
    ),
    planned(
        "permuted_blocks",
        "sealed: {seed: 12}",
        "sealed.seed",
        "may not be given",
        "never a seed",
    ),
    planned(
        "simple",
        "sealed: {block_sizes: [3]}",
        "sealed.block_sizes",
        "belongs to the method permuted_blocks",
        "method: permuted_blocks",
    ),
    planned(
        "permuted_blocks",
        "sealed: {lists: {all: [now, later]}}",
        "sealed.lists",
        "belongs to the method list",
        "method: list",
    ),
    planned(
        "list",
        "sealed: {lists: {all: [now, never]}}",
        "sealed.lists.all[1]",
        "no arm 'never'",
        "now or later",
    ),
    planned("list", "sealed: {lists: {all: []}}", "sealed.lists.all", "is empty", "in order"),
    planned("list", "sealed: {lists: {all: now}}", "sealed.lists.all", "list is", "[first"),
    planned(
        "list",
        "sealed: {lists: {all: [now], site=north: [now]}}",
        "sealed.lists.site=north",
        "no stratum 'site=north'",
        "such as all",
    ),
    planned(
        "list",
        "strata: [site]\n  sealed: {lists: {site=north: [now], site=south: [later], all: [now]}}",
        "sealed.lists.all",
        "no stratum 'all'",
        "such as site=north",
    ),
    planned(
        "list",
        "strata: [licensed, site]\n  sealed: {lists: {licensed=yes|site=north: [now]}}",
        "sealed.lists",
        "'licensed=yes|site=south' has no list",
        "every stratum",
    ),
]

CASES = ARMS + RANDOMISATION + METHODS + CLUSTERS + LISTS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.field}-{case.message}")
def test_a_fault_is_told_with_its_place_and_the_way_out(
    small: dict[str, bytes], case: Broken
) -> None:
    assert_only_fault(small, case)
