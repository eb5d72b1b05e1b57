# SPDX-License-Identifier: Apache-2.0
# Makes intervals.json with SciPy and NumPy: python3 make-intervals.py > intervals.json
import json
import sys

import numpy as np
import scipy
from scipy import stats

wilson = []
for successes, count in [
    (0, 1), (1, 1), (0, 96), (96, 96), (1, 2), (3, 48), (47, 48), (37, 96), (500, 1000),
    (1, 100000),
]:
    for confidence in (0.95, 0.9, 0.99):
        bounds = stats.binomtest(successes, count).proportion_ci(confidence, method="wilson")
        wilson.append(dict(
            successes=successes, count=count, confidence=confidence,
            lower=float(bounds.low), upper=float(bounds.high)))

generator = np.random.default_rng(7)
samples = [
    generator.normal(3, 2, 40), generator.exponential(1.5, 25), generator.integers(0, 2, 96),
    np.array([8.0, 16.0, 16.0, 32.0, 12.0]),
]
normal = []
for sample in samples:
    lower, upper = stats.norm.interval(0.95, loc=np.mean(sample), scale=stats.sem(sample))
    normal.append(dict(
        values=[float(value) for value in sample], lower=float(lower), upper=float(upper)))

bootstrap = []
for sample in samples:
    for name in ("mean", "median"):
        interval = stats.bootstrap(
            (sample,), getattr(np, name), n_resamples=200_000, method="percentile",
            random_state=np.random.default_rng(1), batch=1_000).confidence_interval
        bootstrap.append(dict(
            values=[float(value) for value in sample], statistic=name,
            lower=float(interval.low), upper=float(interval.high)))

percentiles = [
    dict(values=values, share=share, value=float(np.quantile(values, share)))
    for values in ([1.0], [1.0, 2.0], [0.5, 1.5, 4.0, 9.0, 20.0])
    for share in (0.0, 0.025, 0.3, 0.5, 0.975, 1.0)
]

json.dump(
    dict(
        madeWith=f"scipy {scipy.__version__}, numpy {np.__version__}", wilson=wilson,
        normal=normal, bootstrap=bootstrap, percentiles=percentiles),
    sys.stdout, indent=1)
print()
