#!/usr/bin/env python3
"""Writes scipy.json: what scipy answers to the questions that tests/it/scipy.rs puts to this crate.

    pip install scipy==1.17.1
    python3 crates/insights/tests/it/ask_scipy.py > crates/insights/tests/it/scipy.json
"""

import json

import numpy
from scipy import stats

draw = numpy.random.default_rng(36)


def finite(number):
    return None if numpy.isnan(number) else float(number)


def rates():
    cases = [(0, 1), (1, 1), (0, 20), (20, 20), (7, 20), (1, 30), (512, 1000), (9999, 10000)]
    for _ in range(12):
        of = int(draw.integers(1, 400))
        cases.append((int(draw.integers(0, of + 1)), of))
    for some, of in cases:
        test = stats.binomtest(some, of)
        wilson = test.proportion_ci(0.95, "wilson")
        exact = test.proportion_ci(0.95, "exact")
        yield {"some": some, "of": of, "wilson": [wilson.low, wilson.high], "exact": [exact.low, exact.high]}


def newcombe(one, other):
    """Newcombe's hybrid of scipy's Wilson intervals."""
    bounds = [stats.binomtest(*rate).proportion_ci(0.95, "wilson") for rate in (one, other)]
    first, second = one[0] / one[1], other[0] / other[1]
    low = first - second - numpy.hypot(first - bounds[0].low, bounds[1].high - second)
    high = first - second + numpy.hypot(bounds[0].high - first, second - bounds[1].low)
    return [float(low), float(high)]


def pairs_of_rates():
    cases = [((0, 10), (10, 10)), ((5, 20), (5, 20)), ((1, 1), (0, 1)), ((56, 70), (48, 80)), ((4800, 5000), (4700, 5000))]
    for _ in range(15):
        of = [int(draw.integers(1, 300)) for _ in range(2)]
        cases.append(tuple((int(draw.integers(0, all + 1)), all) for all in of))
    for one, other in cases:
        table = [[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]]
        chance = stats.fisher_exact(table).pvalue
        yield {"one": one, "other": other, "newcombe": newcombe(one, other), "fisher": float(chance)}


def groups():
    for number in range(10):
        one = draw.normal(10 + number / 4, 3, int(draw.integers(5, 80)))
        other = draw.normal(10, 3, int(draw.integers(5, 80)))
        if number % 2:
            # Counts, as of deaths, with many ties.
            one, other = numpy.floor(one / 3), numpy.floor(other / 3)
        test = stats.mannwhitneyu(one, other, method="asymptotic")
        yield {"one": one.tolist(), "other": other.tolist(), "mann_whitney": float(test.pvalue)}


def medians():
    for number, sizes in enumerate([(25, 40), (40, 25), (61, 300), (400, 350), (24, 24)]):
        one = draw.exponential(10 + number, sizes[0])
        other = draw.exponential(10, sizes[1])
        test = stats.bootstrap(
            (one, other),
            lambda one, other, axis: numpy.median(one, axis=axis) - numpy.median(other, axis=axis),
            method="percentile", n_resamples=50_000, vectorized=True, random_state=draw,
        )
        interval = test.confidence_interval
        yield {"one": one.tolist(), "other": other.tolist(), "bootstrap": [float(interval.low), float(interval.high)]}


def correlated():
    for number in range(10):
        of = int(draw.integers(5, 120))
        one = draw.normal(size=of)
        other = one * (number - 5) / 3 + draw.normal(size=of)
        if number % 2:
            one, other = numpy.round(one), numpy.round(other)
        rho, chance = stats.spearmanr(one, other)
        around = stats.norm.ppf(0.975) * numpy.sqrt((1 + rho**2 / 2) / (of - 3))
        low, high = numpy.tanh(numpy.arctanh(rho) - around), numpy.tanh(numpy.arctanh(rho) + around)
        yield {"one": one.tolist(), "other": other.tolist(), "rho": float(rho), "chance": float(chance), "interval": [float(low), float(high)]}


def trends():
    for number in range(10):
        of = int(draw.integers(6, 90))
        at = numpy.arange(of, dtype=float)
        values = at * (number - 5) / 20 + draw.normal(0, 2, of)
        if number % 3 == 1:
            at, values = numpy.floor(at / 2), numpy.round(values)
        slope, _, low, high = stats.theilslopes(values, at, 0.95)
        kendall = stats.kendalltau(at, values, method="asymptotic").pvalue
        yield {"at": at.tolist(), "values": values.tolist(), "slope": float(slope), "kendall": float(kendall), "interval": [float(low), float(high)]}


def many():
    for of in (1, 2, 65, 400):
        chances = draw.uniform(size=of) ** 2
        yield {"chances": chances.tolist(), "adjusted": stats.false_discovery_control(chances).tolist()}


made = {
    "rates": list(rates()), "pairs_of_rates": list(pairs_of_rates()), "groups": list(groups()), "medians": list(medians()),
    "correlated": list(correlated()), "trends": list(trends()), "many": list(many()),
}
print(json.dumps(made))
