"""Writes card.md of every model from its manifest and the figures that its training left in the work folder.
No figure is typed by hand: a card without a run behind it cannot be written."""
import argparse
import json
from pathlib import Path

from .measure import format_auc, format_rate

NOT_A_DEVICE = """**Not a medical device.** It puts films in an order for a radiologist who reads all of them; it does not diagnose, and a
film without a flag is not a normal film. Weights: research and evaluation only, see [LICENSE-WEIGHTS.md](../LICENSE-WEIGHTS.md).
Trunk of the network: {trunk}."""
SQUEEZE = "SqueezeNet 1.1 from ImageNet weights (rcmalli/keras-squeezenet, MIT), trained on by this project"


def table(rows, header):
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(str(c) for c in row)} |" for row in rows)])


def load(path):
    path = Path(path)
    return json.loads(path.read_text()) if path.exists() else None


def opening(manifest, what, trunk):
    status = manifest["provenance"]["status"]
    notice = "\n\n> **Interim.** Trained in minutes so that the rest of the system runs on something real; to be replaced by longer training." if status == "interim" else ""
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


def tuberculosis_card(manifest, shipped, alone, robustness):
    threshold = manifest["thresholds"][0]
    groups = [(g, format_rate(r)) for g, r in shipped["perGroup"].items()]
    s = shipped.get("tb/shenzhen", {})
    parts = [opening(manifest, "Tuberculosis on frontal chest films of people from 15 years on: a score of 0–100 and a heatmap (32 × 32 over the lung crop).", SQUEEZE), f"""
## Figures

{SPLIT_NOTE} Figures are claimed only where both classes come from the same hospital.

**Another hospital** (trained and chosen without Shenzhen, tested on all of it): """]
    if alone:
        a = alone["tb/shenzhen"]
        parts.append(f"""AUC **{format_auc(a)}**, specificity at 90 % sensitivity {a['specificityAt90']:.2f} [{a['specificityAt90Interval'][0]:.2f}, {a['specificityAt90Interval'][1]:.2f}]; pointing on TBX11K's official validation films {format_rate(alone['pointing'])}. This is a net of the same recipe, not the shipped one; expect figures like these, not those below, on films from elsewhere.""")
    else:
        parts.append("not measured yet for this recipe.")
    parts.append(f"""

**Shipped net** (Shenzhen's training films in training), Shenzhen test films: AUC {format_auc(s) if s else '-'}, specificity at 90 % sensitivity {s.get('specificityAt90', 0):.2f} [{s.get('specificityAt90Interval', [0, 0])[0]:.2f}, {s.get('specificityAt90Interval', [0, 0])[1]:.2f}]. Hottest cell inside a box (TBX11K, official validation films): {format_rate(shipped['pointing'])}.

Shipped threshold **{threshold['threshold']}** ({threshold['origin']}). Share of test films at or above it:

{table(groups, ('source and label', 'flagged'))}

The rule that picks the threshold (on validation films) was made stricter once, after version 0.1.0's test figures had been seen; the
flagged shares above are therefore not wholly blind, AUC and pointing are.

Thresholds do not transfer between hospitals: calibrate on site. The rows of Pakistan, TBX11K and the mixed positives show how often
films are flagged, and nothing about telling sick from healthy: their classes come from different places or there is one class only.

## Robustness

{robustness_table(robustness)}

## Not for, not tested

Children under 15 (the viral-pneumonia films that stand for them are small children and not the population), lateral views,
extrapulmonary tuberculosis, HIV-related pictures without visible shadows, follow-up of treatment. Healed tuberculosis counts as positive in
training (TBX11K's obsolete boxes). Sex and age were known for NIH only, which has no tuberculosis: no figure by sex or age can be given.
""")
    return "".join(parts)


def nodule_card(manifest, shipped, synthetic, robustness):
    threshold = manifest["thresholds"][0]
    text = lambda froc: ", ".join(f"{100 * v:.0f} % at {k}" for k, v in froc.items())
    image = shipped["nihImage"]
    rows = [("drawn nodules of 10–30 mm in held-out normal NIH films", text(shipped["drawnFroc"]))]
    if not shipped["nihBoxedInTraining"]:
        rows.append(("third party's boxes on NIH films (no real nodule in training)", text(shipped["nihBoxedFroc"])))
    elif synthetic:
        rows.append(("third party's boxes on NIH films, by version 0.1.0 (shorter training), which had seen no real nodule", text(synthetic["nihBoxedFroc"])))
    chance = " **On these films it is no better than chance**: many of their normals are portable films with\nelectrodes, tubes and scoliosis, and the training was short. Read a nodule flag of this version as a demonstration of the pipeline." if image["interval95"][0] <= 0.5 else ""
    return opening(manifest, "Round shadows in the lungs (nodules and masses, 6–40 mm) on frontal films of people from 15 years on: boxes with scores of 0–100; the image's score is its best box's.", SQUEEZE) + f"""
## Figures

{SPLIT_NOTE}

{table(rows, ('films', 'sensitivity at false positives per film'))}

Image score on `nodule/nih` (35 nodule or mass films of 33 patients against held-out normals): AUC **{format_auc(image)}**. So few films decide
nothing by themselves, and they chose nothing here.{chance}

Shipped threshold **{threshold['threshold']}** ({threshold['origin']}): flags {format_rate(image['sensitivity'])} of those nodule films and {format_rate(image['flaggedNormals'])} of the normals.
It was a tenth of the validation normals at first and was moved to a twentieth after the test normals had been seen: these shares are not wholly blind.

## Robustness

{robustness_table(robustness)}

## Not for, not tested

Trained on nodules *drawn* into normal films{' and on 49 films with a third party’s rough boxes' if shipped['nihBoxedInTraining'] else ''}; no film with a nodule proven by CT was available. Faint nodules, those behind heart, diaphragm and clavicles and
ground-glass are missed often. Nipples, calcified granulomas, vessel crossings and implants are flagged at times. Films as small as
256 × 256 are read, with fewer small nodules found. Size in mm only where the film's spacing is known and calibrated.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--models", default="models")
    args = parser.parse_args()
    work, models = Path(args.work), Path(args.models)
    manifest = lambda name: load(models / name / "model.json")
    newest = lambda pattern: load(max(work.glob(pattern), key=lambda p: p.stat().st_mtime, default=Path("absent")))
    m = manifest("lung-field")
    cards = {"lung-field": lung_field_card(m, load(work / f"figures-lung-field-{m['version']}.json"), newest("figures-lung-field-*-heldout.json"))}
    m = manifest("tuberculosis")
    if m:
        cards["tuberculosis"] = tuberculosis_card(m, load(work / f"figures-tuberculosis-shipped-{m['version']}.json"), newest("figures-tuberculosis-without-shenzhen-*.json"), load(work / f"robustness-tuberculosis-{m['version']}.json"))
    m = manifest("lung-nodule")
    if m:
        real = "-real" if "nodule/nih_boxed" in m["provenance"]["trainedOn"] else ""
        cards["lung-nodule"] = nodule_card(m, load(work / f"figures-lung-nodule{real}-{m['version']}.json"), newest("figures-lung-nodule-[0-9]*.json"), load(work / f"robustness-lung-nodule-{m['version']}.json"))
    for name, text in cards.items():
        (models / name / "card.md").write_text(text)
        print(models / name / "card.md")


if __name__ == "__main__":
    main()
