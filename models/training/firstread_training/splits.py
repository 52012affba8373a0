"""Writes splits.csv: which film is for training, validation (recipe, epoch, threshold) or test (reported only).

Written and committed before any training. By patient for NIH; duplicates (the same film under two names, by
correlation of 128-pixel copies) keep one name, the others are `dropped`.

  train / val / test   as they say; the leave-Shenzhen-out protocol ignores Shenzhen's own and tests on all of it
"""
import argparse
import csv
import hashlib
import re
from pathlib import Path

import numpy as np

from .prepared import read_labels, read_prepared

SPLITS = Path(__file__).resolve().parent.parent / "splits.csv"
# Which copy of a duplicate stays: the source whose labels say most.
KEEP_ORDER = ("nodule/nih", "tb/shenzhen", "tb/tbx11k", "nodule/nih_boxed", "tb/pakistan", "other/pneumonia_mixed", "other/normal_mixed", "tb/mixed_positive")
# Shares of train and val per source; the rest is test. NIH serves mostly as the reported set of both models.
SHARES = {
    "tb/shenzhen": (0.60, 0.15), "tb/pakistan": (0.80, 0.10), "tb/mixed_positive": (0.80, 0.10),
    "other/normal_mixed": (0.70, 0.10), "other/pneumonia_mixed": (0.60, 0.10), "nodule/nih": (0.50, 0.15), "nodule/nih_boxed": (1.0, 0.0),
}


def fraction(key: str) -> float:
    """A fixed pseudo-random number in [0, 1) per key: splits do not move when films are added."""
    return int.from_bytes(hashlib.sha256(f"firstread-1 {key}".encode()).digest()[:7], "big") / 2**56


def half_of(key):
    """"1" or "2", fixed per film or patient: for figures of each half by nets that trained with the other."""
    return "1" if fraction(f"half {key}") < 0.5 else "2"


def find_duplicates(prepared, files, threshold=0.965):
    """Pairs (i, j) of films that correlate at 64 × 64 and again at 128 × 128."""
    pixels = prepared.stack(files).astype(np.float32)
    small = pixels.reshape(len(files), 64, 2, 64, 2).mean((2, 4)).reshape(len(files), -1)
    normalise = lambda x: (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-6) / np.sqrt(x.shape[1])
    # Films resemble each other; the fine structure tells: subtract the mean film before correlating.
    small = normalise(small)
    small = normalise(small - small.mean(0, keepdims=True))
    large = normalise(pixels.reshape(len(files), -1))
    pairs = []
    for start in range(0, len(files), 512):
        block = small[start:start + 512] @ small.T
        for i, j in np.argwhere(block > 0.88):
            if start + i < j and float(large[start + i] @ large[j]) > threshold:
                pairs.append((start + int(i), int(j)))
    return pairs


def choose(label, patient_group):
    source = label["source"]
    if source == "tb/tbx11k":
        # Official val is the reported set; a tenth of official train chooses.
        if label["official_split"] == "val":
            return "test"
        return "val" if fraction(label["image"]) < 0.10 else "train"
    train, val = SHARES[source]
    if source == "nodule/nih" and patient_group["nodule"]:
        return "test"
    if source == "nodule/nih" and patient_group["boxed"]:
        return "train"
    draw = fraction(f"{source} {label.get('patient') or label['image']}")
    return "train" if draw < train else "val" if draw < train + val else "test"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--whole", default="models/training/work/whole128")
    args = parser.parse_args()
    labels, prepared = read_labels(args.data), read_prepared(args.whole)
    files = sorted(file for file in labels if file in prepared.films)
    patient_of = lambda file: str(int(re.search(r"(\d{8})_", file)[1])) if labels[file]["source"].startswith("nodule/") else None
    nodule_patients = {patient_of(f) for f in files if labels[f]["source"] == "nodule/nih" and labels[f]["label"] == "nodule_or_mass"}
    boxed_patients = {patient_of(f) for f in files if labels[f]["source"] == "nodule/nih_boxed"}

    dropped = {}
    for i, j in find_duplicates(prepared, files):
        worse = max((files[i], files[j]), key=lambda f: (KEEP_ORDER.index(labels[f]["source"]), f))
        dropped[worse] = files[i] if worse == files[j] else files[j]
    rows = []
    for file in files:
        patient = patient_of(file)
        split = choose(labels[file], {"nodule": patient in nodule_patients, "boxed": patient in boxed_patients})
        note = ""
        if labels[file]["source"] == "nodule/nih_boxed" and patient in nodule_patients:
            split, note = "dropped", "patient is in nodule/nih's nodules"
        if file in dropped:
            split, note = "dropped", f"same film as {dropped[file]}"
        rows.append({"file": file, "source": labels[file]["source"], "label": labels[file]["label"], "split": split, "note": note})
    with open(SPLITS, "w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    counts = {}
    for row in rows:
        counts[(row["source"], row["label"], row["split"])] = counts.get((row["source"], row["label"], row["split"]), 0) + 1
    for key in sorted(counts):
        print(*key, counts[key])


def read_splits():
    with open(SPLITS, newline="") as handle:
        return {row["file"]: row for row in csv.DictReader(handle)}


if __name__ == "__main__":
    main()
