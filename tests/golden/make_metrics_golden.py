#!/usr/bin/env python3
"""Writes metrics_small.h5: scores, labels and voltages with their evaluation metrics, float64.

The ROC curve is scikit-learn's (roc_curve with drop_intermediate=True, area by auc). The others:
  TPR at FPR f        TPR of the ROC point whose FPR is nearest to f, the first of several, but
                      never the (0, 0) point
  mean TPR below f    mean over the grid points k / 19999 < f of the TPR by numpy.interp (of several
                      points with one FPR, the last and highest counts)
  explained variance  100 (1 - var(target - prediction) / var(target)), %, population variance
  RMSE, MAE           of prediction - target, mV
  aligned             the same three for (v - mean v) sd(target) / sd(v) + mean(target), population
                      mean and SD
Where a figure is not defined (no positive label, no negative one), NaN is stored.
"""

import argparse
import pathlib
import warnings

import h5py
import numpy as np
import sklearn
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import auc, roc_curve

RATES = (0.0025, 0.01)
GRID = np.linspace(0.0, 1.0, 20000)


def classification(label, score):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        false_positive, true_positive, _ = roc_curve(label, score, drop_intermediate=True)
    figures = {"roc_false_positive_rate": false_positive, "roc_true_positive_rate": true_positive}
    defined = bool(np.isfinite(false_positive).all() and np.isfinite(true_positive).all())
    figures["auc"] = auc(false_positive, true_positive) if defined else np.nan
    for rate in RATES:
        figures[f"tpr_at_{rate}"] = figures[f"mean_tpr_below_{rate}"] = np.nan
        if defined:
            nearest = int(np.argmin(np.abs(false_positive - rate)))
            figures[f"tpr_at_{rate}"] = true_positive[max(nearest, 1)]
            interpolated = np.interp(GRID, false_positive, true_positive)
            figures[f"mean_tpr_below_{rate}"] = interpolated[GRID < rate].mean()
    return figures


def regression(target, prediction):
    error = prediction - target
    return {
        "explained_variance_percent": 100.0 * (1.0 - np.var(target - prediction) / np.var(target)),
        "rmse_mV": np.sqrt(np.mean(error**2)),
        "mae_mV": np.mean(np.abs(error)),
    }


def align(target, prediction):
    return (prediction - prediction.mean()) * (target.std() / prediction.std()) + target.mean()


def sigmoid(logit):
    return 1.0 / (1.0 + np.exp(-logit))


def spiking(random, n_bins, n_spikes, separation):
    label = np.zeros(n_bins, dtype=np.int64)
    label[random.choice(n_bins, n_spikes, replace=False)] = 1
    return label, sigmoid(random.normal(-4.0, 1.5, n_bins) + separation * label)


def voltage(random, n_bins, offset, gain):
    """Target and prediction in mV above -67.7; the target is clipped at -55 mV (12.7)."""
    slow = np.convolve(
        random.normal(0.0, 1.0, n_bins + 40), np.exp(-np.arange(41) / 10.0), mode="valid"
    )[:n_bins]
    target = np.minimum(slow * 1.5 + 1.0, 12.7)
    prediction = gain * target + offset + random.normal(0.0, 0.6, n_bins)
    return np.round(target * 4096) / 4096, np.round(prediction * 4096) / 4096


def examples():
    random = np.random.Generator(np.random.PCG64(2024))

    label, score = spiking(random, 1500, 40, 4.0)
    yield "distinct_scores", label, score, voltage(random, 1500, 0.0, 1.0)

    label, score = spiking(random, 2000, 30, 3.0)
    yield "many_ties", label, np.round(score * 32) / 32, voltage(random, 2000, 0.4, 0.9)

    # Distinct logits whose sigmoid coincides in float32: rank by the stored score.
    label, score = spiking(random, 1500, 25, 3.0)
    logit = np.concatenate(
        [np.log(score[:750] / (1 - score[:750])), 15.0 + 3.0 * random.random(750)]
    )
    yield (
        "float32_ties",
        label,
        sigmoid(logit).astype(np.float32).astype(np.float64),
        voltage(random, 1500, -2.0, 1.1),
    )

    label, score = spiking(random, 400, 12, 2.0)
    yield "all_scores_equal", label, np.full(400, 0.25), voltage(random, 400, 0.0, 0.5)

    yield (
        "no_positive",
        np.zeros(300, dtype=np.int64),
        random.random(300),
        voltage(random, 300, 1.0, 1.0),
    )
    yield (
        "no_negative",
        np.ones(50, dtype=np.int64),
        random.random(50),
        voltage(random, 50, 0.0, 1.3),
    )
    yield (
        "one_positive_on_top",
        np.array([0, 1, 0, 0, 0]),
        np.array([0.1, 0.9, 0.2, 0.2, 0.3]),
        voltage(random, 5, 0, 1),
    )
    yield (
        "one_positive_tied_on_top",
        np.array([0, 1, 0, 0]),
        np.array([0.1, 0.9, 0.9, 0.2]),
        voltage(random, 4, 0, 1),
    )
    yield (
        "perfectly_wrong",
        np.array([0, 0, 0, 1, 1]),
        np.array([0.9, 0.8, 0.7, 0.2, 0.1]),
        voltage(random, 5, 0, -1),
    )

    # The first point after (0, 0) is never dropped, collinear or not: TPR at a low FPR is that of
    # one positive.
    yield (
        "collinear_from_the_origin",
        np.array([1, 1, 1, 0, 0, 0, 1, 0]),
        np.linspace(0.9, 0.2, 8),
        voltage(random, 8, 0.0, 1.0),
    )
    # Equal steps through ties, and unequal collinear ones (false +1, +2; true +1, +2), which stay.
    yield (
        "collinear_ties",
        np.array([1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0]),
        np.array([0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6, 0.6, 0.6, 0.5]),
        voltage(random, 11, 0.0, 1.0),
    )
    # 400 negatives: several ROC points lie at FPR 0.0025 exactly. The first counts.
    label = np.concatenate(
        [
            np.array([1, 0, 1, 1, 0, 0, 1, 0]),
            np.zeros(396, dtype=np.int64),
            np.ones(6, dtype=np.int64),
        ]
    )
    yield (
        "points_at_the_rate",
        label,
        np.linspace(1.0, 0.0, len(label)),
        voltage(random, len(label), 0.2, 1.0),
    )
    # Scores at the ends of the range, from 1 down to the smallest double.
    yield (
        "extreme_scores",
        np.array([1, 0, 1, 0, 1, 0]),
        np.array([1.0, 1.0 - 2.0**-53, 5e-324, 0.0, 1e-300, 1e-310]),
        voltage(random, 6, 0.0, 1.0),
    )


def store(group, name, values):
    options = (
        dict(compression="gzip", compression_opts=9, shuffle=True, chunks=values.shape)
        if values.nbytes > 640
        else {}
    )
    group.create_dataset(name, data=values, track_times=False, **options)


def main():
    options = argparse.ArgumentParser(description="Small metric reference examples in float64.")
    options.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).with_name("metrics_small.h5")
    )
    path = options.parse_args().output
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        file.attrs["source"] = "tests/golden/make_metrics_golden.py"
        file.attrs["numpy_version"] = np.__version__
        file.attrs["scikit_learn_version"] = sklearn.__version__
        for name, label, score, (target, prediction) in examples():
            group = file.create_group(name)
            aligned = align(target, prediction)
            figures = classification(label, score)
            figures.update(regression(target, prediction))
            figures.update(
                {"aligned_" + key: value for key, value in regression(target, aligned).items()}
            )
            store(group, "label", label.astype(np.uint8))
            for key, values in (
                ("score", score),
                ("voltage_target_mV", target),
                ("voltage_prediction_mV", prediction),
            ):
                store(group, key, np.asarray(values, dtype=np.float64))
            for key, value in figures.items():
                if np.ndim(value):
                    store(group, key, value)
                else:
                    group.attrs[key] = np.float64(value)
            print(
                f"{name:28s} bins {len(label):5d}  "
                f"roc points {len(figures['roc_true_positive_rate']):4d} auc {figures['auc']:.6f}  "
                f"tpr {figures['tpr_at_0.0025']:.4f} {figures['tpr_at_0.01']:.4f}  mean tpr "
                f"{figures['mean_tpr_below_0.0025']:.5f} {figures['mean_tpr_below_0.01']:.5f}  "
                f"ev {figures['explained_variance_percent']:.3f}  rmse {figures['rmse_mV']:.4f}"
            )
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
