"""Variables that predict each other from one step to the next, and what may be equal over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations_with_replacement, product
from typing import Literal

from crosslag.builders.common import covariances
from crosslag.expressions import Binary, Call, Constraint, Definition, Expression, Name
from crosslag.model import Relation

__all__ = ["Process"]


@dataclass(frozen=True)
class Process:
    """Variables that predict each other from one step to the next.

    Attributes
    ----------
    waves
        The variable at every step, by name; steps without a wave included.
    options
        Which equalities hold; ``"means"`` is for variables that have intercepts of their own.
    lags
        How many steps back predictors lie, 1 or 2; 0 for variables that predict nothing.
    letter
        What labels of residual (co)variances begin with.
    carried_over
        Where estimation starts for the effects of variables on themselves; None for 0.
    constants
        The latent variable with mean 0, by name, that is added to each variable at every step
        from the second on; empty where nothing is.
    """

    waves: Mapping[str, Sequence[str]]
    options: frozenset[str]
    lags: int = 1
    letter: str = "r"
    carried_over: float | None = None
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        """Number of steps, the first included."""
        return len(next(iter(self.waves.values())))

    def relations(self) -> Iterator[Relation]:
        """State lagged effects, and variances and covariances within each step."""
        yield from self._lagged()
        for step in range(self.n_steps):
            yield from self._within(step)
        yield from self._of_constants()

    def intercept(self, name: str, step: int) -> Relation:
        """State the intercept of a variable at a step."""
        label = self._intercept_label(name, step) if "means" in self.options else ""
        return Relation(self.waves[name][step], "~1", label=label, within_group=bool(label))

    def definitions(self) -> Iterator[Definition]:
        """Define the (co)variances at every step, where standardised effects need them."""
        if "standardised_lags" not in self.options:
            return
        for step in range(1, self.n_steps):
            for a, b in self._pairs():
                carried = self._carried(a, b, step)
                for part in self._added_by_constants(a, b, step):
                    carried = Binary("+", carried, part)
                residual = Name(self._residual_label(a, b, step))
                expression = Binary("+", carried, residual)
                yield Definition(self._moment(a, b, step), expression, within_group=True)
            for constant in self.constants:
                for outcome in self.waves:
                    label = self._with_constant(outcome, constant, step)
                    covariance = self._carried_with_constant(outcome, constant, step)
                    yield Definition(label, covariance, within_group=True)

    def constraints(self) -> Iterator[Constraint]:
        """Equate standardised effects or means over time, or start in the equilibrium."""
        if "standardised_lags" in self.options and self.n_steps > 2:
            over_groups = "lags_across_groups" in self.options
            if "lags" in self.options:
                yield from self._equal_growth("all")
            else:
                yield from self._equal_standardised("first" if over_groups else "all")
                yield from self._equal_growth("others") if over_groups else ()
        if "stationary" in self.options:
            yield from self._equilibrium()
        if "means" in self.options:
            yield from self._equal_means()

    def _equal_standardised(self, groups: Literal["all", "first"]) -> Iterator[Constraint]:
        for step in range(2, self.n_steps):
            for outcome, predictor in product(self.waves, self.waves):
                left = self._standardised(outcome, predictor, step)
                right = self._standardised(outcome, predictor, 1)
                yield Constraint(left, "==", right, within_group=True, groups=groups)

    def _equal_growth(self, groups: Literal["all", "others"]) -> Iterator[Constraint]:
        """Equate standardised effects whose raw ones are equal, over time or over groups.

        Products of effects and ratios of variances would also be equal where all effects are 0,
        and have no slope there. Of effects other than 0, equal ones stay equal if all variances
        grow by one factor from each step to the next. Effects that are equal over groups stay
        equal over time in all groups, if they do so in the first, where variances of another group
        grow by a constant times the growth in the first.
        """
        series = [(name, step) for step in range(1, self.n_steps) for name in self.waves]
        first = self._growth(*series[0])
        for each in series[1:]:
            growth = self._growth(*each)
            if groups == "all":
                yield Constraint(growth, "==", first, within_group=True)
            else:
                relative = Binary("/", growth, first)
                yield Constraint(relative, "==", relative, within_group=True, groups=groups)

    def _growth(self, name: str, step: int) -> Expression:
        before, after = (Name(self._moment(name, name, s)) for s in (step - 1, step))
        return Binary("/", after, before)

    def _equilibrium(self) -> Iterator[Constraint]:
        """Make what holds of the second step hold of the first: moments, and those with constants.

        With effects B, residuals R and constants of covariance A, first scores have the covariance
        C = A + B C with the constants, and V = B V B' + R + C + C' - A among themselves.
        """
        for a, b in self._pairs():
            after = Binary("+", self._carried(a, b, 1), Name(self._residual_label(a, b, 1)))
            if self.constants:
                after = Binary("+", after, Name(self._with_constant(a, b)))
                after = Binary("+", after, Name(self._with_constant(b, a)))
                after = Binary("-", after, Name(self._constants_label(a, b)))
            yield Constraint(Name(self._moment(a, b, 0)), "==", after, within_group=True)
        for constant in self.constants:
            for outcome in self.waves:
                first = Name(self._with_constant(outcome, constant))
                kept = self._carried_with_constant(outcome, constant, 1)
                yield Constraint(first, "==", kept, within_group=True)

    def _equal_means(self) -> Iterator[Constraint]:
        """Let each intercept add what lagged effects leave of the first mean."""
        for step in range(1, self.n_steps):
            for outcome in self.waves:
                left: Expression = Name(self._intercept_label(outcome, 0))
                for lag in range(1, min(self.lags, step) + 1):
                    for predictor in self.waves:
                        effect = Name(self._lag_label(outcome, predictor, step, lag))
                        mean = Name(self._intercept_label(predictor, 0))
                        left = Binary("-", left, Binary("*", effect, mean))
                intercept = Name(self._intercept_label(outcome, step))
                yield Constraint(intercept, "==", left, within_group=True)

    @property
    def _tied(self) -> bool:
        return "lags" in self.options or "stationary" in self.options

    @property
    def _labelled(self) -> bool:
        return "standardised_lags" in self.options or "stationary" in self.options

    def _intercept_label(self, name: str, step: int) -> str:
        return self._label(f"i{step + 1}" if step else "m", name)

    def _constants_label(self, a: str, b: str) -> str:
        return self._label("a", *self._ordered(a, b))

    def _with_constant(self, name: str, constant: str, step: int = 0) -> str:
        """The covariance of a variable's scores at a step with the constant of another."""
        return self._label(f"c{step + 1}" if step else "c", name, constant)

    @cached_property
    def _joint(self) -> str:
        """What joins names into labels, so that no two labels are the same."""
        return next((j for j in ("_", ".", "__", "..") if not self._ambiguous(j)), "...")

    def _ambiguous(self, joint: str) -> bool:
        last = [str(step + 1) for step in range(self.n_steps)]
        made = [joint.join(parts) for parts in product(self.waves, self.waves, last)]
        return len(set(made)) < len(made)

    def _label(self, *parts: str) -> str:
        return self._joint.join(parts)

    def _pairs(self) -> list[tuple[str, str]]:
        return list(combinations_with_replacement(self.waves, 2))

    def _lag_label(self, outcome: str, predictor: str, step: int, lag: int = 1) -> str:
        label = self._label(f"l{lag if lag > 1 else ''}", outcome, predictor)
        return label if self._tied else self._label(label, str(step + 1))

    def _residual_label(self, a: str, b: str, step: int) -> str:
        a, b = self._ordered(a, b)
        if "residuals" in self.options or "stationary" in self.options:
            return self._label(self.letter, a, b)
        return self._label(f"{self.letter}{step + 1}", a, b)

    def _moment(self, a: str, b: str, step: int) -> str:
        return self._label(f"v{step + 1}", *self._ordered(a, b))

    def _ordered(self, a: str, b: str) -> tuple[str, str]:
        order = list(self.waves)
        return (a, b) if order.index(a) <= order.index(b) else (b, a)

    def _lagged(self) -> Iterator[Relation]:
        over_groups = "lags_across_groups" in self.options
        labelled = self._tied or self._labelled or over_groups or "means" in self.options
        for step in range(1, self.n_steps):
            for outcome, outcomes in self.waves.items():
                for lag in range(1, min(self.lags, step) + 1):
                    for predictor, predictors in self.waves.items():
                        label = self._lag_label(outcome, predictor, step, lag) if labelled else ""
                        yield Relation(
                            outcomes[step],
                            "~",
                            predictors[step - lag],
                            label=label,
                            start=self.carried_over if outcome == predictor else None,
                            within_group=not over_groups,
                        )

    def _within(self, step: int) -> Iterator[Relation]:
        at = {name: columns[step] for name, columns in self.waves.items()}
        tied = "residuals" in self.options or "stationary" in self.options
        labels: dict[tuple[str, str], str] = {}
        for a, b in self._pairs():
            if step == 0 and self._labelled:
                labels[at[a], at[b]] = self._moment(a, b, 0)
            elif (tied and step >= self.lags) or (self._labelled and step > 0):
                labels[at[a], at[b]] = self._residual_label(a, b, step)
        yield from covariances(tuple(at.values()), labels)

    def _of_constants(self) -> Iterator[Relation]:
        """State (co)variances of the constants, and their covariances with the first step."""
        labels = {
            (self.constants[a], self.constants[b]): self._constants_label(a, b)
            for a, b in (self._pairs() if self.constants and self._labelled else ())
        }
        yield from covariances(tuple(self.constants.values()), labels)
        for a, constant in self.constants.items():
            for name, columns in self.waves.items():
                label = self._with_constant(name, a) if self._labelled else ""
                yield Relation(constant, "~~", columns[0], label=label, within_group=bool(label))

    def _carried(self, a: str, b: str, step: int) -> Expression:
        """The covariance of two outcomes that their predictors of the step before make."""
        total: Expression | None = None
        for i in self.waves:
            for j in self.waves:
                effects = Binary(
                    "*",
                    Name(self._lag_label(a, i, step)),
                    Name(self._lag_label(b, j, step)),
                )
                part = Binary("*", effects, Name(self._moment(i, j, step - 1)))
                total = part if total is None else Binary("+", total, part)
        assert total is not None
        return total

    def _added_by_constants(self, a: str, b: str, step: int) -> Iterator[Expression]:
        """The covariance of two outcomes that constants make: their own, and through predictors."""
        if not self.constants:
            return
        yield Name(self._constants_label(a, b))
        for outcome, constant in ((a, b), (b, a)):
            for predictor in self.waves:
                effect = Name(self._lag_label(outcome, predictor, step))
                yield Binary("*", effect, Name(self._with_constant(predictor, constant, step - 1)))

    def _carried_with_constant(self, outcome: str, constant: str, step: int) -> Expression:
        """The covariance of an outcome with a constant: its own constant's, and its predictors'."""
        total: Expression = Name(self._constants_label(outcome, constant))
        for predictor in self.waves:
            effect = Name(self._lag_label(outcome, predictor, step))
            before = Name(self._with_constant(predictor, constant, step - 1))
            total = Binary("+", total, Binary("*", effect, before))
        return total

    def _standardised(self, outcome: str, predictor: str, step: int) -> Expression:
        ratio = Binary(
            "/",
            Name(self._moment(predictor, predictor, step - 1)),
            Name(self._moment(outcome, outcome, step)),
        )
        return Binary("*", Name(self._lag_label(outcome, predictor, step)), Call("sqrt", ratio))
