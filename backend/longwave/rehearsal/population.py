"""The virtual population: a random-intercept cross-lagged process, and how it answers items.

Each person has two latent variables at each wave, in standard deviations: self-compassion and
burnout. Their stable parts and their within-person deviations follow the process below; the
programme shifts their level. An item's answer is the latent value times a loading plus noise,
rounded to the response scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crosslag.simulate import PanelProcess
from longwave.domain.instrument import Instrument
from longwave.domain.protocol.model import Protocol

Floats = NDArray[np.float64]

SELF_COMPASSION = "self_compassion"
BURNOUT = "burnout"
VARIABLES = (SELF_COMPASSION, BURNOUT)

_LAGS = np.array([[0.35, -0.12], [-0.14, 0.40]])
_BETWEEN = np.array([[0.50, -0.25], [-0.25, 0.50]])
_WITHIN = np.array([[0.50, -0.15], [-0.15, 0.50]])
_LOADING = 0.75
_UNIQUE_SD = 0.80
_SPREAD = 0.85


@dataclass(frozen=True, slots=True)
class Measurement:
    """How an instrument shows a latent variable.

    ``centre`` is the mean answer in points of the response scale; ``sign`` is -1 for a scale
    on which high values mean little of the latent variable.
    """

    latent: int
    centre: float
    sign: float = 1.0


MEASUREMENTS: Mapping[str, Measurement] = {
    "scs_sf": Measurement(latent=0, centre=3.0),
    "bat_12": Measurement(latent=1, centre=2.4),
    "proqol_5": Measurement(latent=1, centre=2.7),
}


@dataclass(frozen=True, slots=True)
class Population:
    """The generating process, its lags and effects as stated in the demo's output.

    ``effect`` is the shift, in standard deviations of each latent variable, from the first
    wave after a programme began.
    """

    process: PanelProcess = field(
        default_factory=lambda: PanelProcess.stationary(_BETWEEN, _LAGS, _WITHIN)
    )
    effect: tuple[float, float] = (0.45, -0.35)

    def latents(self, n: int, waves: int, rng: np.random.Generator) -> Floats:
        """Draw the latent variables of ``n`` untreated persons: (n, waves, 2)."""
        return self.process.draw(n, waves, rng)

    def shift(self, protocol: Protocol, arm: str) -> Floats:
        """Return the programme's effect on an arm at each wave: (waves, 2)."""
        begins = _first_treated_wave(protocol, arm)
        shift = np.zeros((len(protocol.waves), len(VARIABLES)))
        shift[begins:] = self.effect
        return shift


def answers(instrument: Instrument, latents: Floats, rng: np.random.Generator) -> Floats:
    """Answer an instrument.

    Parameters
    ----------
    latents
        Shape (n, 2): self-compassion and burnout at one wave.

    Returns
    -------
    ndarray
        Shape (n, items): integers from the instrument's minimum to its maximum.
    """
    measurement = MEASUREMENTS[instrument.id]
    directions = _directions(instrument) * measurement.sign
    noise = rng.standard_normal((len(latents), len(instrument.items))) * _UNIQUE_SD
    level = latents[:, [measurement.latent]] * _LOADING * directions
    middle = (instrument.minimum + instrument.maximum) / 2
    centres = middle + (measurement.centre - middle) * directions
    points = centres + _SPREAD * (level + noise)
    return np.clip(np.rint(points), instrument.minimum, instrument.maximum)


def _directions(instrument: Instrument) -> Floats:
    """Return -1 for each item that a scale reverses, else 1: (items,)."""
    reverse = frozenset().union(*(scale.reversed for scale in instrument.scales))
    return np.array([-1.0 if item.id in reverse else 1.0 for item in instrument.items])


def _first_treated_wave(protocol: Protocol, arm_id: str) -> int:
    arm = protocol.arms[arm_id]
    order = [wave.id for wave in protocol.waves]
    if arm.programme is not None:
        assert protocol.randomisation is not None
        return order.index(protocol.randomisation.after) + 1
    if arm.crossover is not None and arm.crossover.after is not None:
        return order.index(arm.crossover.after) + 1
    return len(order)
