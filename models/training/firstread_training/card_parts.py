"""Parts that several cards share: tables, the data behind a model, sub-groups, worst films. Markdown in, markdown out, in
the language of `words` (card_words.py)."""
from .measure import rate
from .prepared import read_labels


def table(rows, header):
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *(f"| {' | '.join(str(c) for c in row)} |" for row in rows)])


def label_of(words, label):
    """A label of the films' table, as people say it."""
    return words.term(label.replace("_", " "))


def data_table(words, splits, used):
    """Films per source, label and split; `used(row)` says whether the model's training, choice or report sees it."""
    counts = {}
    for row in splits.values():
        if row["split"] != "dropped" and used(row):
            cell = counts.setdefault((row["source"], row["label"]), {"train": 0, "val": 0, "test": 0})
            cell[row["split"]] += 1
    rows = [(source, label_of(words, label), c["train"], c["val"], c["test"], words(source)) for (source, label), c in sorted(counts.items())]
    return table(rows, [words(head) for head in ("source", "label", "train", "choose", "report", "terms")])


def robustness_table(words, robustness):
    if not robustness:
        return words("no robustness")
    rows = [(words.term(name), words.number(r["meanAbsolute"], 1), words.number(r["within5"], 2), words.number(r["flagsChanged"], 2), words.number(r["newFlags"], 2), r["refused"]) for name, r in robustness["changes"].items()]
    heads = [words(head) for head in ("distortion", "mean change", "within 5", "flag changed", "newly flagged", "films refused")]
    return words("robustness note", films=robustness["films"]) + "\n\n" + table(rows, heads)


def age_band(age):
    try:
        years = int(age)
    except (TypeError, ValueError):
        return "age unknown"
    return "15–39 years" if years < 40 else "40–59 years" if years < 60 else "60 years and over" if years < 120 else "age unknown"


def sub_group_table(words, data, files, points, threshold, what):
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
    rows = [(words.term(group), *(words.rate(rate(groups[(kind, group)], threshold)) if (kind, group) in groups else "–" for kind in kinds)) for group in order]
    return table(rows, (words("group"), *(words("kind flagged", kind=words.term(kind)) for kind in kinds)))


def worst_films(words, files, points, positive, count=5):
    """The films that a reader would be most annoyed about, by name: the pictures are not ours to publish."""
    ranked = sorted(zip(points, files, positive))
    missed = [(score, file) for score, file, is_positive in ranked if is_positive][:count]
    alarms = [(score, file) for score, file, is_positive in ranked[::-1] if not is_positive][:count]
    rows = [(f"`{m[1]}`", f"{m[0]:.0f}", f"`{a[1]}`", f"{a[0]:.0f}") for m, a in zip(missed, alarms)]
    return table(rows, (words("worst missed"), words("score"), words("worst alarms"), words("score")))
