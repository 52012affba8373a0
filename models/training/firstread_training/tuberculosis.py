"""Tuberculosis: lung crop -> image score and heatmap (32 x 32 cells). Nets of 256 x 256 pixels and, with --focal, a nodule
net of 512 x 512 that speaks for small round shadows and for places that look like lesions.

Image score: a scaled log-mean-exp over the cells, so that what speaks for it can be shown. Losses: the image's label;
in films with boxes (TBX11K) the cells inside and outside them; in films without tuberculosis every cell. Batches are
balanced by source: the source with both classes of one hospital counts most (../shared data's traps).

Against learning the hospital: lesions of boxed films laid into films without (and the same cut of healthy films, so that
the cut says nothing), and halves mirrored: the healthy half of a sick film gives a film of that hospital without
tuberculosis. Every film stands in the batch twice, differently degraded, and is asked for the same score. The nodule net
has no film's label: it learned drawn shadows, and places with and without lesions of films that look alike, so a hospital's
look says little there, and it errs on other films."""
import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import augment, export, lung_nodule, measure
from .prepared import boxes_in_crop, read_labels, read_prepared, read_tbx11k_boxes
from .shipped import go_on_from, state_of
from .splits import half_of, read_splits
from .squeezenet import Pyramid, Trunk
from .training_loop import forward, on_device, seed_all, train

SIZE, CELLS, SMALL = 256, 32, 160
# Sizes in training, and those of the served mean, dealt out to the nets in turn: with a nodule net's look at 512 pixels
# beside them, one for each of two is what a CPU has time for.
SIZES = (192, 224, 256, 288, 320)
SERVED_SIZES = (256, 224)
# Films with other findings often look like tuberculosis and are not always without it (labels read off reports): they
# are asked for little, not for nothing, and their cells for nothing at all.
OTHER_FINDINGS, OTHER_TARGET = ("other_finding", "covid", "viral_pneumonia"), 0.2
# Share of the films with a healthy half whose lesion fades towards it: what was boxed was plain to see, what is missed is faint.
FADED = 0.4
# What the nodule net says (log odds that one of its best places is right) weighs half as much as the other nets' mean.
FOCAL_WEIGHT = 0.5
# What it says of the lesions of tuberculosis (mean log odds of the hottest cells of the lungs, less a part of the lungs' own
# mean: what stands out in this film, whatever the film's look is).
LESION_WEIGHT, LESION_CELLS, LESION_BASELINE = 0.25, 0.1, 0.5
SHARPNESS = 6.0  # of the log-mean-exp: towards the hottest cells

# Films per batch and source, (positive, negative); each is looked at twice.
BALANCE = {
    "shipped": {"tb/shenzhen": (3, 3), "tb/tbx11k": (3, 0), "tb/pakistan": (1, 1), "tb/mixed_positive": (1, 0), "other/normal_mixed": (0, 1), "other/pneumonia_mixed": (0, 1), "nodule/nih normal": (0, 1), "nodule/nih other_finding": (0, 1)},
    "without-shenzhen": {"tb/tbx11k": (4, 0), "tb/pakistan": (3, 3), "tb/mixed_positive": (1, 0), "other/normal_mixed": (0, 1), "other/pneumonia_mixed": (0, 1), "nodule/nih normal": (0, 1), "nodule/nih other_finding": (0, 2)},
}


# Each half of Shenzhen by nets that trained with the other half: what the shipped recipe reaches at a hospital it knows, on
# four times as many films as the splits report.
BALANCE["half-1"] = BALANCE["half-2"] = BALANCE["shipped"]


class TuberculosisNet(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.trunk = Trunk()
        self.pyramid = Pyramid((256, 512), width)
        self.cells = nn.Sequential(nn.Dropout2d(0.15), nn.Conv2d(width, 1, 1))
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.shift = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        _, eight, sixteen = self.trunk(x)
        cells = self.cells(self.pyramid(eight, sixteen))
        flat = cells.float().flatten(1) / 2
        pooled = (torch.logsumexp(flat * SHARPNESS / 4, 1) - math.log(flat.shape[1])) * 4 / SHARPNESS
        return pooled * 2 * self.scale + self.shift, cells


class Served(nn.Module):
    """uint8 in; mean over the nets, each at its own sizes, and the film's mirror image. A film and its mirror image score
    the same to these nets (`focal` looks once, for time); what differs between sizes is mostly chance, and a mean over
    them moves less under distortions."""

    def __init__(self, nets, sizes=(SIZE,), focal=None):
        """`sizes`: of the pictures, dealt out to the nets in turn. `focal`: asks for a picture of twice the size."""
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.sizes = [sizes[i::len(nets)] or (SIZE,) for i in range(len(nets))]
        self.focal = focal
        self.size = lung_nodule.SIZE if focal else SIZE

    def forward(self, image):
        whole = export.spread(image, self)
        x = F.avg_pool2d(whole, 2) if self.focal else whole
        score, heat, count = 0, 0, 0
        for net, sizes in zip(self.nets, self.sizes):
            for size in sizes:
                picture = resized(x, size)
                for mirror in (False, True):
                    logit, cells = net(picture.flip(3) if mirror else picture)
                    cells = resized(cells.flip(3) if mirror else cells, CELLS)
                    score, heat, count = score + logit, heat + cells.float(), count + 1
        score, heat = score / count, torch.sigmoid(heat / count)
        if self.focal:
            said, nodules, lesions = self.focal(whole)
            score = score + said
            heat = torch.sigmoid(torch.logit(heat, 1e-4) + LESION_WEIGHT * lesions)
            heat = heat + (1 - heat) * FOCAL_WEIGHT * nodules
        return torch.sigmoid(score)[:, None], heat


class Focal(nn.Module):
    """A nodule net as a witness: [N, 1, 512, 512] in -1..1 -> what it adds to the score [N], and the places it speaks of
    [N, 1, CELLS, CELLS]: how likely a nodule is, the log odds of a lesion less their baseline. The lungs are where they
    are on the mean crop."""

    def __init__(self, net, lungs):
        super().__init__()
        self.net = net
        self.register_buffer("lungs", torch.from_numpy(lungs.astype(np.float32)))
        cells = F.avg_pool2d(self.lungs[None, None], 2).flatten() > 0.5
        self.register_buffer("cells", cells.nonzero()[:, 0])

    def forward(self, x):
        heat, _, _, lesions = self.net(x)
        p = torch.sigmoid(heat.float()) * self.lungs.float()
        peaks = p * (p >= F.max_pool2d(p, 3, 1, 1)).float()
        best = peaks.flatten(1).topk(lung_nodule.IMAGE_SCORE_BOXES, 1).values.clamp(1e-5, 0.999)
        none = torch.log(1 - best).sum(1)
        nodule = torch.log(1 - torch.exp(none)) - none
        lesions = F.avg_pool2d(lesions.float(), 2)
        inside = lesions.flatten(1)[:, self.cells]
        baseline = LESION_BASELINE * inside.mean(1)
        lesion = inside.topk(int(LESION_CELLS * len(self.cells)), 1).values.mean(1) - baseline
        places = F.avg_pool2d(lesions - baseline[:, None, None, None], lesions.shape[-1] // CELLS)
        return FOCAL_WEIGHT * nodule + LESION_WEIGHT * lesion, F.max_pool2d(p, p.shape[-1] // CELLS), places


def focal_of(checkpoint, args):
    """The nodule net of a checkpoint, and where most validation films have lungs on their crops."""
    state = state_of(checkpoint)
    if "shadow.weight" not in state:
        raise SystemExit(f"{checkpoint}: this nodule net was never asked about lesions of tuberculosis; name one of version 0.9.0 or later.")
    net = lung_nodule.NoduleNet()
    net.load_state_dict(state, strict=False)  # a graph has no sizes and offsets, which are not asked for here
    work = Path(args.work)
    crops, whole = read_prepared(work / "lung512"), read_prepared(work / "whole128")
    files = [f for f, r in read_splits().items() if r["split"] == "val" and r["source"] != "tb/shenzhen" and f in crops.films][::3]
    share = np.mean(list(lung_nodule.lung_masks(files, whole, crops.films, args.lung_field).values()), 0)
    return Focal(net, np.maximum(share, share[:, ::-1]) > 0.5)


def resized(x, size):
    return x if x.shape[-1] == size else F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)


def cell_targets(boxes, device=None):
    """Boxes in fractions of the crop -> [CELLS, CELLS] share of each cell inside a box."""
    target = torch.zeros(CELLS * 4, CELLS * 4)
    for left, top, right, bottom in boxes:
        a, b = max(0, int(round(left * CELLS * 4))), max(0, int(round(top * CELLS * 4)))
        target[b:max(b, int(round(bottom * CELLS * 4))), a:max(a, int(round(right * CELLS * 4)))] = 1
    return target  # four times finer, for the affine sampling


def label_of(row):
    return 1 if row["label"] == "tb" else 0


def split_in(protocol, file, row):
    """Without Shenzhen, what is reported is all of it, and the pointing. With half of it, the other half is reported,
    whatever the splits say: none of it chooses anything, calibration and threshold come from other hospitals."""
    if protocol == "shipped" or row["source"] != "tb/shenzhen":
        return row["split"]
    return "test" if protocol == "without-shenzhen" or half_of(file) == protocol[-1] else "train"


def group_of(row):
    return f"{row['source']} {row['label']}" if row["source"] == "nodule/nih" else row["source"]


class Films:
    def __init__(self, args, protocol):
        self.prepared, self.splits = read_prepared(Path(args.work) / "lung256"), read_splits()
        # What is measured and served, at the size it is served at.
        self.served = read_prepared(Path(args.work) / "lung512") if args.focal else self.prepared
        self.boxes = read_tbx11k_boxes(args.data)
        usable = {f: r for f, r in self.splits.items() if r["split"] != "dropped" and f in self.prepared.films and r["source"] != "nodule/nih_boxed" and r["label"] != "nodule_or_mass"}
        self.rows = usable
        split = lambda f, r: split_in(protocol, f, r)
        self.train = [f for f, r in usable.items() if split(f, r) == "train"]
        self.val = [f for f, r in usable.items() if split(f, r) == "val"]
        self.test = [f for f, r in usable.items() if split(f, r) == "test" and (protocol == "shipped" or r["source"] in ("tb/shenzhen", "tb/tbx11k"))]
        self.pixels = torch.from_numpy(self.prepared.stack(self.train))
        self.groups = {}
        for i, f in enumerate(self.train):
            self.groups.setdefault((group_of(usable[f]), label_of(usable[f])), []).append(i)
        self.targets = {i: cell_targets(boxes_in_crop(self.boxes[f], self.prepared.films[f])) for i, f in enumerate(self.train) if f in self.boxes}

        # Boxed films whose boxes keep to one half: which half (0 left, 1 right) is sick.
        margin = CELLS // 4
        self.sick_half = {}
        for i, target in self.targets.items():
            left, right = bool(target[:, :CELLS * 2 + margin].any()), bool(target[:, CELLS * 2 - margin:].any())
            if left != right:
                self.sick_half[i] = 0 if left else 1
        self.healthy = [i for i, f in enumerate(self.train) if label_of(usable[f]) == 0]
        self.other = torch.tensor([usable[f]["label"] in OTHER_FINDINGS for f in self.train])

    def batch(self, balance):
        at, label = [], []
        for group, counts in balance.items():
            for positive, count in ((1, counts[0]), (0, counts[1])):
                pool = self.groups.get((group, positive), [])
                if count and pool:
                    at += [pool[k] for k in np.random.randint(0, len(pool), count)]
                    label += [positive] * count
        x = self.pixels[at].float().div(255)[:, None]
        target = torch.stack([self.targets.get(i, torch.zeros(CELLS * 4, CELLS * 4)) for i in at])[:, None]
        boxed = torch.tensor([i in self.targets for i in at])
        label = torch.tensor(label, dtype=torch.float32)
        other = self.other[at]
        for k, i in enumerate(at):
            draw = np.random.rand()
            if i in self.sick_half and np.random.rand() < FADED:
                healthy = soft_box(target[k:k + 1]) * np.random.uniform(0.2, 0.75)
                x[k, 0] = (1 - healthy) * x[k, 0] + healthy * x[k, 0].flip(1)
            if label[k] < 0.5 and draw < 0.25:
                self.lay_cut(x, label, target, boxed, k)
            elif (label[k] < 0.5 and draw < 0.4) or (i in self.targets and draw < 0.35):
                side = np.random.randint(2)
                sick = bool(boxed[k]) and self.sick_half.get(i, side) == side
                x[k, 0], target[k, 0] = mirrored_half(x[k, 0], side), mirrored_half(target[k, 0], side, seam=1)
                if boxed[k] and not sick:
                    label[k], boxed[k] = 0.0, False
        return x, label, target, boxed, other & (label < 0.5)

    def lay_cut(self, x, label, target, boxed, k):
        """Into healthy film k of the batch: a box of a sick film, at its place in the lungs (both are lung crops), or the
        same cut of another healthy film. Soft edges, more or less faint; grey as it is, both are windowed alike."""
        owner = list(self.targets)[np.random.randint(len(self.targets))]
        box = self.targets[owner][None, None]
        soft = soft_box(box) * np.random.uniform(0.35, 1)
        sick = np.random.rand() < 0.6
        source = owner if sick else self.healthy[np.random.randint(len(self.healthy))]
        x[k, 0] = (1 - soft) * x[k, 0] + soft * self.pixels[source].float().div(255)
        if sick:
            label[k], boxed[k], target[k, 0] = 1.0, True, box[0, 0]


def soft_box(box):
    """[1, 1, CELLS * 4, CELLS * 4] of 0 and 1 -> [SIZE, SIZE], a little larger and soft at its edge."""
    return resized(augment.box_blur(F.max_pool2d(box, 5, 1, 2), 3), SIZE)[0, 0]


def mirrored_half(picture, side, seam=4):
    """[H, W] with one half (0 left, 1 right) mirrored onto the other, blended over the seam."""
    width = picture.shape[1]
    weight = ((torch.arange(width) - width / 2 + 0.5) / (2 * seam) + 0.5).clamp(0, 1)  # 1 on the right
    other = picture.flip(1)
    return picture * weight + other * (1 - weight) if side else other * weight + picture * (1 - weight)


def loss_of(score, cells, label, target, boxed, other):
    image = F.binary_cross_entropy_with_logits(score, torch.where(other, OTHER_TARGET, label * 0.96 + 0.02))
    logits = cells.flatten(1)
    inside = (target.flatten(1) > 0.5).float()
    per_cell = F.binary_cross_entropy_with_logits(logits, inside, reduction="none")
    hardest = lambda rows, mask: (per_cell[rows] * mask).topk(20, 1).values.mean()
    box = torch.zeros(())
    if boxed.any():
        ins = inside[boxed]
        positive = (per_cell[boxed] * ins).sum(1) / ins.sum(1).clamp_min(1)
        negative = (per_cell[boxed] * (1 - ins)).sum(1) / (1 - ins).sum(1).clamp_min(1)
        box = positive.mean() + negative.mean() + 0.3 * hardest(boxed, 1 - ins)
    negatives = (label < 0.5) & ~other
    free = per_cell[negatives].mean() + 0.3 * hardest(negatives, 1.0) if negatives.any() else torch.zeros(())
    return image + 0.5 * box + 0.4 * free, {"image": image, "box": box, "free": free}


@torch.no_grad()
def run(served, pixels, batch=16):
    scores, heats = [], []
    for i in range(0, len(pixels), batch):
        score, heat = served(torch.from_numpy(np.ascontiguousarray(pixels[i:i + batch]))[:, None])
        scores.append(score[:, 0].cpu()), heats.append(heat[:, 0].cpu())
    return torch.cat(scores).numpy(), torch.cat(heats).numpy()


def pointing(films, files, heats):
    """Share of boxed films whose hottest cell lies inside a box (half a cell of tolerance)."""
    hits = []
    for file, heat in zip(files, heats):
        if file not in films.boxes:
            continue
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        u, v, slack = (x + 0.5) / CELLS, (y + 0.5) / CELLS, 0.5 / CELLS
        hits.append(any(a - slack <= u <= c + slack and b - slack <= v <= d + slack for a, b, c, d in boxes_in_crop(films.boxes[file], films.prepared.films[file])))
    return np.array(hits, float)


def calibrate(scores, labels):
    """Monotone piecewise-linear map of raw scores to 0-100 from validation films of both classes (isotonic, smoothed),
    anchored so that it stays strictly increasing."""
    order = np.argsort(scores)
    s, y = scores[order], labels[order].astype(float)
    weight = np.where(y == 1, 0.5 / max(1, y.sum()), 0.5 / max(1, (1 - y).sum()))
    blocks = []
    for value, target, w in zip(s, y, weight):
        blocks.append([value * w, target * w, w])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last)]
    xs, ys = np.array([b[0] / b[2] for b in blocks]), np.array([b[1] / b[2] for b in blocks])
    knots = np.quantile(s, [0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.98])
    points = [(0.0, 0.0)]
    for knot in knots:
        # Half isotonic, half the network's own probability: isotonic alone has flat steps on so few films.
        value = 50 * float(np.interp(knot, xs, ys)) + 50 * float(knot)
        x, y = round(float(knot), 4), round(value, 1)
        if x > points[-1][0] + 0.005 and y > points[-1][1] + 0.2 and x < 0.99:
            points.append((x, y))
    points.append((1.0, 100.0))
    return [list(p) for p in points]


def to_points(calibration, scores):
    xs, ys = zip(*calibration)
    return np.interp(scores, xs, ys)


def choose_threshold(points, positive, negative, normal):
    """90 % sensitivity; higher, down to 80 % sensitivity, while more than 5 % of normals or 20 % of other findings are
    flagged. All on validation films."""
    ninety, eighty = (measure.threshold_at_sensitivity(points[positive], s) for s in (0.9, 0.8))
    others = negative & ~normal
    fits = lambda t: np.mean(points[negative & normal] >= t) <= 0.05 and np.mean(points[others] >= t) <= 0.20
    threshold = next((t for t in np.arange(ninety, eighty, 0.1) if fits(t)), eighty if not fits(ninety) else ninety)
    threshold = round(float(threshold), 1)
    share = lambda at: f"{100 * np.mean(points[at] >= threshold):.0f} %"
    sick, free = (share(positive), positive.sum()), (share(negative & normal), (negative & normal).sum())
    return threshold, {
        "en": f"chosen on validation films, where it flags {sick[0]} of {sick[1]} films with tuberculosis (Shenzhen, TBX11K), {free[0]} of {free[1]} without disease and {share(others)} of {others.sum()} with other findings; {export.today()}",
        "vi": f"chọn trên tập phim kiểm định, gắn cờ {sick[0]} trong {sick[1]} phim lao phổi (Shenzhen, TBX11K), {free[0]} trong {free[1]} phim không bệnh và {share(others)} trong {others.sum()} phim có bất thường khác; {export.today_vi()}",
    }


def figures_of(films, files, scores, heats, threshold):
    rows = [films.rows[f] for f in files]
    labels = np.array([label_of(r) for r in rows])
    groups = np.array([f"{r['source']} {r['label']}" for r in rows])
    out = {"threshold": threshold, "perGroup": {g: measure.rate(scores[groups == g], threshold) for g in sorted(set(groups))}}
    for source in ("tb/shenzhen", "tb/pakistan"):
        at = np.array([r["source"] == source for r in rows])
        if at.any() and 0 < labels[at].mean() < 1:
            p, n = scores[at & (labels == 1)], scores[at & (labels == 0)]
            out[source] = {**measure.auc_with_interval(p, n), "specificityAt90": measure.specificity_at_sensitivity(p, n), "specificityAt90Interval": measure.bootstrap(measure.specificity_at_sensitivity, p, n)}
    hits = pointing(films, files, heats)
    if len(hits):
        out["pointing"] = measure.rate(hits, 0.5)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--out", default="models/tuberculosis")
    parser.add_argument("--protocol", choices=list(BALANCE), default="shipped")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one net each; the shipped graph is their mean")
    parser.add_argument("--small-share", type=float, default=0.6, help="share of the steps at 160 x 160")
    parser.add_argument("--start-from", nargs="+", help="checkpoints to go on from (of the net without Shenzhen, say), one for all seeds or one each, in place of ImageNet alone")
    parser.add_argument("--focal", help="checkpoint of a nodule net that speaks for small round shadows and lesions; without Shenzhen, one that was drawn on none of its films")
    parser.add_argument("--lung-field", default="models/lung-field")
    parser.add_argument("--frozen-fires", type=int, default=2, help="the first layer and so many fire modules stay as ImageNet left them")
    parser.add_argument("--minutes", type=float, help="end earlier than --steps says")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--status", default="interim")
    parser.add_argument("--version", default="0.1.0")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    films, work = Films(args, args.protocol), Path(args.work)
    balance = BALANCE[args.protocol]
    print(f"{len(films.train)} films to train, {len(films.val)} to choose, {len(films.test)} to report", flush=True)
    val_pixels, served_val = films.prepared.stack(films.val), films.served.stack(films.val)
    val_labels = np.array([label_of(films.rows[f]) for f in films.val])

    def batch_loss(model, step, progress):
        x, label, target, boxed, other = (torch.cat([part, part]) for part in films.batch(balance))
        # The second look at a film: the same grey look as the first, other geometry and degradation.
        swapped = augment.swap_looks(x)
        # Of any size: a film of another machine is sharper or coarser, and the served score is a mean over sizes. Small
        # ones first: most of what is to be learned costs less than half there.
        size = SMALL if progress < args.small_share else int(np.random.choice(SIZES))
        grid, theta = augment.affine_grid(len(x), size, degrees=10, scale=(0.85, 1.2), shear=0.08, aspect=0.1, shift=0.05)
        x = augment.sample(swapped, grid, border=bool(torch.rand(1) < 0.4))
        target = F.avg_pool2d(augment.sample(target, F.affine_grid(theta, (len(x), 1, size // 2, size // 2), align_corners=False)), 4)
        x = augment.degrade(x)
        score, cells = forward(model, (x - 0.5) * 2)
        loss, parts = loss_of(score, cells, label, target, boxed, other)
        first, second = torch.sigmoid(score).chunk(2)
        same = F.mse_loss(first, second)
        return loss + 4 * same, {**parts, "same": same}

    def report(net, step):
        scores, heats = run(Served([net]), val_pixels)
        groups = np.array([f"{films.rows[f]['source']} {films.rows[f]['label']}" for f in films.val])
        print(f"  val at {step}: AUC all {measure.auc(scores[val_labels == 1], scores[val_labels == 0]):.4f}, pointing {pointing(films, films.val, heats).mean():.3f}; means " + ", ".join(f"{g} {scores[groups == g].mean():.2f}" for g in sorted(set(groups))), flush=True)

    nets = []
    for number, seed in enumerate(args.seeds):
        seed_all(seed)
        net = TuberculosisNet()
        net.trunk.load_imagenet(args.data)
        if args.start_from:
            go_on_from(net, args.start_from[number % len(args.start_from)], [(torch.from_numpy(val_pixels[i::40])[:, None] / 255 - 0.5) * 2 for i in range(2)])
        net.trunk.freeze(args.frozen_fires)
        net = on_device(net)
        trunk = [p for p in net.trunk.parameters() if p.requires_grad]
        others = [p for n, p in net.named_parameters() if not n.startswith("trunk.")]
        groups = [{"params": trunk, "lr": 3e-4}, {"params": others, "lr": 1e-3}]
        name = f"tuberculosis-{args.protocol}-{args.version}-{seed}"
        nets.append(train(net, batch_loss, args.steps, work / "checkpoints" / f"{name}.pt", groups=groups, seed=seed, ema_decay=0.998, minutes=args.minutes, every=(500, report)).eval())
    module = Served(nets, SERVED_SIZES, focal_of(args.focal, args) if args.focal else None).eval()
    tag = f"tuberculosis-{args.protocol}-{args.version}"
    measured = work / "measured" / tag  # of its own: another run may measure beside this one
    served = export.Exported(measured / "tuberculosis.onnx", module, module.size, ["score", "heatmap"])

    val_scores, _ = run(served, served_val)
    # Calibration and threshold come from validation films only. Positives: of Shenzhen and TBX11K (the films that look
    # like digital radiographs); negatives: adults' films of every source (viral pneumonia: small children).
    negative = np.array([label_of(films.rows[f]) == 0 and films.rows[f]["label"] != "viral_pneumonia" for f in films.val])
    positive = np.array([label_of(films.rows[f]) == 1 and films.rows[f]["source"] in ("tb/shenzhen", "tb/tbx11k") for f in films.val])
    calibration = calibrate(val_scores[positive | negative], val_labels[positive | negative])
    points = to_points(calibration, val_scores)
    threshold, origin = choose_threshold(points, positive, negative, np.array([films.rows[f]["label"] == "normal" for f in films.val]))
    test_scores, test_heats = run(served, films.served.stack(films.test))
    figures = figures_of(films, films.test, to_points(calibration, test_scores), test_heats, threshold)
    figures["calibration"] = calibration
    if args.protocol == "shipped":
        sample = films.served.stack(films.test[:: max(1, len(films.test) // 96)])
        figures.update(export.precision_figures(measured, module, module.size, ["score", "heatmap"], sample, lambda outputs: to_points(calibration, outputs[0][:, 0])))
    print(json.dumps(figures, indent=1))
    (work / f"figures-{tag}.json").write_text(json.dumps(figures, indent=1))
    np.savez(work / f"scores-{tag}.npz", files=np.array(films.test), raw=test_scores, points=to_points(calibration, test_scores))
    if args.protocol != "shipped":
        return
    export.export_model(args.out, module, module.size, ["score", "heatmap"], {
        "name": "tuberculosis", "version": args.version, "task": "tuberculosis", "input": export.input_of(module.size, "lung"),
        "outputs": [
            {"kind": "scores", "name": "score", "activation": "none", "labels": [{"family": "tuberculosis", "index": 0}]},
            {"kind": "heatmap", "name": "heatmap", "activation": "none", "family": "tuberculosis"},
        ],
        "calibration": calibration,
        "thresholds": [{"family": "tuberculosis", "threshold": threshold, "origin": origin}],
        "ageYears": {"min": 15},
        "provenance": {"status": args.status, "trainedOn": sorted({films.rows[f]["source"] for f in films.train}) + (["nodule/nih_boxed (its nodule net)"] if args.focal else []), "trainedAt": export.today(), **export.PROVENANCE},
    })


if __name__ == "__main__":
    main()
