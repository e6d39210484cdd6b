"""Randomisation: allocations made, proven, and disclosed after the lock."""

from longwave.services.randomisation.allocating import randomise_if_due
from longwave.services.randomisation.disclosing import Disclosure, disclose
from longwave.services.randomisation.verifying import Verification, verify

__all__ = ["Disclosure", "Verification", "disclose", "randomise_if_due", "verify"]
