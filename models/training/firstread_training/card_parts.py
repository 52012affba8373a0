"""Parts that several cards share: tables, the data behind a model, sub-groups, worst films. Markdown in, markdown out."""
from .measure import format_rate, rate
from .prepared import read_labels

TERMS = {
    "tb/shenzhen": "NLM Shenzhen set, made available to the research community; one hospital, both classes",
    "tb/tbx11k": "TBX11K (CVPR 2020): cite, research; all tuberculosis, with boxes",
    "tb/pakistan": "Dataset of Tuberculosis Chest X-rays Images (Mendeley); classes look different from each other",
    "tb/mixed_positive": "positives of a Kaggle collection of several hospitals",
    "other/normal_mixed": "normals of the COVID-19 Radiography Database",
    "other/pneumonia_mixed": "COVID and viral pneumonia of the same",
    "nodule/nih": "NIH ChestX-ray14, no restrictions on the use: cite Wang et al. 2017",
    "nodule/nih_boxed": "NIH films with a third party's rough boxes",
}


def table(rows, header):
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(str(c) for c in row)} |" for row in rows)])


def data_table(splits, used):
    """Films per source, label and split; `used(row)` says whether the model's training, choice or report sees it."""
    counts = {}
    for row in splits.values():
        if row["split"] != "dropped" and used(row):
            cell = counts.setdefault((row["source"], row["label"]), {"train": 0, "val": 0, "test": 0})
            cell[row["split"]] += 1
    rows = [(source, label.replace("_", " "), c["train"], c["val"], c["test"], TERMS[source]) for (source, label), c in sorted(counts.items())]
    return table(rows, ("source", "label", "train", "choose", "report", "origin and terms"))


def age_band(age):
    try:
        years = int(age)
    except (TypeError, ValueError):
        return "age unknown"
    return "15–39 years" if years < 40 else "40–59 years" if years < 60 else "60 years and over" if years < 120 else "age unknown"


def sub_group_table(data, files, points, threshold, what):
    """Share at or above the threshold by sex, age and view, where the films' table knows them. `what`: name per film of
    the group it is counted in ('normal', 'nodule or mass' …)."""
    labels, groups = read_labels(data), {}
    for file, score, kind in zip(files, points, what):
        row = labels[file]
        if "sex" not in row:
            continue
        for group in ({"F": "women", "M": "men"}.get(row["sex"], "sex unknown"), age_band(row["age"]), f"view {row['view']}"):
            groups.setdefault((kind, group), []).append(score)
    order = ["women", "men", "15–39 years", "40–59 years", "60 years and over", "view PA", "view AP"]
    kinds = sorted({kind for kind, _ in groups})
    rows = [(group, *(format_rate(rate(groups[(kind, group)], threshold)) if (kind, group) in groups else "–" for kind in kinds)) for group in order]
    return table(rows, ("group", *(f"{kind}: flagged" for kind in kinds)))


def worst_films(files, points, positive, count=5):
    """The films that a reader would be most annoyed about, by name: the pictures are not ours to publish."""
    ranked = sorted(zip(points, files, positive))
    missed = [(score, file) for score, file, is_positive in ranked if is_positive][:count]
    alarms = [(score, file) for score, file, is_positive in ranked[::-1] if not is_positive][:count]
    rows = [(f"`{m[1]}`", f"{m[0]:.0f}", f"`{a[1]}`", f"{a[0]:.0f}") for m, a in zip(missed, alarms)]
    return table(rows, ("lowest-scoring films with it", "score", "highest-scoring films without it", "score"))
