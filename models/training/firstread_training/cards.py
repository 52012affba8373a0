"""Writes every model's card, card.md and card.vi.md, and its curves, from its manifest and the figures that its training left
in the work folder. No figure is typed by hand: a card without a run behind it cannot be written. The words are in card_words.py."""
import argparse
import json
from pathlib import Path

import numpy as np

from . import plots
from .card_parts import data_table, label_of, robustness_table, sub_group_table, table, worst_films
from .card_words import LANGUAGES, Words
from .splits import read_splits


def load(path):
    path = Path(path)
    return json.loads(path.read_text()) if path.exists() else None


def card(*blocks):
    """What is empty is left out."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def opening(words, manifest, what, trunk):
    status = manifest["provenance"]["status"]
    return card(
        words("title", name=manifest["name"], version=manifest["version"], status=words.term(status)),
        words(what),
        status == "interim" and words("interim"),
        words("not a device", trunk=words(trunk)),
        words("file", sha256=manifest["sha256"], date=words.day(manifest["provenance"]["trainedAt"])),
    ).rstrip()


def picture(words, name, key):
    """A curve with words in the card's language has its own file."""
    return f"{name}{'' if words.language == 'en' else f'-{words.language}'}.png", words(key)


def shown(file, alt):
    return f"![{alt}]({file})"


def twin_note(words, figures):
    twin = figures.get("fp16")
    return twin and words("twin", films=twin["films"], points=words.number(twin["pointsMax"], 2), batch=words.number(figures["batchPointsMax"], 3))


def lung_field_card(words, manifest, figures, held_out):
    f, rate = figures, words.rate
    rows = [(words("frontal all"), rate(f["chestsPassed"])), *((f"… {s}", rate(r)) for s, r in f["chestsPassedPerSource"].items()), (words("drawn chests"), rate(f["drawnChestsPassed"])), (words("mirrored chests"), rate(f["mirroredPassed"]))]
    refused = [(words(name), f[key]) for name, key in (("upside-down chests", "upsideDownPassed"), ("half-turned chests", "halfTurnPassed"), ("sideways chests", "sidewaysPassed"), ("inverted chests", "invertedPassed"), ("spoiled", "spoiledPassed"))]
    refused += [(words("drawn", kind=words.term(kind)), r) for kind, r in f["drawnOthersPassed"].items()]
    refused.append((words("real others"), f["realOthersPassed"]))
    if held_out:
        refused.append((words("real others held out"), held_out["realOthersPassed"]))
    dice = f["dice"]
    return card(
        opening(words, manifest, "lung field", "trunk scratch"),
        words("figures"), words("splits"),
        words("dice", mean=words.number(dice["mean"], 3), interval=words.between(dice["interval95"], 3), count=dice["count"], worst=words.number(dice["worst"], 2)),
        words("should pass", threshold=words.number(f["threshold"])), table(rows, (words("pictures"), words("passed"))),
        words("should not pass"), table([(name, rate(r)) for name, r in refused], (words("pictures"), words("passed wrongly"))),
        words("lung field untested"),
        words("data"), words("lung field data", count=f.get("realCount", words("the"))),
    )


def look_note(words, look):
    """What the look of the films tells, as look.py found it."""
    auc = lambda name, short=True: words.number(look[name]["auc"], 3) if short else words.auc(look[name])
    home, away, fitted = "on tb/shenzhen", "on tb/pakistan", "fitted to tb/shenzhen"
    return words("look", surroundings=auc(f"surroundings, {fitted}, {home}", short=False), shipped=auc(f"shipped model, {home}"), away=auc(f"shipped model, {away}"), **{
        f"{place}with_{kind}": auc(f"shipped model and {part}, {fitted}, {at}") for kind, part in (("look", "surroundings"), ("lungs", "lungs")) for place, at in (("", home), ("away_", away))
    })


def tuberculosis_card(words, manifest, shipped, alone, halves, look, robustness, data, folder, work):
    threshold, splits = manifest["thresholds"][0], read_splits()
    t = threshold["threshold"]
    scores = np.load(work / f"scores-tuberculosis-shipped-{manifest['version']}.npz")
    files, points = [str(f) for f in scores["files"]], scores["points"]
    label = np.array([splits[f]["label"] for f in files])
    at = np.array([f.startswith("tb/shenzhen/") for f in files])
    sick, free = points[at & (label == "tb")], points[at & (label == "normal")]
    curves, elsewhere = [(words("curve shipped"), sick, free)], words("elsewhere unknown")
    if alone:
        a = alone["tb/shenzhen"]
        elsewhere = words("elsewhere figures", auc=words.auc(a), specificity=words.interval(a["specificityAt90"], a["specificityAt90Interval"]), pointing=words.rate(alone["pointing"]))
        other = np.load(work / f"scores-tuberculosis-without-shenzhen-{alone['version']}.npz")
        where = np.array([str(f).startswith("tb/shenzhen/") for f in other["files"]])
        truth = np.array([splits[str(f)]["label"] for f in other["files"]])
        curves.insert(0, (words("curve elsewhere"), other["raw"][where & (truth == "tb")], other["raw"][where & (truth == "normal")]))
    roc = picture(words, "roc", "roc picture")
    plots.roc(folder / roc[0], words, words("roc tuberculosis"), curves, [(words("mark", threshold=words.number(t)), float(np.mean(free >= t)), float(np.mean(sick >= t)))])
    nih = [i for i, f in enumerate(files) if f.startswith("nodule/nih/")]
    s, groups = shipped["tb/shenzhen"], shipped["perGroup"]
    named = lambda group: " ".join((group.split(" ")[0], label_of(words, group.split(" ", 1)[1])))
    return card(
        opening(words, manifest, "tuberculosis", "trunk squeeze"),
        words("figures"), f"{words('splits')} {words('same hospital')}",
        words("elsewhere", figures=elsewhere),
        words("shipped", auc=words.auc(s), specificity=words.interval(s["specificityAt90"], s["specificityAt90Interval"]), pointing=words.rate(shipped["pointing"])),
        halves and words("halves", counts="–".join(map(str, sorted(halves["trainedWith"]))), auc=words.auc(halves["all"]), specificity=words.interval(halves["all"]["specificityAt90"], halves["all"]["specificityAt90Interval"]), test=words.auc(halves["testFilms"])),
        look and look_note(words, look),
        shown(*roc),
        words("shipped threshold", threshold=words.number(t), origin=words.of(threshold["origin"]), sensitivity=words.rate(groups["tb/shenzhen tb"]), alarms=words.rate(groups["tb/shenzhen normal"])),
        table([(named(group), words.rate(r)) for group, r in groups.items()], (words("source and label"), words("flagged"))),
        words("stricter"), words("transfer"),
        words("by group"), words("tuberculosis groups"),
        sub_group_table(words, data, [files[i] for i in nih], [points[i] for i in nih], t, [label[i].replace("_", " ") for i in nih]),
        words("where it fails"), words("shenzhen films"), worst_films(words, [f for f, k in zip(files, at) if k], points[at], label[at] == "tb"), words("failures"),
        words("robustness"), robustness_table(words, robustness), twin_note(words, shipped),
        words("data"), data_table(words, splits, lambda row: row["source"] != "nodule/nih_boxed" and row["label"] != "nodule_or_mass"),
        words("tuberculosis third net"),
        words("not for"), words("tuberculosis not for"),
    )


def nodule_card(words, manifest, shipped, synthetic, halves, robustness, data, folder, work):
    threshold, splits = manifest["thresholds"][0], read_splits()
    t = threshold["threshold"]
    froc_text = lambda froc: words.listed(words("froc at", share=f"{100 * v:.0f}", count=words.number(k)) for k, v in froc.items())
    image, real = shipped["nihImage"], shipped["nihBoxedInTraining"]
    rows = [(words("drawn nodules"), froc_text(shipped["drawnFroc"]))]
    if not real:
        rows.append((words("boxed"), froc_text(shipped["nihBoxedFroc"])))
    elif synthetic:
        rows.append((words("boxed before", version=synthetic["version"]), froc_text(synthetic["nihBoxedFroc"])))
    if halves:
        rows.append((words("boxed halves", version=halves["version"]), froc_text(halves["nihBoxedFroc"])))
    scores = np.load(work / f"scores-lung-nodule{'-real' if real else ''}-{manifest['version']}.npz")
    files, points, kinds = [str(f) for f in scores["files"]], scores["points"], scores["kinds"]
    roc, froc = picture(words, "roc", "roc picture"), picture(words, "froc", "froc picture")
    plots.roc(folder / roc[0], words, words("roc nodule"), [(words("image score"), points[kinds == "nodule"], points[kinds == "normal"])], [(words("mark", threshold=words.number(t)), image["flaggedNormals"]["rate"], image["sensitivity"]["rate"])])
    plots.froc(folder / froc[0], words, words("froc title"), [(words("froc curve"), scores["drawnFalsePositives"], scores["drawnFound"])])
    named = {"nodule": "nodule or mass", "normal": "normal", "other": "other finding"}
    against = kinds != "other"
    lesions = "tb/tbx11k" in manifest["provenance"]["trainedOn"]
    boxed = sum(row["source"] == "nodule/nih_boxed" and row["split"] == "train" for row in splits.values())
    return card(
        opening(words, manifest, "nodule", "trunk squeeze"),
        words("figures"), words("splits"),
        table(rows, (words("films"), words("froc head"))),
        shown(*froc),
        f"""{words('nodule image', auc=words.auc(image), specificity=words.interval(image['specificityAt90'], image['specificityAt90Interval']), chance=words('chance') if image['interval95'][0] <= 0.5 else '')}
{words('nodule few')}""",
        shown(*roc),
        words("nodule threshold", threshold=words.number(t), origin=words.of(threshold["origin"]), sensitivity=words.rate(image["sensitivity"]), normals=words.rate(image["flaggedNormals"]), others=words.rate(image["flaggedOthers"])),
        words("by group"), sub_group_table(words, data, files, points, t, [named[str(k)] for k in kinds]),
        words("where it fails"), worst_films(words, [f for f, k in zip(files, against) if k], points[against], kinds[against] == "nodule"), words("failures"),
        words("robustness"), robustness_table(words, robustness), twin_note(words, shipped),
        words("data"), data_table(words, splits, lambda row: row["source"] in ("nodule/nih", "nodule/nih_boxed", *(["tb/tbx11k"] if lesions else [])) or row["label"] == "normal" and row["source"] in ("other/normal_mixed", "tb/shenzhen")),
        words("not for"), words("nodule not for", real=words("nodule real", count=boxed) if real else "", lesions=words("nodule lesions") if lesions else ""),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--models", default="models")
    parser.add_argument("--data", default="../shared/data")
    args = parser.parse_args()
    work, models = Path(args.work), Path(args.models)
    robustness = lambda m: load(work / f"robustness-{m['name']}-{m['version']}.json")

    def newest(prefix):
        """The last run's figures under this name, with its version."""
        path = max(work.glob(f"figures-{prefix}[0-9]*.json"), key=lambda p: p.stat().st_mtime, default=None)
        return path and {**load(path), "version": path.stem.removeprefix(f"figures-{prefix}").removesuffix("-heldout")}

    field, tb, nodule = (load(models / name / "model.json") for name in ("lung-field", "tuberculosis", "lung-nodule"))
    field_figures, held_out = (load(work / f"figures-lung-field-{field['version']}{suffix}.json") for suffix in ("", "-heldout"))
    tb_figures, alone = load(work / f"figures-tuberculosis-shipped-{tb['version']}.json"), newest("tuberculosis-without-shenzhen-")
    real = "-real" if "nodule/nih_boxed" in nodule["provenance"]["trainedOn"] else ""
    nodule_figures, synthetic = load(work / f"figures-lung-nodule{real}-{nodule['version']}.json"), newest("lung-nodule-")
    for words in map(Words, LANGUAGES):
        cards = {
            "lung-field": lung_field_card(words, field, field_figures, held_out),
            "tuberculosis": tuberculosis_card(words, tb, tb_figures, alone, newest("tuberculosis-halves-"), load(work / "figures-look.json"), robustness(tb), args.data, models / "tuberculosis", work),
            "lung-nodule": nodule_card(words, nodule, nodule_figures, synthetic, newest("lung-nodule-halves-"), robustness(nodule), args.data, models / "lung-nodule", work),
        }
        for name, text in cards.items():
            path = models / name / ("card.md" if words.language == "en" else f"card.{words.language}.md")
            path.write_text(text, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
