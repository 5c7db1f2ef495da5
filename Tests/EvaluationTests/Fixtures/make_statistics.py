"""Writes statistics.json with scipy 1.17.1, numpy and mpmath:

    python make_statistics.py > statistics.json

The normal distribution is mpmath's, for scipy's tail is off by 1e-13 at 37 standard deviations.
"""

import itertools
import json

import mpmath
import numpy as np
from scipy import special, stats

mpmath.mp.dps = 40
rng = np.random.default_rng(20240711)


def normal():
    points = [0, 1e-10, 0.1, 0.5, 0.67448975, 0.7, 1, 1.959963984540054, 3, 5, 5.66, 6, 8, 20, 37]
    points = sorted({s * p for p in points for s in (-1, 1)})
    quantiles = [1e-300, 1e-20, 1e-8, 0.001, 0.025, 0.075, 0.2, 0.5, 0.7, 0.925, 0.975, 1 - 1e-12]
    return {
        "cdf": [[x, float(mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2)] for x in points],
        "quantile": [[p, special.ndtri(p)] for p in quantiles],
    }


def student():
    freedoms = [1, 1.5, 2, 3.7, 5, 10, 30.2, 100, 5000]
    points = [-40, -3.2, -1, -0.01, 0, 0.3, 1, 2.5, 12]
    return {
        "cdf": [[t, f, stats.t.cdf(t, f)] for f in freedoms for t in points],
        "quantile": [
            [p, f, stats.t.ppf(p, f)] for f in freedoms for p in [0.001, 0.025, 0.4, 0.9, 0.995]
        ],
    }


def binomial():
    cases = [(0, 1, 0.5), (3, 10, 0.5), (2, 20, 0.03), (480, 1000, 0.5), (6900, 14042, 0.5), (17, 18, 0.9)]
    return [[k, n, p, stats.binom.cdf(k, n, p), stats.binom.pmf(k, n, p)] for k, n, p in cases]


def mcnemar():
    rows = []
    for b, c in [(0, 0), (1, 0), (5, 5), (1, 7), (59, 121), (700, 620), (0, 30)]:
        m, low = b + c, min(b, c)
        exact = min(1, 2 * stats.binom.cdf(low, m, 0.5)) if m else 1
        # binomtest's two-sided p-value is the same sum, term by term
        assert m == 0 or abs(exact - stats.binomtest(b, m, 0.5).pvalue) < 1e-12
        seen = stats.binom.pmf(low, m, 0.5)
        mid = 1 if m == 0 else 1 - seen / 2 if b == c else exact - seen
        chi = (b - c) ** 2 / m if m else None
        corrected = max(0, abs(b - c) - 1) ** 2 / m if m else None
        rows.append([b, c, exact, mid, chi, corrected])
    return rows


def wilson():
    rows = []
    for k, n in [(0, 5), (5, 5), (1, 3), (37, 100), (7021, 14042)]:
        interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        rows.append([k, n, interval.low, interval.high])
    return rows


def welch():
    rows = []
    for n, m in [(2, 2), (3, 5), (10, 4)]:
        a, b = rng.normal(0.5, 0.1, n), rng.normal(0.4, 0.3, m)
        result = stats.ttest_ind(a, b, equal_var=False)
        interval = result.confidence_interval(0.95)
        rows.append(
            {
                "a": a.tolist(), "b": b.tolist(), "t": result.statistic, "p": result.pvalue,
                "freedom": result.df, "low": interval.low, "high": interval.high,
            }
        )
    return rows


def paired():
    """Miller's formulas, written out as the paper has them (double sums over pairs)."""
    rows = []
    for n, groups in [(12, 4), (40, 7)]:
        a, b = rng.integers(0, 2, n).astype(float), rng.random(n)
        clusters = rng.integers(0, groups, n)
        d = a - b
        m = d.mean()
        plain = sum((x - m) ** 2 for x in d) / n**2
        cross = sum(
            (d[i] - m) * (d[j] - m)
            for i, j in itertools.permutations(range(n), 2)
            if clusters[i] == clusters[j]
        )
        rows.append(
            {
                "a": a.tolist(), "b": b.tolist(), "clusters": clusters.tolist(),
                "difference": m, "standardError": stats.sem(d),
                "clusteredError": (plain + cross / n**2) ** 0.5,
                "correlation": np.corrcoef(a, b)[0, 1],
                "p": 2 * stats.norm.sf(abs(m) / stats.sem(d)),
            }
        )
    return rows


def holm():
    p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03]
    order, adjusted, greatest = np.argsort(p, kind="stable"), [0.0] * len(p), 0.0
    for rank, index in enumerate(order):
        greatest = max(greatest, min(1, (len(p) - rank) * p[index]))
        adjusted[index] = greatest
    return {"p": p, "adjusted": adjusted}


def power():
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    return {
        "questions": int(np.ceil(z**2 * (1 / 9 + (1 / 6) / 5 + (1 / 6) / 10) / 0.03**2)),
        "detectable": z * ((1 / 9) / 969) ** 0.5,
    }


def quantile():
    values = np.sort(rng.normal(size=17))
    return {
        "values": values.tolist(),
        "quantiles": [[p, np.quantile(values, p)] for p in [0, 0.025, 0.3, 0.5, 0.975, 1]],
    }


fixture = {
    "normal": normal(), "student": student(), "binomial": binomial(), "mcnemar": mcnemar(),
    "wilson": wilson(), "welch": welch(), "paired": paired(), "holm": holm(), "power": power(),
    "quantile": quantile(),
    "logGamma": [[x, special.gammaln(x)] for x in [0.5, 1, 1.5, 2, 7.25, 15, 100.5, 5000.5]],
}
print(json.dumps(fixture, default=float, separators=(",", ":")))
