"""Writes seeds.json with statsmodels 0.14 and numpy:

    python make_seeds.py > seeds.json

The mean squares are those of statsmodels' two-way analysis of variance without interaction; the components follow
from their expectations (E MS_s = σ²_e + n σ²_s, E MS_q = σ²_e + K σ²_q, E MS_e = σ²_e). Clustered standard
errors are statsmodels' (`cov_type="cluster"`, no correction) of a regression on a constant.
"""

import json

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower

rng = np.random.default_rng(20240714)


def components(k, n, seed_sd):
    seeds, questions = rng.normal(0, seed_sd, k), rng.normal(0, 0.3, n)
    p = np.clip(0.5 + seeds[:, None] + questions[None, :], 0.02, 0.98)
    y = (rng.random((k, n)) < p).astype(float)
    frame = pd.DataFrame(
        [(s, q, y[s, q]) for s in range(k) for q in range(n)], columns=["seed", "question", "y"]
    )
    table = sm.stats.anova_lm(smf.ols("y ~ C(seed) + C(question)", frame).fit(), typ=1)
    ms = (table["sum_sq"] / table["df"]).to_dict()
    rest = ms["Residual"]
    return {
        "values": y.tolist(), "mean": y.mean(), "rest": rest,
        "seed": max(0.0, (ms["C(seed)"] - rest) / n),
        "question": max(0.0, (ms["C(question)"] - rest) / k),
    }


def clustered(n, groups):
    d, g = rng.normal(0.1, 1, n), rng.integers(0, groups, n)
    fit = sm.OLS(d, np.ones(n)).fit(
        cov_type="cluster", cov_kwds={"groups": g, "use_correction": False}
    )
    return {"values": d.tolist(), "clusters": g.tolist(), "mean": d.mean(), "error": fit.bse[0]}


def needed(variance, effect):
    # A paired comparison is a test of one sample: `NormalIndPower` with ratio 0.
    n = NormalIndPower(ddof=0).solve_power(
        effect / variance**0.5, alpha=0.05, power=0.8, ratio=0, alternative="two-sided"
    )
    return [variance, effect, int(np.ceil(n))]


p = rng.random(9) ** 3
print(
    json.dumps(
        {
            "components": [components(3, 40, 0.15), components(5, 25, 0.0), components(2, 8, 0.3)],
            "clustered": [clustered(30, 6), clustered(12, 12)],
            "holm": {"p": p.tolist(), "adjusted": multipletests(p, method="holm")[1].tolist()},
            "mcnemar": [
                [b, c, mcnemar([[10, b], [c, 10]], exact=True).pvalue]
                for b, c in [(4, 11), (0, 6), (30, 31)]
            ],
            "needed": [needed(0.25, 0.05), needed(0.1, 0.02), needed(0.4, 0.3)],
        },
        separators=(",", ":"),
    )
)
