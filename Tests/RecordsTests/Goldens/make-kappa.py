# SPDX-License-Identifier: Apache-2.0
# Makes kappa.json with scikit-learn and statsmodels: python3 make-kappa.py > kappa.json
import json
import sys

import numpy as np
import sklearn
import statsmodels
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

tables = [
    [[20, 5], [10, 15]], [[47, 1], [2, 46]], [[90, 4], [3, 3]], [[0, 7], [9, 0]], [[30, 0], [0, 18]],
    [[5, 1], [0, 0]], [[25, 25], [25, 25]], [[3, 2], [2, 1]],
    [[40, 3, 2], [5, 30, 1], [0, 4, 11]], [[12, 0, 9], [1, 1, 1], [6, 0, 20]],
    [[8, 1, 0, 2], [1, 9, 3, 0], [0, 2, 7, 1], [1, 0, 1, 12]],
]
cases = []
for table in tables:
    first, second = [], []
    for row, counts in enumerate(table):
        for column, count in enumerate(counts):
            first += [row] * count
            second += [column] * count
    result = cohens_kappa(np.array(table))
    labels = list(range(len(table)))
    cases.append(dict(
        table=table, value=float(cohen_kappa_score(first, second, labels=labels)),
        lower=float(result.kappa_low), upper=float(result.kappa_upp)))
    assert abs(cases[-1]["value"] - float(result.kappa)) < 1e-12
json.dump(
    dict(
        madeWith=f"scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}",
        cases=cases),
    sys.stdout, indent=1)
print()
