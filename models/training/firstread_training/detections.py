"""Boxes from the nodule net's heat, as the serving code reads them (postprocess-boxes.ts), and FROC against truths."""
import numpy as np
import torch
import torch.nn.functional as F

STRIDE = 4
NMS_IOU, BOXES_MAX = 0.3, 50


def decode(heat, size, offset, mask=None, score_min=0.02):
    """[(score, cx, cy, w, h)] in input pixels, best first: 3 x 3 peaks inside the dilated lungs, then NMS."""
    n = heat.shape[0]
    peaks = heat >= F.max_pool2d(torch.from_numpy(heat)[None, None], 3, 1, 1)[0, 0].numpy()
    if mask is not None:
        peaks &= F.max_pool2d(torch.from_numpy(mask.astype(np.float32))[None, None], 7, 1, 3)[0, 0].numpy() > 0
    ys, xs = np.nonzero(peaks & (heat > score_min))
    boxes = sorted(((float(heat[y, x]), (x + offset[0, y, x]) * STRIDE, (y + offset[1, y, x]) * STRIDE, float(size[0, y, x]), float(size[1, y, x])) for y, x in zip(ys, xs)), reverse=True)
    kept = []
    for box in boxes[:200]:
        if all(overlap(box, other) < NMS_IOU for other in kept):
            kept.append(box)
        if len(kept) == BOXES_MAX:
            break
    return kept


def overlap(a, b):
    w = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    h = min(a[2] + a[4] / 2, b[2] + b[4] / 2) - max(a[2] - a[4] / 2, b[2] - b[4] / 2)
    inter = max(0.0, w) * max(0.0, h)
    return inter / (a[3] * a[4] + b[3] * b[4] - inter)


@torch.no_grad()
def detect(served, pixels, masks, batch=8):
    found = []
    for i in range(0, len(pixels), batch):
        part = torch.from_numpy(np.ascontiguousarray(pixels[i:i + batch]))[:, None]
        heat, size, offset = (t.float().cpu().numpy() for t in served(part))
        found += [decode(heat[k, 0], size[k], offset[k], masks[i + k]) for k in range(len(part))]
    return found


def froc_curve(found, truths):
    """(mean false positives per picture, sensitivity) at every threshold. A box is found when a detection's centre lies in
    it (at least 12 pixels wide) or overlaps it by 0.2."""
    events, total = [], max(1, sum(len(t) for t in truths))
    for boxes, truth in zip(found, truths):
        taken = set()
        for score, cx, cy, w, h in boxes:
            hit = [k for k, (tx, ty, tw, th) in enumerate(truth) if (abs(cx - tx) <= max(tw, 12) / 2 and abs(cy - ty) <= max(th, 12) / 2) or overlap((0, cx, cy, w, h), (0, tx, ty, tw, th)) >= 0.2]
            fresh = [k for k in hit if k not in taken]
            if fresh:
                taken.add(fresh[0])
                events.append((score, 1))
            elif not hit:
                events.append((score, 0))
    good = np.array([g for _, g in sorted(events, reverse=True)] or [0])
    return np.cumsum(1 - good) / len(found), np.cumsum(good) / total


def froc(found, truths, allowed=(0.5, 1, 2, 4)):
    """Sensitivity at so many false positives per picture."""
    x, y = froc_curve(found, truths)
    return {a: float(y[x <= a].max(initial=0.0)) for a in allowed}
