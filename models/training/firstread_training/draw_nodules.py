"""Draws lung nodules, and what is none, into films: float32 [H, W] in 0..1 of a lung crop at about 0.62 mm per pixel.

Nodules: 7-65 mm (log-uniform), soft irregular outline, sphere-like profile with texture, contrast growing with size; or
lesions of other films, lifted off their background (lift_lesion) and laid onto this one.
Distractors: vessel lines, small dense dots, rings, haze, electrodes, pacemakers, crossing lines."""
import numpy as np
from PIL import Image

MM_PER_PIXEL = 0.62


def stamp(shape_px, rng, spiky=0.0):
    """Profile 0..1 of one nodule on a square patch of 3 radii; irregular outline from a few harmonics."""
    half = int(np.ceil(shape_px * 1.7)) + 2
    y, x = np.mgrid[-half:half + 1, -half:half + 1].astype(np.float32)
    squeeze, angle = np.exp(rng.uniform(-0.22, 0.22)), rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    u, v = u * squeeze, v / squeeze
    theta, radius = np.arctan2(v, u), np.hypot(u, v)
    outline = np.ones_like(theta)
    for k in range(2, 8):
        outline += rng.normal(0, (0.10 + spiky) / k) * np.cos(k * theta + rng.uniform(0, 6.3))
    rho = radius / (shape_px * outline.clip(0.5, 1.6))
    sphere = np.sqrt(np.clip(1 - (rho / 1.08) ** 2, 0, 1))
    edge = rng.uniform(0.10, 0.45)
    plateau = 1 / (1 + np.exp(np.clip((rho - 1) / edge * 4, -30, 30)))
    mix = rng.uniform(0.2, 0.9)
    return (mix * sphere + (1 - mix) * plateau) * np.clip((1.7 - rho) / 0.4, 0, 1)


def add_patch(film, patch, cy, cx):
    half = patch.shape[0] // 2
    top, left = cy - half, cx - half
    a, b = max(0, -top), max(0, -left)
    c, d = min(patch.shape[0], film.shape[0] - top), min(patch.shape[1], film.shape[1] - left)
    if c > a and d > b:
        film[top + a:top + c, left + b:left + d] += patch[a:c, b:d]


def add_nodule(film, rng, cy, cx, diameter_mm=None, contrast=None):
    """In place; returns (cx, cy, width, height) in pixels."""
    diameter_mm = diameter_mm or np.exp(rng.uniform(np.log(7), np.log(65)))
    radius = diameter_mm / 2 / MM_PER_PIXEL
    # Masses are seldom round.
    patch = stamp(radius, rng, spiky=float(rng.choice([0, 0, 0.15, 0.3] if diameter_mm < 30 else [0.1, 0.25, 0.45])))
    # An X-ray shadow grows with the path through the nodule; faint ones are kept, invisible ones are not.
    contrast = contrast or rng.uniform(0.06, 0.15) + 0.006 * min(diameter_mm, 30) * rng.uniform(0.2, 1.4)
    texture = rng.normal(0, 1, (max(2, patch.shape[0] // 6), max(2, patch.shape[1] // 6))).astype(np.float32)
    texture = np.asarray(Image.fromarray(texture).resize(patch.shape[::-1], Image.BICUBIC))
    patch = patch * contrast * (1 + rng.uniform(0, 0.25) * texture)
    add_patch(film, patch.astype(np.float32), int(cy), int(cx))
    return float(cx), float(cy), 2 * radius, 2 * radius


def lift_lesion(film, box):
    """The lesion in a box (cx, cy, w, h) as what it adds to its surroundings: float32 patch, soft at its edge, or None
    where the box holds nothing that stands out. The background is interpolated from a ring around the box (inverse square
    of the distance)."""
    cx, cy, w, h = box
    half = int(max(w, h) * 0.75) + 3
    top, left = int(cy) - half, int(cx) - half
    if top < 0 or left < 0 or top + 2 * half + 1 > film.shape[0] or left + 2 * half + 1 > film.shape[1]:
        return None
    patch = film[top:top + 2 * half + 1, left:left + 2 * half + 1].astype(np.float32)
    y, x = np.mgrid[-half:half + 1, -half:half + 1].astype(np.float32)
    rho = np.hypot(x / (w / 2), y / (h / 2))
    ring = np.argwhere((rho > 1.12) & (rho < 1.4))
    ring = ring[:: max(1, len(ring) // 160)]
    inside = np.argwhere(rho < 1.3)
    weight = 1 / ((inside[:, None, :] - ring[None]) ** 2).sum(2).clip(1)
    background = (weight * patch[ring[:, 0], ring[:, 1]]).sum(1) / weight.sum(1)
    added = np.zeros_like(patch)
    added[inside[:, 0], inside[:, 1]] = patch[inside[:, 0], inside[:, 1]] - background
    if added[rho < 0.5].mean() < 0.05:
        return None
    return added * np.clip((1.25 - rho) / 0.35, 0, 1)


def add_lifted(film, rng, cy, cx, lesion, box):
    """In place: a lifted lesion, turned, mirrored, resized, of other contrast; returns (cx, cy, width, height)."""
    w, h = box[2:]
    turns = int(rng.integers(4))
    lesion = np.rot90(lesion, turns)
    if turns % 2:
        w, h = h, w
    if rng.random() < 0.5:
        lesion = lesion[:, ::-1]
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.25))))
    side = max(7, int(lesion.shape[0] * scale) | 1)
    lesion = np.asarray(Image.fromarray(np.ascontiguousarray(lesion)).resize((side, side), Image.BICUBIC if scale > 1 else Image.BOX))
    add_patch(film, (lesion * rng.uniform(0.6, 1.3)).astype(np.float32), int(cy), int(cx))
    return float(cx), float(cy), w * scale, h * scale


def add_line(film, rng, cy, cx):
    """A vessel or fissure: a curved stroke."""
    length, width, amount = rng.uniform(20, 140), rng.uniform(0.7, 3.5), rng.uniform(0.03, 0.14)
    angle, bend = rng.uniform(0, 6.3), rng.uniform(-0.02, 0.02)
    x, y = float(cx), float(cy)
    canvas = np.zeros_like(film)
    for _ in range(int(length)):
        x, y, angle = x + np.cos(angle), y + np.sin(angle), angle + bend
        r = int(3 * width) + 1
        a, b = int(y), int(x)
        if r <= a < film.shape[0] - r and r <= b < film.shape[1] - r:
            v, u = np.mgrid[a - r:a + r + 1, b - r:b + r + 1]
            np.maximum(canvas[a - r:a + r + 1, b - r:b + r + 1], np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * width ** 2)), out=canvas[a - r:a + r + 1, b - r:b + r + 1])
    film += amount * canvas


def add_device(film, rng, cy, cx):
    """A pacemaker or port: a sharp, rounded box on wires, denser than any nodule (a fainter one would teach the net to pass
    over sharp, even masses)."""
    wide, high, amount = rng.uniform(14, 38), rng.uniform(12, 30), rng.uniform(0.55, 1)
    half = int(max(wide, high) * 1.5) + 2
    y, x = np.mgrid[-half:half + 1, -half:half + 1]
    angle = rng.uniform(0, np.pi)
    u, v = np.abs(x * np.cos(angle) + y * np.sin(angle)) / wide, np.abs(-x * np.sin(angle) + y * np.cos(angle)) / high
    box = np.clip((1 - (u ** 4 + v ** 4)) * min(wide, high) / 2, 0, 1)
    box = box * (1 - rng.uniform(0, 0.5) * (np.hypot(u - rng.uniform(0, 0.5), v) < 0.35))
    add_patch(film, (amount * box).astype(np.float32), int(cy), int(cx))
    for _ in range(rng.integers(1, 4)):
        add_line(film, rng, cy, cx)


def add_distractor(film, rng, cy, cx):
    kind = rng.integers(0, 7)
    if kind == 0:
        add_line(film, rng, cy, cx)
    elif kind == 1:  # a dense dot: vessel end on, calcified granuloma under 5 mm, electrode
        radius = rng.uniform(1.2, 3.5)
        add_patch(film, (rng.uniform(0.1, 0.35) * stamp(radius, rng)).astype(np.float32), int(cy), int(cx))
    elif kind == 2:  # a ring: bronchus end on, button
        radius = rng.uniform(3, 12)
        half = int(radius * 2)
        y, x = np.mgrid[-half:half + 1, -half:half + 1]
        add_patch(film, (rng.uniform(0.05, 0.2) * np.exp(-((np.hypot(x, y) - radius) / rng.uniform(0.8, 2)) ** 2)).astype(np.float32), int(cy), int(cx))
    elif kind == 3:  # haze: wide and without an outline
        radius = rng.uniform(30, 90)
        half = int(radius * 2)
        y, x = np.mgrid[-half:half + 1, -half:half + 1]
        stretch = rng.uniform(0.5, 2)
        add_patch(film, (rng.uniform(0.03, 0.14) * np.exp(-((x / radius) ** 2 * stretch + (y / radius) ** 2 / stretch))).astype(np.float32), int(cy), int(cx))
    elif kind == 4:  # an electrode or button: a sharp, even, bright disc, often on a wire
        radius, amount = rng.uniform(4, 12), rng.uniform(0.18, 0.5)
        half = int(radius) + 3
        y, x = np.mgrid[-half:half + 1, -half:half + 1]
        disc = np.clip(radius - np.hypot(x, y) + 0.5, 0, 1) - rng.choice([0, 0.6]) * np.clip(radius * 0.6 - np.hypot(x, y) + 0.5, 0, 1)
        add_patch(film, (amount * disc).astype(np.float32), int(cy), int(cx))
        if rng.random() < 0.6:
            add_line(film, rng, cy, cx)
    elif kind == 5:
        add_device(film, rng, cy, cx)
    else:  # two crossing lines: rib crossings, vessel crossings
        add_line(film, rng, cy, cx)
        add_line(film, rng, cy, cx)
