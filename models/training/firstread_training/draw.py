"""Draws pictures for the frontal verdict: what is not a frontal chest, and schematic frontal chests.

Only drawing code: no foreign picture is in the project. All functions take a numpy Generator and return
float32 [size, size] in 0..255 before the grey window (window() is preprocess.ts's, for pictures that exist only here).
"""
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WORDS = "patient report findings lungs clear heart size normal impression page date ward room doctor film number value unit result table study".split()


def window(picture):
    """1st-99th percentile of the central 80 %, as preprocess.ts does after its resize. uint8."""
    h, w = picture.shape
    centre = picture[h // 10:h - h // 10, w // 10:w - w // 10]
    low, high = np.percentile(centre, [1, 99])
    if high - low < 1e-3:
        return np.zeros(picture.shape, np.uint8)
    return np.floor(np.clip((picture - low) * (255 / (high - low)), 0, 255) + 0.5).astype(np.uint8)


def smooth_noise(rng, size, cells):
    """Value noise in 0..1."""
    lattice = (rng.random((cells + 1, cells + 1)) * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(lattice).resize((size, size), Image.BICUBIC), np.float32) / 255


def grid(size):
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    return x, y


def soft(distance, edge=0.03):
    """1 inside (distance < 0), 0 outside, smooth in between."""
    return 1 / (1 + np.exp(np.clip(distance / edge * 4, -30, 30)))


def ellipse(x, y, cx, cy, rx, ry, angle=0.0):
    c, s = np.cos(angle), np.sin(angle)
    u, v = (x - cx) * c + (y - cy) * s, -(x - cx) * s + (y - cy) * c
    return np.hypot(u / rx, v / ry) - 1


def noise_on(rng, picture, amount=6):
    return picture + rng.normal(0, rng.uniform(0, amount), picture.shape)


def frontal_chest(rng, size=128):
    """A schematic frontal chest: body, two lungs, ribs, spine, heart, diaphragm. Air dark."""
    x, y = grid(size)
    x = x + rng.uniform(-0.06, 0.06)
    y = y + rng.uniform(-0.06, 0.06)
    zoom, squeeze = rng.uniform(0.85, 1.2), rng.uniform(0.9, 1.1)
    x, y = (x - 0.5) * zoom * squeeze + 0.5, (y - 0.5) * zoom + 0.5
    shoulder = rng.uniform(0.38, 0.5)
    body = soft(np.abs(x - 0.5) - np.clip(shoulder * (0.35 + 1.8 * np.clip(y, 0, 0.4) + 0.2), 0, shoulder), 0.03)
    picture = 130 * body + 20 * smooth_noise(rng, size, 5) * body
    picture += rng.uniform(0, 50) * np.clip(y - 0.7, 0, 1) * 3 * body
    lungs = np.zeros_like(x)
    top = rng.uniform(0.1, 0.22)
    for side in (-1, 1):
        base = rng.uniform(0.68, 0.85)
        cx, rx = 0.5 + side * rng.uniform(0.17, 0.22), rng.uniform(0.11, 0.16)
        t = np.clip((y - top) / (base - top), 0.001, 1)
        half = rx * np.sin(np.clip(t * rng.uniform(0.55, 0.75), 0, 1) * np.pi) ** rng.uniform(0.4, 0.7)
        axis = cx - side * rng.uniform(0.02, 0.07) * (1 - t)
        dome = base - 0.05 * np.cos((x - cx) / rx * 1.3)
        lungs = np.maximum(lungs, soft(np.abs(x - axis) - half, 0.02) * soft(y - dome, 0.02) * soft(top - y, 0.03))
    heart = soft(ellipse(x, y, 0.5 + rng.uniform(0.02, 0.07), rng.uniform(0.56, 0.68), rng.uniform(0.1, 0.19), rng.uniform(0.12, 0.2), 0.5), 0.15)
    lungs = lungs * (1 - 0.9 * heart)
    picture -= rng.uniform(60, 110) * lungs
    picture += rng.uniform(20, 70) * soft(np.abs(x - 0.5) - rng.uniform(0.03, 0.06), 0.03) * body
    if rng.random() < 0.7:
        for rib in range(rng.integers(7, 11)):
            for side in (-1, 1):
                u = np.clip((x - 0.5) * side, 0, None)
                line = y - (top + 0.01 + rib * rng.uniform(0.06, 0.075)) - rng.uniform(0.15, 0.5) * u ** 1.4 + 0.03
                picture += rng.uniform(5, 28) * soft(np.abs(line) - 0.01, 0.012) * (u > 0.03) * soft(u - 0.42, 0.03)
    if rng.random() < 0.6:
        for side in (-1, 1):
            u = (x - 0.5) * side
            picture += rng.uniform(10, 40) * soft(np.abs(y - top - 0.03 + 0.12 * u) - 0.015, 0.015) * (u > 0.04) * soft(u - 0.4, 0.02)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 5)):
            picture += rng.uniform(20, 60) * soft(ellipse(x, y, rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.7), rng.uniform(0.03, 0.13), rng.uniform(0.03, 0.13)), 0.4)
    return noise_on(rng, np.clip(picture + 12 * (smooth_noise(rng, size, 20) - 0.5), 0, 255))


def lateral_chest(rng, size=128):
    """A schematic lateral view: one dark field, spine behind, heart in front, oblique diaphragm."""
    x, y = grid(size)
    if rng.random() < 0.5:
        x = 1 - x
    body = soft(ellipse(x, y, 0.5, 0.55, rng.uniform(0.36, 0.48), rng.uniform(0.6, 0.8)), 0.05)
    picture = (120 + 30 * smooth_noise(rng, size, 5)) * body
    tilt = rng.uniform(-0.25, 0.25)
    lung = soft(ellipse(x, y, rng.uniform(0.45, 0.55), rng.uniform(0.4, 0.48), rng.uniform(0.24, 0.33), rng.uniform(0.3, 0.4), tilt), 0.1)
    lung *= soft(y - rng.uniform(0.66, 0.78) - rng.uniform(-0.1, 0.3) * (x - 0.5) + 0.1 * np.cos((x - 0.5) * 7) - 0.08, 0.03)
    picture -= rng.uniform(50, 100) * lung
    spine_x = rng.uniform(0.72, 0.82) + 0.06 * np.sin(y * 3 + rng.uniform(0, 2))
    picture += rng.uniform(20, 60) * soft(np.abs(x - spine_x) - 0.05, 0.03) * body * (0.8 + 0.3 * np.cos(y * rng.uniform(60, 90)))
    picture += rng.uniform(40, 90) * soft(ellipse(x, y, rng.uniform(0.33, 0.42), rng.uniform(0.56, 0.66), rng.uniform(0.1, 0.16), rng.uniform(0.1, 0.16)), 0.15)
    for rib in range(8):
        line = y - 0.15 - rib * 0.08 - rng.uniform(0.1, 0.4) * (0.8 - x)
        picture += rng.uniform(3, 20) * soft(np.abs(line) - 0.008, 0.01) * body
    return noise_on(rng, np.clip(picture, 0, 255))


def bones(rng, size=128):
    """Hands, limbs: soft tissue with brighter bones on black."""
    picture = Image.new("L", (size * 2, size * 2))
    draw = ImageDraw.Draw(picture)
    s = size * 2

    def limb(points, width, flesh, bone):
        draw.line(points, fill=flesh, width=int(width), joint="curve")
        draw.line(points, fill=bone, width=max(2, int(width * rng.uniform(0.3, 0.55))))
    flesh, bone = int(rng.uniform(60, 120)), int(rng.uniform(150, 250))
    if rng.random() < 0.6:
        cx, cy = s * rng.uniform(0.4, 0.6), s * rng.uniform(0.55, 0.7)
        draw.ellipse([cx - s * 0.17, cy - s * 0.17, cx + s * 0.17, cy + s * 0.2], fill=flesh)
        for k in range(5):
            angle = -np.pi / 2 + (k - 2) * rng.uniform(0.22, 0.4)
            length = s * rng.uniform(0.25, 0.38)
            limb([(cx, cy), (cx + np.cos(angle) * length, cy + np.sin(angle) * length)], s * 0.065, flesh, bone)
        limb([(cx, cy), (cx + rng.uniform(-30, 30), s)], s * 0.2, flesh, bone)
    else:
        for _ in range(rng.integers(1, 4)):
            limb([tuple(rng.uniform(0, s, 2)) for _ in range(rng.integers(2, 4))], s * rng.uniform(0.1, 0.35), flesh, bone)
    picture = picture.resize((size, size), Image.BOX).rotate(rng.uniform(0, 360), resample=Image.BILINEAR)
    return noise_on(rng, np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))), np.float32))


def axial_slice(rng, size=128):
    """A CT-like slice: body ellipse, two lungs, spine below, in a black or grey round field of view."""
    x, y = grid(size)
    rx, ry, cy = rng.uniform(0.36, 0.48), rng.uniform(0.24, 0.36), rng.uniform(0.45, 0.55)
    picture = rng.uniform(90, 150) * soft(ellipse(x, y, 0.5, cy, rx, ry), 0.02)
    air = rng.uniform(60, 140)
    if rng.random() < 0.8:
        for side in (-1, 1):
            picture -= air * soft(ellipse(x, y, 0.5 + side * rx * 0.48, cy, rx * rng.uniform(0.3, 0.4), ry * rng.uniform(0.55, 0.8), side * rng.uniform(0, 0.3)), 0.05)
        picture += air * 0.8 * soft(ellipse(x, y, 0.5 + rng.uniform(-0.03, 0.08), cy - ry * 0.15, rx * 0.25, ry * 0.4), 0.1)
    picture += rng.uniform(60, 120) * soft(ellipse(x, y, 0.5, cy + ry * 0.65, 0.06, 0.05), 0.1)
    picture += rng.uniform(30, 90) * soft(np.abs(ellipse(x, y, 0.5, cy, rx * 0.93, ry * 0.9)) - 0.02, 0.03) * (np.sin(np.arctan2(y - cy, x - 0.5) * rng.integers(8, 16)) > 0)
    if rng.random() < 0.5:
        picture += rng.uniform(20, 90) * soft(np.abs(y - cy - ry * rng.uniform(1.1, 1.3) - 0.2 * (x - 0.5) ** 2) - 0.01, 0.01)
    if rng.random() < 0.4:
        picture += rng.uniform(20, 60) * (ellipse(x, y, 0.5, 0.5, 0.5, 0.5) < 0)
    return noise_on(rng, np.clip(picture, 0, 255), 12)


def ultrasound(rng, size=128):
    x, y = grid(size)
    apex = rng.uniform(0.3, 0.7), rng.uniform(-0.2, 0.12)
    angle = np.arctan2(x - apex[0], y - apex[1])
    radius = np.hypot(x - apex[0], y - apex[1])
    sector = (np.abs(angle) < rng.uniform(0.35, 0.8)) & (radius > 0.12) & (radius < rng.uniform(0.7, 1.1))
    if rng.random() < 0.25:
        sector = (x > 0.15) & (x < 0.85) & (y > 0.1) & (y < 0.9)
    speckle = smooth_noise(rng, size, 40) * smooth_noise(rng, size, 8) * 2 + 0.2 * rng.random((size, size))
    picture = 255 * speckle * sector
    for _ in range(rng.integers(0, 4)):
        picture *= 1 - 0.9 * soft(ellipse(x, y, *rng.uniform(0.3, 0.7, 2), *rng.uniform(0.03, 0.18, 2)), 0.2)
    if rng.random() < 0.5:
        picture[:, : size // 20] = np.linspace(255, 0, size)[:, None]
    return np.clip(picture, 0, 255)


def text_page(rng, size=128):
    scale = 3
    paper, ink = (255, 0) if rng.random() < 0.6 else (0, 255)
    page = Image.new("L", (size * scale, size * scale), paper)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(int(rng.uniform(8, 40)))
    y = rng.uniform(0, 60)
    while y < size * scale:
        words = " ".join(rng.choice(WORDS, rng.integers(1, 9)))
        draw.text((rng.uniform(5, 40), y), words, fill=ink, font=font)
        y += font.size * rng.uniform(1.1, 3)
    if rng.random() < 0.4:
        for _ in range(rng.integers(1, 6)):
            draw.line([tuple(rng.uniform(0, size * scale, 2)), tuple(rng.uniform(0, size * scale, 2))], fill=ink, width=3)
    return np.asarray(page.resize((size, size), Image.BOX), np.float32)


def pattern(rng, size=128):
    """Blanks, noise, gradients, stripes, checkerboards, blobs, shapes."""
    x, y = grid(size)
    kind = rng.integers(0, 9)
    if kind == 0:
        return np.full((size, size), rng.uniform(0, 255)) + rng.normal(0, rng.choice([0, 0, 1, 5]), (size, size))
    if kind == 1:
        return rng.normal(128, 60, (size, size))
    if kind == 2:
        return 255 * smooth_noise(rng, size, int(rng.integers(1, 40)))
    if kind == 3:
        a, b, c = rng.normal(0, 1, 3)
        return 255 * (a * x + b * y + c * x * y)
    if kind == 4:
        f, t = rng.uniform(3, 60), rng.uniform(0, np.pi)
        return 127 + 127 * np.sign(np.sin(f * (x * np.cos(t) + y * np.sin(t))))
    if kind == 5:
        f = rng.uniform(3, 30)
        return 255.0 * ((np.floor(x * f) + np.floor(y * f)) % 2)
    if kind == 6:
        picture = np.zeros((size, size))
        for _ in range(rng.integers(1, 8)):
            picture = picture + rng.uniform(-150, 200) * soft(ellipse(x, y, *rng.uniform(0, 1, 2), *rng.uniform(0.03, 0.4, 2), rng.uniform(0, 3)), rng.uniform(0.02, 0.5))
        return picture
    if kind == 7:
        # Two dark ovals and nothing else of a chest: symmetrical, but lying or much too small.
        picture = rng.uniform(100, 200) + 20 * smooth_noise(rng, size, 8)
        small = rng.uniform(0.02, 0.07)
        cx, cy = rng.uniform(0.2, 0.8, 2)
        for side in (-1, 1):
            picture -= 90 * soft(ellipse(x, y, cx + side * small * 2, cy, small, small * 2), 0.1)
        return picture
    picture = rng.normal(30, 5, (size, size))
    for _ in range(rng.integers(1, 12)):
        a, b = np.sort(rng.integers(0, size, 2)), np.sort(rng.integers(0, size, 2))
        picture[a[0]:a[1] + 1, b[0]:b[1] + 1] = rng.uniform(0, 255)
    return picture


def animal(rng, size=128):
    """A four-legged animal's thorax from the side: long dark field, spine along the top, many steep ribs, a wedge of heart."""
    x, y = grid(size)
    body = soft(ellipse(x, y, 0.5, 0.55, rng.uniform(0.5, 0.8), rng.uniform(0.3, 0.45), rng.uniform(-0.15, 0.15)), 0.05)
    picture = (110 + 40 * smooth_noise(rng, size, 6)) * body
    picture -= rng.uniform(60, 110) * soft(ellipse(x, y, rng.uniform(0.45, 0.6), rng.uniform(0.48, 0.58), rng.uniform(0.28, 0.4), rng.uniform(0.16, 0.25), rng.uniform(-0.3, 0.3)), 0.08)
    picture += rng.uniform(40, 90) * soft(np.abs(y - rng.uniform(0.2, 0.32) - 0.1 * np.sin(x * 3)) - 0.04, 0.02) * (0.75 + 0.3 * np.cos(x * 70))
    picture += rng.uniform(50, 90) * soft(ellipse(x, y, rng.uniform(0.4, 0.55), rng.uniform(0.58, 0.68), rng.uniform(0.1, 0.15), rng.uniform(0.13, 0.18), rng.uniform(-0.6, 0.6)), 0.12)
    slope = rng.uniform(0.15, 0.7)
    picture += rng.uniform(10, 40) * soft(np.abs(((x + slope * (y - 0.3)) * rng.uniform(11, 16)) % 1 - 0.5) - 0.1, 0.1) * body * (y > 0.25)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    return noise_on(rng, np.clip(picture, 0, 255))


NEGATIVES = {"lateral": lateral_chest, "bones": bones, "axial": axial_slice, "ultrasound": ultrasound, "text": text_page, "pattern": pattern, "animal": animal}


def draw_set(seed, count, drawers, size=128):
    """uint8 [count, size, size], windowed, and each picture's kind."""
    rng = np.random.default_rng(seed)
    names = list(drawers)
    kinds = [names[i % len(names)] for i in range(count)]
    return np.stack([window(np.asarray(drawers[kind](rng, size), np.float32)) for kind in kinds]), kinds
