"""Writes card.md of every model, and its curves, from its manifest and the figures that its training left in the work
folder. No figure is typed by hand: a card without a run behind it cannot be written."""
import argparse
import json
from pathlib import Path

import numpy as np

from . import plots
from .card_parts import data_table, sub_group_table, table, worst_films
from .measure import format_auc, format_rate
from .splits import read_splits

NOT_A_DEVICE = """**Not a medical device.** It puts films in an order for a radiologist who reads all of them; it does not diagnose, and a
film without a flag is not a normal film. Weights: research and evaluation only, see [LICENSE-WEIGHTS.md](../LICENSE-WEIGHTS.md).
Trunk of the network: {trunk}."""
SQUEEZE = "SqueezeNet 1.1 from ImageNet weights (rcmalli/keras-squeezenet, MIT), trained on by this project"


def load(path):
    path = Path(path)
    return json.loads(path.read_text()) if path.exists() else None


def opening(manifest, what, trunk):
    status = manifest["provenance"]["status"]
    notice = "\n\n> **Interim.** Trained within hours on two CPU cores shared with other work; still improving when it was stopped, to be replaced by longer training." if status == "interim" else ""
    return f"# {manifest['name']} {manifest['version']} ({status})\n\n{what}{notice}\n\n{NOT_A_DEVICE.format(trunk=trunk)}\n\nsha256 `{manifest['sha256']}`, trained {manifest['provenance']['trainedAt']}.\n"


SPLIT_NOTE = "Splits are in `models/training/splits.csv`, written before training. Intervals are 95 %: Wilson for rates, bootstrap over films for AUC and Dice."


def robustness_table(robustness):
    if not robustness:
        return "Not measured yet for this version."
    rows = [(name, f"{r['meanAbsolute']:.1f}", f"{r['within5']:.2f}", f"{r['flagsChanged']:.2f}", f"{r['newFlags']:.2f}", r["refused"]) for name, r in robustness["changes"].items()]
    return f"Through the serving code, {robustness['films']} test films, change of the score in points of 100 against the film as it is:\n\n" + table(rows, ("distortion", "mean change", "share within 5 points", "flag changed", "newly flagged", "films refused"))


def lung_field_card(manifest, figures, held_out):
    f = figures
    rows = [("frontal chests, all sources (held out)", format_rate(f["chestsPassed"])), *((f"… {s}", format_rate(r)) for s, r in f["chestsPassedPerSource"].items()), ("drawn schematic chests (other seed)", format_rate(f["drawnChestsPassed"])), ("mirrored chests", format_rate(f["mirroredPassed"]))]
    refused = [("upside-down chests", f["upsideDownPassed"]), ("chests turned by half", f["halfTurnPassed"]), ("chests on their side", f["sidewaysPassed"]), ("chests with grey inverted", f["invertedPassed"]), ("pieces, collages, scrambled, much too small", f["spoiledPassed"]), *((f"drawn: {k}", r) for k, r in f["drawnOthersPassed"].items()), ("real non-chest pictures of the DICOM folder, **in training**", f["realOthersPassed"])]
    if held_out:
        refused.append(("real non-chest pictures, measured with a net trained without any of them", held_out["realOthersPassed"]))
    return opening(manifest, "Finds the lungs on a chest film (mask 128 × 128) and says whether the picture is an upright frontal chest at all. The other models look where it points; eligibility asks it whatever the header says.", "none, trained from scratch") + f"""
## Figures

{SPLIT_NOTE}

Dice of the mask on Shenzhen's test films: **{f['dice']['mean']:.3f}** [{f['dice']['interval95'][0]:.3f}, {f['dice']['interval95'][1]:.3f}], n = {f['dice']['count']}, worst film {f['dice']['worst']:.2f}.

Share that passes as a frontal chest, threshold {f['threshold']}; should pass:

{table(rows, ('pictures', 'passed'))}

Should be refused:

{table([(n, format_rate(r)) for n, r in refused], ('pictures', 'passed (0 is right)'))}

## What no real film has tested

Real lateral views, real hands, real post-mortem or paediatric positioning films, real ultrasound beyond the few files of
the DICOM folder: those kinds are drawings of this project (`models/training/firstread_training/draw.py`). The one animal is the dog of
a public DICOM project, and it is in training. "For Processing" pictures are refused by their header, never by this network.

## Data

Masks: Shenzhen training films only. Verdict: training films of every source in `splits.csv` against {f.get('realCount', 'the')} real non-chest
pictures (public DICOM test files), drawings, and chests turned, inverted, cut and rearranged. Small children are in the
positives (viral pneumonia films), infants in incubators are not.
"""


FAILURES = """The pictures themselves are not ours to publish; `python -m firstread_training.failures` draws them, with heat and boxes, into
the work folder of whoever has the films."""


def interval(value, bounds):
    return f"{value:.2f} [{bounds[0]:.2f}, {bounds[1]:.2f}]"


def tuberculosis_card(manifest, shipped, alone, robustness, data, folder, work):
    threshold = manifest["thresholds"][0]
    splits = read_splits()
    groups = [(g, format_rate(r)) for g, r in shipped["perGroup"].items()]
    s = shipped["tb/shenzhen"]
    scores = np.load(work / f"scores-tuberculosis-shipped-{manifest['version']}.npz")
    files, points = [str(f) for f in scores["files"]], scores["points"]
    label = np.array([splits[f]["label"] for f in files])
    at = np.array([f.startswith("tb/shenzhen/") for f in files])
    sick, free = points[at & (label == "tb")], points[at & (label == "normal")]
    curves = [("Shenzhen's test films, shipped net", sick, free)]
    elsewhere = "not measured for this recipe."
    if alone:
        a = alone["tb/shenzhen"]
        elsewhere = f"AUC **{format_auc(a)}**, specificity at 90 % sensitivity {interval(a['specificityAt90'], a['specificityAt90Interval'])}; pointing on TBX11K's official validation films {format_rate(alone['pointing'])}. This is a net of the first part of the recipe (the shipped one went on from it, with Shenzhen); expect figures like these, not those below, on films from elsewhere."
        other = np.load(work / f"scores-tuberculosis-without-shenzhen-{alone['version']}.npz")
        where = np.array([str(f).startswith("tb/shenzhen/") for f in other["files"]])
        truth = np.array([splits[str(f)]["label"] for f in other["files"]])
        curves.insert(0, ("all of Shenzhen, net that saw none of it", other["raw"][where & (truth == "tb")], other["raw"][where & (truth == "normal")]))
    t = threshold["threshold"]
    plots.roc(folder / "roc.png", "Tuberculosis against normal, Shenzhen", curves, [(f"shipped threshold {t}", float(np.mean(free >= t)), float(np.mean(sick >= t)))][:1])
    nih = [i for i, f in enumerate(files) if f.startswith("nodule/nih/")]
    return opening(manifest, "Tuberculosis on frontal chest films of people from 15 years on: a score of 0–100 and a heatmap (32 × 32 over the lung crop).", SQUEEZE) + f"""
## Figures

{SPLIT_NOTE} Figures are claimed only where both classes come from the same hospital.

**Another hospital** (trained and chosen without Shenzhen, tested on all of it): {elsewhere}

**Shipped net** (Shenzhen's training films in training), Shenzhen test films: AUC **{format_auc(s)}**, specificity at 90 % sensitivity {interval(s['specificityAt90'], s['specificityAt90Interval'])}. Hottest cell inside a box (TBX11K, official validation films): {format_rate(shipped['pointing'])}.

![ROC curves](roc.png)

Shipped threshold **{t}** ({threshold['origin']}). On Shenzhen's test films: sensitivity {format_rate(shipped['perGroup']['tb/shenzhen tb'])}, flagged without tuberculosis {format_rate(shipped['perGroup']['tb/shenzhen normal'])}. Share of all test films at or above it:

{table(groups, ('source and label', 'flagged'))}

The rule that picks the threshold (on validation films) was made stricter once, after version 0.1.0's test figures had been seen; the
flagged shares above are therefore not wholly blind, AUC and pointing are.

Thresholds do not transfer between hospitals: calibrate on site (`firstread calibrate`). The rows of Pakistan, TBX11K and the mixed positives show how often
films are flagged, and nothing about telling sick from healthy: their classes come from different places or there is one class only.

### By sex, age and view

Only NIH's films carry them, and none of those has tuberculosis: what can be said is how often films without it are flagged.

{sub_group_table(data, [files[i] for i in nih], [points[i] for i in nih], t, [label[i].replace("_", " ") for i in nih])}

### Where it fails

Shenzhen's test films:

{worst_films([f for f, k in zip(files, at) if k], points[at], label[at] == "tb")}

{FAILURES}

## Robustness

{robustness_table(robustness)}

{twin_note(shipped)}

## Data

{data_table(splits, lambda row: row["source"] != "nodule/nih_boxed" and row["label"] != "nodule_or_mass")}

## Not for, not tested

Children under 15 (the viral-pneumonia films that stand for them are small children and not the population), lateral views,
extrapulmonary tuberculosis, HIV-related pictures without visible shadows, follow-up of treatment. Healed tuberculosis counts as positive in
training (TBX11K's obsolete boxes).
"""


def twin_note(figures):
    twin = figures.get("fp16")
    return "" if twin is None else f"Half-precision twin (`model.fp16.onnx`, for GPUs) against this one on {twin['films']} films: at most {twin['pointsMax']:.2f} points of 100. Batch of 1 against batch of 32: at most {figures['batchPointsMax']:.3f} points."


def nodule_card(manifest, shipped, synthetic, robustness, data, folder, work):
    threshold, splits = manifest["thresholds"][0], read_splits()
    text = lambda froc: ", ".join(f"{100 * v:.0f} % at {k}" for k, v in froc.items())
    image, real = shipped["nihImage"], shipped["nihBoxedInTraining"]
    rows = [("drawn nodules of 10–30 mm in held-out normal NIH films", text(shipped["drawnFroc"]))]
    if not real:
        rows.append(("third party's boxes on NIH films (no real nodule in training)", text(shipped["nihBoxedFroc"])))
    elif synthetic:
        rows.append((f"third party's boxes on NIH films, by version {synthetic['version']}, which had seen no real nodule", text(synthetic["nihBoxedFroc"])))
    scores = np.load(work / f"scores-lung-nodule{'-real' if real else ''}-{manifest['version']}.npz")
    files, points, kinds = [str(f) for f in scores["files"]], scores["points"], scores["kinds"]
    plots.roc(folder / "roc.png", "Nodule or mass against normal, NIH", [("image score", points[kinds == "nodule"], points[kinds == "normal"])], [(f"shipped threshold {threshold['threshold']}", image["flaggedNormals"]["rate"], image["sensitivity"]["rate"])])
    plots.froc(folder / "froc.png", "Drawn nodules of 10–30 mm", [("held-out normal NIH films", scores["drawnFalsePositives"], scores["drawnFound"])])
    chance = " **No better than chance**: read a nodule flag of this version as a demonstration of the pipeline." if image["interval95"][0] <= 0.5 else ""
    named = {"nodule": "nodule or mass", "normal": "normal", "other": "other finding"}
    against = kinds != "other"
    return opening(manifest, "Round shadows in the lungs (nodules and masses, 7–65 mm) on frontal films of people from 15 years on: boxes with scores of 0–100; the image's score is its best box's.", SQUEEZE) + f"""
## Figures

{SPLIT_NOTE}

{table(rows, ('films', 'sensitivity at false positives per film'))}

![FROC curve](froc.png)

Image score on `nodule/nih` (35 nodule or mass films of 33 patients against held-out normals): AUC **{format_auc(image)}**, specificity at 90 % sensitivity {interval(image['specificityAt90'], image['specificityAt90Interval'])}.{chance}
So few films decide nothing by themselves. They were in no training and chose no epoch and no threshold; but what versions up to 0.3.0 missed and
flagged on them was looked at before 0.4.0's drawing of nodules was changed, so for 0.4.0 and later they are not wholly blind.

![ROC curve](roc.png)

Shipped threshold **{threshold['threshold']}** ({threshold['origin']}): flags {format_rate(image['sensitivity'])} of those nodule films, {format_rate(image['flaggedNormals'])} of the normals and {format_rate(image['flaggedOthers'])} of films with other findings.

### By sex, age and view

{sub_group_table(data, files, points, threshold['threshold'], [named[str(k)] for k in kinds])}

### Where it fails

{worst_films([f for f, k in zip(files, against) if k], points[against], kinds[against] == "nodule")}

{FAILURES}

## Robustness

{robustness_table(robustness)}

{twin_note(shipped)}

## Data

{data_table(splits, lambda row: row["source"] in ("nodule/nih", "nodule/nih_boxed") or row["label"] == "normal" and row["source"] in ("other/normal_mixed", "tb/shenzhen"))}

## Not for, not tested

Trained on nodules *drawn* into films without any{', on 49 films with a third party’s rough boxes, and on their lesions laid onto other films' if real else ''}; no film with a nodule proven by CT was available. Faint nodules, those behind heart, diaphragm and clavicles and
ground-glass are missed often. Nipples, calcified granulomas, vessel crossings and implants are flagged at times. Films as small as
256 × 256 are read, with fewer small nodules found. Size in mm only where the film's spacing is known and calibrated.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--models", default="models")
    parser.add_argument("--data", default="../shared/data")
    args = parser.parse_args()
    work, models = Path(args.work), Path(args.models)
    manifest = lambda name: load(models / name / "model.json")
    robustness = lambda m: load(work / f"robustness-{m['name']}-{m['version']}.json")

    def newest(prefix):
        """The last run's figures under this name, with its version."""
        path = max(work.glob(f"figures-{prefix}[0-9]*.json"), key=lambda p: p.stat().st_mtime, default=None)
        return path and {**load(path), "version": path.stem.removeprefix(f"figures-{prefix}").removesuffix("-heldout")}

    m = manifest("lung-field")
    cards = {"lung-field": lung_field_card(m, load(work / f"figures-lung-field-{m['version']}.json"), load(work / f"figures-lung-field-{m['version']}-heldout.json"))}
    m = manifest("tuberculosis")
    cards["tuberculosis"] = tuberculosis_card(m, load(work / f"figures-tuberculosis-shipped-{m['version']}.json"), newest("tuberculosis-without-shenzhen-"), robustness(m), args.data, models / "tuberculosis", work)
    m = manifest("lung-nodule")
    real = "-real" if "nodule/nih_boxed" in m["provenance"]["trainedOn"] else ""
    cards["lung-nodule"] = nodule_card(m, load(work / f"figures-lung-nodule{real}-{m['version']}.json"), newest("lung-nodule-"), robustness(m), args.data, models / "lung-nodule", work)
    for name, text in cards.items():
        (models / name / "card.md").write_text(text)
        print(models / name / "card.md")


if __name__ == "__main__":
    main()
