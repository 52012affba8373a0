"""Where lesions of tuberculosis are: the nodule net's second question (lung_nodule.py), for the tuberculosis model alone.

Put so that a hospital's look is no answer. TBX11K has boxes and no healthy film, other sources have healthy films and no
box: a net that only sees these learns the source. So a film of TBX11K's comes as it is or with its lesions replaced by
its healthy half, other films with a lesion laid in or with the same cut of what is none, and among all these what is none
counts as much as the lesions do."""
import numpy as np
import torch.nn.functional as F

from .prepared import boxes_in_crop, read_tbx11k_boxes


class LesionFilms:
    """TBX11K's training films with their boxes (cx, cy, w, h) in pixels of the crop of `size`."""

    def __init__(self, data, splits, prepared, size):
        table, self.boxes, self.one_sided = read_tbx11k_boxes(data), {}, []
        for file, r in splits.items():
            if file in table and r["split"] == "train" and file in prepared.films:
                mine = [((a + c) / 2 * size, (b + d) / 2 * size, (c - a) * size, (d - b) * size) for a, b, c, d in boxes_in_crop(table[file], prepared.films[file])]
                self.boxes[file] = mine
                # Those whose boxes keep to one half: the other one is healthy.
                if max(b[0] + b[2] / 2 for b in mine) < size / 2 + 16 or min(b[0] - b[2] / 2 for b in mine) > size / 2 - 16:
                    self.one_sided.append(file)
        self.files, self.one_sided = list(self.boxes), sorted(self.one_sided)

    def draw(self, rng, film_of, healthy, spot):
        """(file of the lungs, float32 film in 0..1, boxes, place (x, y)). `film_of(file)`: float32 film in 0..1;
        `healthy()`: the name of a film without tuberculosis; `spot(file)`: (y, x) in its lungs."""
        pool = self.one_sided if rng.random() >= 0.5 and self.one_sided else self.files
        owner = pool[rng.integers(len(pool))]
        boxes, sick = self.boxes[owner], film_of(owner)
        box = boxes[rng.integers(len(boxes))]
        at = box[:2] if rng.random() < 0.5 else spot(owner)[::-1]
        kind = rng.random()
        if kind < 0.25:
            return owner, sick, boxes, at
        if kind < 0.55 and owner in self.one_sided:
            soft = soft_boxes(boxes, len(sick))
            return owner, (1 - soft) * sick + soft * sick[:, ::-1], [], at
        file = healthy()
        film, soft = film_of(file), soft_boxes([box], len(sick)) * rng.uniform(0.4, 1)
        if kind < 0.8:
            return file, (1 - soft) * film + soft * sick, [box], at
        source = sick[:, ::-1] if owner in self.one_sided and rng.random() < 0.6 else film_of(healthy())
        return file, (1 - soft) * film + soft * source, [], at


def soft_boxes(boxes, size):
    """Boxes in pixels -> [size, size] in 0..1, a little larger and soft at the edge."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    soft = np.zeros((size, size), np.float32)
    for cx, cy, w, h in boxes:
        out = np.maximum(np.abs(x - cx) - w / 2, np.abs(y - cy) - h / 2)
        soft = np.maximum(soft, np.clip(0.75 - out / 24, 0, 1))
    return soft


def lesion_targets(boxes, unknown, asked, stride):
    """Where lesions are, and how much that counts (`asked`, [n, n], less what is left out): float32 [1, n, n] each, in
    cells of `stride` pixels. Boxes are rough: a rim around their edges counts for nothing, nor do the `unknown` boxes."""
    n = len(asked)
    y, x = (np.mgrid[0:n, 0:n].astype(np.float32) + 0.5) * stride
    inside, care = np.zeros((1, n, n), np.float32), asked[None].copy()
    for cx, cy, w, h in boxes:
        rim = np.maximum(np.abs(x - cx) / w, np.abs(y - cy) / h)
        inside[0][rim < 0.5] = 1
        care[0][(rim > 0.42) & (rim < 0.6)] = 0
    for cx, cy, w, h in unknown:
        care[0][(np.abs(x - cx) < w * 0.7) & (np.abs(y - cy) < h * 0.7)] = 0
    return inside, care


def lesion_loss(logit, inside, care, near):
    """`near`, bool [N]: places that LesionFilms drew; what is none there counts as much as the lesions, elsewhere half."""
    per_cell = F.binary_cross_entropy_with_logits(logit, inside, reduction="none")
    mean = lambda weight: (per_cell * weight).sum() / weight.sum().clamp_min(300)
    outside, near = care * (1 - inside), near[:, None, None, None].float()
    hardest = (per_cell * outside).flatten(1).topk(60, 1).values.mean()
    return mean(care * inside) + mean(outside * near) + 0.5 * mean(outside * (1 - near)) + 0.3 * hardest
