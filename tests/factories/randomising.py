"""Plans of randomisation, and seeds by number."""

from __future__ import annotations

import hashlib

from longwave.domain.protocol.model import Minimisation, RandomisationPlan
from longwave.domain.randomisation import SealedSettings, make_settings

TWO = {"active": 1, "waitlist": 1}


def seed(number: int) -> bytes:
    """Return 32 bytes that nothing connects with those of another number."""
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


def chance(_: int) -> bytes:
    """Stand in for the operating system's random bytes where a test must not hang on chance.

    With it the first two of each stratum come to different arms.
    """
    return seed(13)


def plan(method: str = "permuted_blocks", ratio=TWO, strata=(), **more) -> RandomisationPlan:
    """Return a plan that randomises after w0."""
    return RandomisationPlan(method, ratio, tuple(strata), "w0", **more)


def minimising(number: int, ratio=TWO, strata=("sex", "site"), **rules) -> SealedSettings:
    """Return settings of a minimisation."""
    given = {"weights": {}, "probability": 0.8, "imbalance": "range", **rules}
    chosen = plan("minimisation", ratio, strata, minimisation=Minimisation(**given))
    return make_settings(chosen, seed(number))


METHOD = "  method: permuted_blocks\n"
STRATA = "  strata: [profession, site]\n"
LISTS = "".join(
    f"      'profession={profession}|site={site}': [active, waitlist, waitlist, active, active]\n"
    for profession in ("physician", "nurse", "psychologist")
    for site in ("ankara", "gaziantep")
)
WAYS = {
    "simple": {METHOD: "  method: simple\n", STRATA: ""},
    "blocks": {METHOD: METHOD + "  sealed: {block_sizes: [2, 6]}\n"},
    "no strata": {STRATA: ""},
    "minimisation": {
        METHOD: "  method: minimisation\n"
        "  minimisation: {weights: {profession: 2.5}, probability: 0.75, imbalance: variance}\n"
    },
    "list": {METHOD: "  method: list\n  sealed:\n    lists:\n" + LISTS},
    "clusters": {STRATA: "  cluster: profession\n"},
    "clusters in strata": {STRATA: "  strata: [site]\n  cluster: profession\n"},
    "unequal": {"ratio: {active: 1, waitlist: 1}": "ratio: {active: 2, waitlist: 1}"},
}
"""What to edit in the packaged trial's protocol so that it randomises in another way."""
