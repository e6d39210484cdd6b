"""Write data, models and options of the project's own reference cases.

Run from the repository's root: ``python tests/reference/make_cases.py``, then
``Rscript tests/reference/make_expected.R``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from factories.built import BUILT, INDICATORS, SYNTAX  # noqa: E402
from factories.panels import draw  # noqa: E402


def panel_data(n: int = 300) -> pd.DataFrame:
    """Draw scores with a predictor, an outcome, a covariate and indicators of two constructs."""
    rng = np.random.default_rng(20)
    data = draw(n, 5, seed=21)
    data["z"] = 0.3 * data["x1"] + rng.standard_normal(n)
    data["o"] = 0.2 * data["x1"] + 0.3 * data["y3"] + rng.standard_normal(n)
    for wave in range(1, 5):
        data[f"c{wave}"] = 0.3 * data[f"x{wave}"] + rng.standard_normal(n)
    for name in "xy":  # with growth of their own, and with a state of the day
        slope = 0.6 * rng.standard_normal(n)
        for wave in range(1, 6):
            data[f"g{name}{wave}"] = data[f"{name}{wave}"] + (wave - 1) * slope
    process, trait = rng.standard_normal(n), 0.8 * rng.standard_normal(n)
    for wave in range(1, 7):
        data[f"sx{wave}"] = trait + process + 0.7 * rng.standard_normal(n)
        process = 0.6 * process + 0.8 * rng.standard_normal(n)
    for construct, source in (("f", "x"), ("g", "y")):
        for wave, columns in enumerate(INDICATORS[construct], start=1):
            for item, column in enumerate(columns):
                true = data[f"{source}{wave}"] * (1.0, 0.8, 1.2)[item]
                data[column] = 0.2 * item + true + 0.7 * rng.standard_normal(n)
    return data.round(4)


def main() -> None:
    """Write everything but the expected numbers."""
    folder = HERE / "data"
    folder.mkdir(exist_ok=True)
    panel_data().to_csv(folder / "panel.csv", index=False)
    gaps = draw(300, 5, seed=22, gaps=0.12).round(4)
    gaps["arm"] = np.where(np.arange(len(gaps)) % 3 == 1, "waitlist", "active")
    gaps.to_csv(folder / "gaps.csv", index=False)
    cases = {name: (model.to_lavaan(), {"fun": "lavaan", "estimator": "ML"})
             for name, model in BUILT.items()}  # fmt: skip
    cases |= {name: (case["model"], case["options"]) for name, case in SYNTAX.items()}
    for name, (model, options) in cases.items():
        (HERE / name).mkdir(exist_ok=True)
        (HERE / name / "model.lav").write_text(model)
        text = json.dumps({"data": "panel", **options}, indent=2)
        (HERE / name / "options.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
