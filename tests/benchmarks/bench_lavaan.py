"""The whole job against lavaan: fit, errors, baseline, saturated model, indices, standardised.

RI-CLPM with two variables and five waves, N = 1189: with 10 % of the cells missing at random under
MLR, and complete under ML. Both sides have one thread, and get the rows in another order at every
repeat; CPU time counts, so that a busy machine changes little. Without R and
lavaan only crosslag is timed.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from timing import median_seconds, names, simulated

import crosslag as cl

PERSONS, WAVES = 1189, 5
REPEATS, LAVAAN_REPEATS = 101, 9
MODEL = cl.riclpm(names(WAVES))

SCRIPT = """
suppressMessages(library(lavaan))
data <- read.csv("data.csv")
model <- paste(readLines("model.lav"), collapse = "\\n")
job <- function(d) {
  fit <- lavaan(model, d, estimator = "ESTIMATOR", missing = "MISSING",
                meanstructure = TRUE, int.ov.free = TRUE)
  measures <- fitMeasures(fit)
  standardised <- standardizedSolution(fit)
  measures["logl"]
}
logl <- job(data)
set.seed(1)
times <- sapply(seq_len(REPEATS), function(i) {
  shuffled <- data[sample(nrow(data)), ]
  sum(system.time(job(shuffled))[c("user.self", "sys.self")])
})
cat(sprintf("%.8f", c(median(times), logl)))
"""


def lavaan_seconds(data: pd.DataFrame, estimator: str, missing: str) -> tuple[float, float] | None:
    """Give lavaan's median CPU time and log-likelihood; None where it is not installed."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    script = SCRIPT.replace("ESTIMATOR", estimator).replace("MISSING", missing)
    script = script.replace("REPEATS", str(LAVAAN_REPEATS))
    with tempfile.TemporaryDirectory() as folder:
        data.to_csv(Path(folder) / "data.csv", index=False)
        (Path(folder) / "model.lav").write_text(MODEL.to_lavaan())
        done = subprocess.run(
            [rscript, "-e", script], cwd=folder, capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    took, logl = map(float, done.stdout.split())
    return took, logl


def main() -> int:
    """Measure, print a table, and fail if the two do not find the same maximum."""
    apart = 0.0
    print(f"RI-CLPM, {WAVES} waves, N = {PERSONS}, whole job (medians of CPU time)")
    for title, gaps, estimator, missing in (
        ("10 % of cells missing, MLR", 0.1, "MLR", "fiml"),
        ("complete, ML", 0.0, "ML", "listwise"),
    ):
        data = simulated(PERSONS, WAVES, 1, gaps=gaps)
        fit = cl.fit(MODEL, data, estimator, missing)
        print(f"  {title} ({fit.n_patterns} missing patterns)")
        theirs = lavaan_seconds(data, estimator, missing)
        ours = median_seconds(
            lambda d, e=estimator, m=missing: cl.fit(MODEL, d, e, m).estimates, data, REPEATS
        )
        if theirs is None:
            print("    R with lavaan is not installed: no baseline")
            print(f"    crosslag{ours * 1e3:12.1f} ms")
            continue
        print(f"    lavaan (baseline){theirs[0] * 1e3:12.1f} ms     1.0 x")
        print(f"    crosslag         {ours * 1e3:12.1f} ms {theirs[0] / ours:7.1f} x")
        apart = max(apart, abs(theirs[1] - fit.indices["logl"]))
    print(f"  log-likelihoods apart by {apart:.1e}")
    return int(apart > 0.001)


if __name__ == "__main__":
    sys.exit(main())
