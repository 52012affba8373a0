"""Figures with bootstrap 95 % intervals (films resampled, classes kept apart, fixed seed)."""
import numpy as np
from scipy.stats import rankdata


def auc(positive, negative):
    ranks = rankdata(np.concatenate([positive, negative]))
    p, n = len(positive), len(negative)
    return float((ranks[:p].sum() - p * (p + 1) / 2) / (p * n))


def bootstrap(statistic, *samples, rounds=1000, seed=20261121):
    rng = np.random.default_rng(seed)
    values = [statistic(*(sample[rng.integers(0, len(sample), len(sample))] for sample in samples)) for _ in range(rounds)]
    return [float(v) for v in np.percentile(values, [2.5, 97.5])]


def auc_with_interval(positive, negative):
    positive, negative = np.asarray(positive), np.asarray(negative)
    return {"auc": auc(positive, negative), "interval95": bootstrap(auc, positive, negative), "positives": len(positive), "negatives": len(negative)}


def threshold_at_sensitivity(positive, sensitivity=0.9):
    """The highest threshold at which at least this share of the positives scores >= it."""
    ordered = np.sort(np.asarray(positive))
    return float(ordered[int(np.floor(len(ordered) * (1 - sensitivity)))])


def specificity_at_sensitivity(positive, negative, sensitivity=0.9):
    return float(np.mean(np.asarray(negative) < threshold_at_sensitivity(positive, sensitivity)))


def rate(scores, threshold):
    """Share at or above the threshold with a Wilson 95 % interval."""
    scores = np.asarray(scores)
    n = max(1, len(scores))
    p, z = float(np.mean(scores >= threshold)) if len(scores) else 0.0, 1.96
    centre, half = (p + z * z / 2 / n) / (1 + z * z / n), z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n)
    return {"rate": p, "interval95": [max(0.0, centre - half), min(1.0, centre + half)], "count": len(scores)}
