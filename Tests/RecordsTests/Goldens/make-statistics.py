# SPDX-License-Identifier: Apache-2.0
# Makes statistics.json with lifelines, statsmodels and NumPy:
# python3 make-statistics.py > statistics.json
import itertools
import json
import sys

import lifelines
import numpy as np
import scipy.stats
import statsmodels
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep, proportion_confint, proportions_ztest)

generator = np.random.default_rng(11)
studies = [
    ([8, 16, 16, 32, 64], [1, 1, 1, 1, 0]),
    ([8, 8, 8], [1, 1, 1]),
    ([64, 64, 64], [0, 0, 0]),
    ([16, 64], [1, 0]),
    ([0, 4, 4, 16, 16, 16, 64, 64], [1, 1, 0, 1, 1, 0, 0, 0]),
    (list(generator.integers(1, 9, 40) * 2.5), list(generator.integers(0, 2, 40))),
]


def standing(costs, broken, cost):
    """The product-limit estimate, without lifelines, which is slow to fit thousands of times."""
    times = np.unique(costs[broken & (costs <= cost)])
    return float(np.prod([
        1 - np.sum(broken & (costs == time)) / np.sum(costs >= time) for time in times]))


survival = []
for costs, broken in studies:
    costs, broken = [float(cost) for cost in costs], [bool(flag) for flag in broken]
    fitter = lifelines.KaplanMeierFitter().fit(costs, broken)
    table = fitter.event_table
    bounds = fitter.confidence_interval_
    steps = []
    for cost in table.index[table["observed"] > 0]:
        share = float(fitter.survival_function_.loc[cost].iloc[0])
        lower, upper = (float(value) for value in bounds.loc[cost])
        steps.append(dict(
            cost=float(cost), atRisk=int(table.loc[cost, "at_risk"]),
            broken=int(table.loc[cost, "observed"]), survival=share,
            lower=lower if 0 < share < 1 else None, upper=upper if 0 < share < 1 else None))
    median = float(fitter.median_survival_time_)
    # The bootstrap of the share that stands after the middle cost, over resampled seeds.
    middle = float(np.median(costs))
    shares = [
        standing(np.array(costs)[drawn], np.array(broken)[drawn], middle)
        for drawn in generator.integers(0, len(costs), (4_000, len(costs)))]
    assert abs(standing(np.array(costs), np.array(broken), middle) - fitter.predict(middle)) < 1e-12
    survival.append(dict(
        costs=costs, broken=broken, steps=steps, median=median if np.isfinite(median) else None,
        # Of few seeds a percentile is one of few values: four standard errors of the probability
        # on either side say which ones another 4,000 resamples may give.
        middle=middle, lower=[float(np.quantile(shares, p)) for p in (0.015, 0.035)],
        upper=[float(np.quantile(shares, p)) for p in (0.965, 0.985)]))

rates = []
for one, two in [
    ((94, 96), (2, 96)), ((48, 96), (40, 96)), ((0, 96), (3, 96)), ((5, 10), (60, 80)),
    ((0, 4), (4, 4)), ((96, 96), (96, 96)), ((0, 1), (1, 1)),
]:
    (a, n), (b, m) = one, two
    lower, upper = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    with np.errstate(all="ignore"):
        probability = float(proportions_ztest([a, b], [n, m])[1])
    rates.append(dict(
        first=one, second=two, lower=float(lower), upper=float(upper),
        probability=probability if np.isfinite(probability) else 1.0))

# Newcombe's method 10 for paired data is in no released Python package: written out here on
# statsmodels' Wilson intervals, and checked against the published example of airway
# hyper-responsiveness (Fagerland, Lydersen and Laake 2014: -0.507 to -0.026).
def paired_interval(both, first, second, neither):
    count = both + first + second + neither
    p, q = (both + first) / count, (both + second) / count
    l1, u1 = proportion_confint(both + first, count, method="wilson")
    l2, u2 = proportion_confint(both + second, count, method="wilson")
    product = both * neither - first * second
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    phi = min(product, max(product - count / 2, 0)) / np.sqrt(margins) if margins else 0
    low = np.array([p - l1, u2 - q])
    high = np.array([u1 - p, q - l2])
    matrix = np.array([[1, -phi], [-phi, 1]])
    return p - q - np.sqrt(low @ matrix @ low), p - q + np.sqrt(high @ matrix @ high)


assert np.allclose(paired_interval(1, 1, 7, 12), (-0.507, -0.026), atol=5e-4)
pairs = []
for table in [(1, 1, 7, 12), (36, 12, 2, 0), (0, 0, 94, 2), (40, 3, 9, 44), (96, 0, 0, 0),
              (0, 5, 5, 0), (30, 1, 0, 65), (0, 1, 0, 0)]:
    both, first, second, neither = table
    lower, upper = paired_interval(*table)
    distribution = scipy.stats.binom(first + second, 0.5)
    least = min(first, second)
    pairs.append(dict(
        table=table, lower=float(lower), upper=float(upper),
        probability=min(1.0, float(2 * distribution.cdf(least) - distribution.pmf(least)))))

corrections = []
for probabilities in (
    [0.01, 0.04, 0.03, 0.005], [0.5], [0.9, 0.9, 0.001], [0.02, 0.02, 0.02],
    [float(p) for p in generator.uniform(0, 0.2, 12)],
):
    corrected = multipletests(probabilities, method="holm")[1]
    corrections.append(dict(
        probabilities=probabilities, corrected=[float(value) for value in corrected]))

best = []
for values in ([0.5], [3.0, 1.0, 2.0], [float(v) for v in generator.normal(0, 1, 9)],
               [0.1, 0.1, 0.7, 0.3, 0.3, 0.9]):
    for draws in range(1, len(values) + 1):
        # All draws without replacement, one by one: what the formula must come to.
        sets = list(itertools.combinations(values, draws))
        best.append(dict(
            values=values, draws=draws, maximum=float(np.mean([max(s) for s in sets])),
            minimum=float(np.mean([min(s) for s in sets]))))

json.dump(
    dict(
        madeWith=f"lifelines {lifelines.__version__}, statsmodels {statsmodels.__version__}, "
        f"numpy {np.__version__}", survival=survival, rates=rates, pairs=pairs,
        corrections=corrections, best=best),
    sys.stdout, indent=1)
print()
