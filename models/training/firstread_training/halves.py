"""What two runs say together that trained with one half of a source's films each and were measured on the other half.

    python -m firstread_training.halves --tuberculosis 0.9.0      protocols half-1 and half-2: Shenzhen
    python -m firstread_training.halves --lung-nodule 0.10.0      versions 0.10.0h1 and h2, --real-half: nih_boxed"""
import argparse
import json
from pathlib import Path

import numpy as np

from . import measure
from .splits import read_splits


def tuberculosis(work, version):
    """Scores of the halves come from different nets and are ranked together as they are, which is rather too strict."""
    splits, halves = read_splits(), []
    for half in ("1", "2"):
        said = np.load(work / f"scores-tuberculosis-half-{half}-{version}.npz")
        at = np.array([splits[str(f)]["source"] == "tb/shenzhen" for f in said["files"]])
        halves.append((said["files"][at], said["raw"][at]))
    sick_of = lambda files: np.array([splits[str(f)]["label"] == "tb" for f in files])
    files, raw = (np.concatenate(part) for part in zip(*halves))
    sick, test = sick_of(files), np.array([splits[str(f)]["split"] == "test" for f in files])
    figures = {"trainedWith": [len(halves[1][0]), len(halves[0][0])], "aucOfEachHalf": [measure.auc(r[sick_of(f)], r[~sick_of(f)]) for f, r in halves]}
    for name, at in (("all", np.ones(len(files), bool)), ("testFilms", test), ("otherFilms", ~test)):
        p, n = raw[at & sick], raw[at & ~sick]
        figures[name] = {**measure.auc_with_interval(p, n), "specificityAt90": measure.specificity_at_sensitivity(p, n), "specificityAt90Interval": measure.bootstrap(measure.specificity_at_sensitivity, p, n)}
    return figures


def lung_nodule(work, version):
    """Sensitivity at so many false positives a film, over the boxes of both halves."""
    halves = [json.loads((work / f"figures-lung-nodule-real-{version}h{half}.json").read_text()) for half in ("1", "2")]
    count = sum(h["nihBoxedCount"] for h in halves)
    return {"boxes": count, "nihBoxedFroc": {at: sum(h["nihBoxedFroc"][at] * h["nihBoxedCount"] for h in halves) / count for at in halves[0]["nihBoxedFroc"]}, "each": [h["nihBoxedFroc"] for h in halves]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default="models/training/work")
    for run in (tuberculosis, lung_nodule):
        parser.add_argument(f"--{run.__name__.replace('_', '-')}", metavar="VERSION", dest=run.__name__)
    args = parser.parse_args()
    work = Path(args.work)
    for run in (tuberculosis, lung_nodule):
        version = getattr(args, run.__name__)
        if version:
            figures = run(work, version)
            print(json.dumps(figures, indent=1))
            (work / f"figures-{run.__name__.replace('_', '-')}-halves-{version}.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
