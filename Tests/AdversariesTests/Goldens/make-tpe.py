# SPDX-License-Identifier: Apache-2.0
# Makes tpe.json with Optuna 4.9.0: pip install optuna==4.9.0 numpy==2.4.6
# python3 make-tpe.py > tpe.json
#
# Two things are written for each study. "published" holds the densities that
# TPESampler(multivariate=True) itself compares. "stated" holds those of Optuna's mixture for the
# kernels that TreeParzenEstimator.swift states: its documented deviations, and nothing else.
# With --deviations the script prints instead what each deviation changes on its own.
import json
import sys
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers._tpe.probability_distributions import (
    _BatchedCategoricalDistributions, _BatchedTruncNormDistributions,
    _MixtureOfProductDistribution)
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_weights

assert optuna.__version__ == "4.9.0", optuna.__version__
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

CHOICES = [0, 0, 3]
SPACE = {
    "x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1),
    "choice": CategoricalDistribution([0, 1, 2])}


def loss(x, y, choice):
    return (x - 0.3) ** 2 + (y - 0.6) ** 2 + [0.2, 0, 0.4][choice]


def draw(generator, count):
    return [
        [round(float(generator.random()), 6), round(float(generator.random()), 6),
         int(generator.integers(3))] for _ in range(count)]


def table(points):
    columns = np.array(points, dtype=float).T
    return {name: column for name, column in zip(SPACE, columns)}


def published(points, losses):
    """The estimators of Optuna's own sampler."""
    study = optuna.create_study()
    for point, value in zip(points, losses):
        study.add_trial(optuna.trial.create_trial(
            params=dict(zip(SPACE, point)), distributions=SPACE, value=value))
    sampler = optuna.samplers.TPESampler(multivariate=True)
    below, above = _split_trials(study, study.trials, default_gamma(len(points)), False)
    estimators = [
        sampler._build_parzen_estimator(study, SPACE, trials, handle_below=isBelow)
        for trials, isBelow in [(below, True), (above, False)]]
    return [t.number for t in below], [t.number for t in above], estimators


def mixture(points, flat=True, ours=True, even=True):
    """Optuna's mixture for kernels around points, with some or all of the stated deviations."""
    count, dimensions = len(points), len(SPACE)
    kernels = count + 1
    scott = kernels if ours else count
    width = max(0.2 * scott ** (-1 / (dimensions + 4)), 1 / min(100, 1 + kernels))
    distributions = []
    for index, choices in enumerate(CHOICES):
        values = np.array([point[index] for point in points])
        if choices:
            prior = 1 / (count if ours else kernels)
            rows = np.full((kernels, choices), prior)
            rows[np.arange(count), values.astype(int)] += 1
            distributions.append(
                _BatchedCategoricalDistributions(rows / rows.sum(axis=1, keepdims=True)))
        else:
            # A truncated normal that is a million cubes wide is flat to 1e-12.
            distributions.append(_BatchedTruncNormDistributions(
                np.append(values, 0.5), np.append(np.full(count, width), 1e6 if flat else 1),
                0, 1))
    weights = np.append(np.ones(count) if even else default_weights(count), 1)
    return _MixtureOfProductDistribution(weights / weights.sum(), distributions)


def ranks(values):
    return np.argsort(np.argsort(values))


def compare(name, found, expected):
    good, other = (np.abs(a - b).max() for a, b in zip(found, expected))
    gains = [a[0] - a[1] for a in (found, expected)]
    correlation = np.corrcoef(ranks(gains[0]), ranks(gains[1]))[0, 1]
    print(f"  {name:46} log l {good:.4f}  log g {other:.4f}  "
          f"gain {np.abs(gains[0] - gains[1]).max():.4f}  rank correlation {correlation:.5f}  "
          f"same best {gains[0].argmax() == gains[1].argmax()}")


studies = []
for seed, count in [(1, 12), (2, 40), (3, 90)]:
    generator = np.random.default_rng(seed)
    points, candidates = draw(generator, count), draw(generator, 48)
    # Also where the densities are far apart: the trials themselves, and the cube's corners.
    candidates += points[:8] + [[0, 0, 0], [1, 1, 1], [0, 1, 2], [1, 0, 1]]
    losses = [loss(*point) for point in points]
    below, above, estimators = published(points, losses)
    densities = [e.log_pdf(table(candidates)) for e in estimators]
    sides = [[points[i] for i in side] for side in (below, above)]
    stated = [mixture(side).log_pdf(np.array(candidates, dtype=float)) for side in sides]
    if "--deviations" in sys.argv:
        print(f"{count} trials, {len(below)} good")
        for name, switches in [
            ("none: Optuna's definition written out", (False, False, False)),
            ("flat prior instead of a normal one", (True, False, False)),
            ("kernel widths and choices", (False, True, False)),
            ("trials of equal weight, whatever their age", (False, False, True)),
            ("all three", (True, True, True)),
        ]:
            flat, ours, even = switches
            own = [
                mixture(side, flat, ours, even).log_pdf(np.array(candidates, dtype=float))
                for side in sides]
            compare(name, own, densities)
    studies.append({
        "points": points, "losses": losses, "candidates": candidates, "good": below,
        "others": above,
        "published": {"good": list(densities[0]), "others": list(densities[1])},
        "stated": {"good": list(stated[0]), "others": list(stated[1])}})

if "--deviations" not in sys.argv:
    # Numbers are those of the cube: a choice has the density of its share times their number.
    json.dump({
        "made by": f"Optuna {optuna.__version__}, NumPy {np.__version__}",
        "choices": CHOICES, "candidates drawn": optuna.samplers.TPESampler()._n_ei_candidates,
        "good of trials": {str(n): default_gamma(n) for n in [1, 2, 10, 11, 60, 249, 250, 251, 999]},
        "studies": studies}, sys.stdout, separators=(",", ":"))
    print()
