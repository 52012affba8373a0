"""How well a source's sick and healthy films are told apart without looking at the lungs.

    python -m firstread_training.look --data ../shared/data

A linear score on averages of what ImageNet's trunk sees (textures; nothing that was trained on chests), once of the lungs, once
of what lies outside their convex hulls and a tenth of the crop away from them, its grey levels brought to one mean and spread.
Fitted to a source's training films, measured on test films of that source and of the other. What the surroundings tell is no
lesion; machine, exposure, age or build perhaps. A net that is trained with the source can learn it, scores higher on that
source's own test films for it, and lower in the next hospital. The shipped model is printed with and without such a score."""
import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from scipy.optimize import minimize
from scipy.spatial import ConvexHull

from . import measure
from .lung_nodule import lung_masks
from .prepared import read_prepared
from .splits import read_splits
from .squeezenet import Trunk

SOURCES = ("tb/shenzhen", "tb/pakistan")
PENALTY = 0.3  # of the squared weights
AWAY = 0.1  # of the crop's width


def hulls(lungs):
    """bool [n, n] -> the same with each side's lung filled up to its convex hull."""
    n = len(lungs)
    picture = Image.new("1", (n, n))
    for columns in (slice(0, n // 2), slice(n // 2, n)):
        ys, xs = np.nonzero(lungs[:, columns])
        points = np.stack([xs + columns.start, ys], 1)
        if len(np.unique(xs)) > 2 and len(np.unique(ys)) > 2:
            ImageDraw.Draw(picture).polygon([tuple(map(int, points[k])) for k in ConvexHull(points).vertices], fill=1)
    return np.asarray(picture) | lungs


def surroundings(lungs):
    reach = round(AWAY * len(lungs))
    filled = torch.from_numpy(hulls(lungs).astype(np.float32))[None, None]
    return F.max_pool2d(filled, 2 * reach + 1, 1, reach)[0, 0].numpy() == 0


def averages(trunk, picture, where):
    """float32 [H, W] in -1..1 -> mean and spread of each channel at stride 4 and 8, over the cells in `where` (bool [n, n])."""
    out = []
    for level in trunk(torch.from_numpy(picture)[None, None])[:2]:
        share = F.interpolate(torch.from_numpy(where.astype(np.float32))[None, None], size=level.shape[-2:], mode="area")[0, 0]
        cells = level[0][:, share >= share.max().clamp(max=0.99)]  # never the whole picture: the lungs are in it
        out += [cells.mean(1), cells.std(1, correction=0)]
    return torch.cat(out).numpy()


def own_grey(picture, where):
    """The picture with the mean and spread that it has in `where` brought to 0 and a quarter."""
    inside = picture[np.asarray(Image.fromarray(where).resize(picture.shape[::-1], Image.NEAREST))]
    return ((picture - inside.mean()) / (inside.std() + 1e-3) / 4).clip(-1, 1)


@torch.no_grad()
def seen(trunk, crops, files, masks):
    """{"lungs", "surroundings"}: float32 [films, features]."""
    out = {"lungs": [], "surroundings": []}
    for number, file in enumerate(files):
        picture = np.array(crops.pixels[crops.films[file]["index"]]).astype(np.float32) / 127.5 - 1
        around = surroundings(masks[file])
        assert around.any(), f"{file}: lungs all over"
        out["lungs"].append(averages(trunk, picture, masks[file]))
        out["surroundings"].append(averages(trunk, own_grey(picture, around), around))
        if (number + 1) % 500 == 0:
            print(f"{number + 1} of {len(files)} films", flush=True)
    return {part: np.stack(rows) for part, rows in out.items()}


def fit(features, sick):
    """A ridge logistic score of features [n, d], both classes counting alike; standardised on these films."""
    mean, spread = features.mean(0), features.std(0) + 1e-3
    x, sign = (features - mean) / spread, np.where(sick, 1.0, -1.0)
    weight = np.where(sick, 0.5 / sick.sum(), 0.5 / (~sick).sum())

    def loss(p):
        margin = sign * (x @ p[:-1] + p[-1])
        slope = -sign * weight / (1 + np.exp(margin))
        return weight @ np.logaddexp(0, -margin) + PENALTY / 2 * p[:-1] @ p[:-1], np.append(x.T @ slope + PENALTY * p[:-1], slope.sum())

    p = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    scale = (x @ p[:-1]).std()
    return lambda other: (other - mean) / spread @ p[:-1] / scale


def shipped_scores(model, crops, files):
    """Log odds that the shipped model gives."""
    session = onnxruntime.InferenceSession(str(Path(model) / "model.onnx"), providers=["CPUExecutionProvider"])
    p = np.array([session.run(["score"], {"image": np.ascontiguousarray(crops.pixels[crops.films[f]["index"]])[None, None]})[0].item() for f in files])
    return np.log(p / (1 - p))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--lung-field", default="models/lung-field")
    parser.add_argument("--model", default="models/tuberculosis")
    args = parser.parse_args()
    work, splits = Path(args.work), read_splits()
    crops, large, whole = (read_prepared(work / name) for name in ("lung256", "lung512", "whole128"))
    files = [f for f, r in splits.items() if r["source"] in SOURCES and r["split"] != "dropped" and f in crops.films]
    sick = np.array([splits[f]["label"] == "tb" for f in files])
    source, split = (np.array([splits[f][key] for f in files]) for key in ("source", "split"))
    features = seen(Trunk().load_imagenet(args.data).eval(), crops, files, lung_masks(files, whole, crops.films, args.lung_field))
    shipped = np.full(len(files), np.nan)
    asked = split != "train"
    shipped[asked] = shipped_scores(args.model, large, [f for f, a in zip(files, asked) if a])
    shipped /= shipped[split == "val"].std()
    figures = {}

    def report(name, score):
        for at in SOURCES:
            test = (source == at) & (split == "test")
            figures[f"{name}, on {at}"] = measure.auc_with_interval(score[test & sick], score[test & ~sick])

    report("shipped model", shipped)
    for part, x in features.items():
        for at in SOURCES:
            train = (source == at) & (split == "train")
            score = fit(x[train], sick[train])(x)
            report(f"{part}, fitted to {at}", score)
            if at == "tb/shenzhen":
                report(f"shipped model and {part}, fitted to {at}", shipped + score)
    print(json.dumps(figures, indent=1))
    (work / "figures-look.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
