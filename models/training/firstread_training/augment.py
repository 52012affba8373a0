"""Augmentation of whole batches in torch, float32 [N, 1, H, W] in 0..1. Ends with the serving code's grey window, since
every served film is windowed after whatever happened to it. Randomness comes from torch's global generator."""
import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image


def uniform(n, low, high):
    return torch.rand(n) * (high - low) + low


def affine_grid(n, size, degrees=10.0, scale=(0.85, 1.2), shear=0.08, aspect=0.1, shift=0.06, flip=True, turn=None):
    """Sampling grid [N, size, size, 2] and its matrix [N, 2, 3] (output to input, both in -1..1)."""
    angle = uniform(n, -degrees, degrees) * math.pi / 180
    if turn is not None:
        angle = angle + turn * (math.pi / 180)
    zoom = torch.exp(uniform(n, math.log(scale[0]), math.log(scale[1])))
    stretch = torch.exp(uniform(n, -aspect, aspect))
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0) if flip else torch.ones(n)
    skew = uniform(n, -shear, shear)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos / zoom * stretch * mirror, (-sin + skew) / zoom
    theta[:, 1, 0], theta[:, 1, 1] = sin / zoom * mirror, cos / zoom / stretch
    theta[:, :, 2] = uniform((n, 2), -shift, shift)
    return F.affine_grid(theta, (n, 1, size, size), align_corners=False), theta


def sample(pictures, grid, border=False):
    return F.grid_sample(pictures, grid, padding_mode="border" if border else "zeros", align_corners=False)


def low_frequency(n, size, cells=4):
    return F.interpolate(torch.randn(n, 1, cells, cells), size=(size, size), mode="bicubic", align_corners=False)


def box_blur(x, passes=2):
    for _ in range(passes):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def chosen(n, probability):
    return (torch.rand(n) < probability).nonzero()[:, 0]


def rewindow(x):
    """The grey window of preprocess.ts on pictures in 0..1, quantised to 256 levels as the tensor will be."""
    n, _, h, w = x.shape
    centre = x[:, 0, h // 10:h - h // 10, w // 10:w - w // 10].reshape(n, -1)
    stride = max(1, centre.shape[1] // 4096)
    ordered = centre[:, ::stride].sort(1).values
    count = ordered.shape[1]
    low, high = ordered[:, int(count * 0.01)], ordered[:, min(count - 1, int(count * 0.99))]
    span = (high - low).clamp_min(1e-4)[:, None, None, None]
    return ((x - low[:, None, None, None]) / span).clamp(0, 1).mul(255).round().div(255)


def degrade(x, strength=1.0, jpeg=0.25, marks=True, window=True):
    """What other machines, printers and archives do to a film. In place on a copy. `window=False` for parts of a film: the
    grey window belongs to the whole of it, a piece of lung alone would be stretched as no served film ever is."""
    n, _, h, w = x.shape
    x = x.clamp(0, 1)
    x = x.pow(torch.exp(uniform((n, 1, 1, 1), -0.55, 0.55) * strength))
    at = chosen(n, 0.5)
    if len(at):
        x[at] = x[at] + low_frequency(len(at), h) * uniform((len(at), 1, 1, 1), 0.0, 0.12) * strength
    at = chosen(n, 0.3)  # shading across the film
    if len(at):
        ramp = torch.linspace(-1, 1, w).view(1, 1, 1, w) * uniform((len(at), 1, 1, 1), -1, 1) + torch.linspace(-1, 1, h).view(1, 1, h, 1) * uniform((len(at), 1, 1, 1), -1, 1)
        x[at] = x[at] * (1 + 0.25 * strength * ramp)
    at = chosen(n, 0.35)  # blur, or sharpen with the same difference
    if len(at):
        blurred = box_blur(x[at])
        x[at] = x[at] + (blurred - x[at]) * uniform((len(at), 1, 1, 1), -1.0, 1.0)
    at = chosen(n, 0.3)  # loss of resolution
    if len(at):
        low = F.interpolate(x[at], scale_factor=float(np.random.uniform(0.35, 0.8)), mode="area")
        x[at] = F.interpolate(low, size=(h, w), mode="bilinear", align_corners=False)
    at = chosen(n, 0.4)
    if len(at):
        x[at] = x[at] + torch.randn(len(at), 1, h, w) * uniform((len(at), 1, 1, 1), 0.0, 0.05) * strength
    at = chosen(n, 0.35)  # contrast: toe and shoulder clipped as in printed film
    if len(at):
        x[at] = ((x[at] - 0.5) * uniform((len(at), 1, 1, 1), 0.7, 1.35) + 0.5 + uniform((len(at), 1, 1, 1), -0.12, 0.12)).clamp(0, 1)
    if marks:
        for i in chosen(n, 0.25).tolist():  # collimation borders
            edge = [int(v) for v in np.random.uniform(0, 0.12, 4) * h * (np.random.rand(4) < 0.5)]
            value = float(np.random.choice([0, 0, 1]))
            for rows, columns in ((slice(0, edge[0]), slice(None)), (slice(h - edge[1], h), slice(None)), (slice(None), slice(0, edge[2])), (slice(None), slice(w - edge[3], w))):
                x[i, 0, rows, columns] = value
        for i in chosen(n, 0.25).tolist():  # label, marker or redaction rectangles
            for _ in range(np.random.randint(1, 4)):
                height, width = (np.random.uniform(0.02, 0.14, 2) * h).astype(int) + 1
                top = int(np.random.choice([np.random.uniform(0, 0.15), np.random.uniform(0.8, 1)]) * h)
                left = int(np.random.uniform(0, 1) * (w - width))
                x[i, 0, top:top + height, left:left + width] = float(np.random.choice([0.0, 1.0, 1.0]))
        for i in chosen(n, 0.15).tolist():  # burned-in text: short bright strokes
            top, left = np.random.uniform(0, 0.95) * h, np.random.uniform(0, 0.7) * w
            for k in range(np.random.randint(4, 14)):
                x[i, 0, int(top):int(top) + np.random.randint(2, 6), int(left) + 3 * k:int(left) + 3 * k + 2] = float(np.random.uniform(0.7, 1))
    for i in chosen(n, jpeg).tolist():
        buffer = io.BytesIO()
        Image.fromarray((x[i, 0].clamp(0, 1) * 255).byte().numpy()).save(buffer, "JPEG", quality=int(np.random.uniform(30, 90)))
        x[i, 0] = torch.from_numpy(np.asarray(Image.open(buffer), np.float32) / 255)
    return rewindow(x) if window else x.clamp(0, 1).mul(255).round().div(255)


def swap_looks(x, probability=0.4):
    """Gives some films of a batch the grey-level distribution or the coarse amplitude spectrum of another one: what
    differs between hospitals, not between sick and healthy."""
    n, _, h, w = x.shape
    at = chosen(n, probability)
    for i in at.tolist():
        other = np.random.randint(0, n)
        mine, theirs = [(x[k, 0] * 255).clamp(0, 255).long() for k in (i, other)]
        cdf_mine = torch.bincount(mine.flatten(), minlength=256).cumsum(0).float() / (h * w)
        cdf_theirs = torch.bincount(theirs.flatten(), minlength=256).cumsum(0).float() / (h * w)
        look_up = torch.searchsorted(cdf_theirs, cdf_mine.clamp(max=0.9999)).float() / 255
        strength = np.random.rand()
        x[i, 0] = (1 - strength) * x[i, 0] + strength * look_up[mine]
    at = chosen(n, probability / 2)
    if len(at):
        spectrum, other = torch.fft.rfft2(x[at]), torch.fft.rfft2(x[torch.randint(0, n, (len(at),))])
        amplitude, phase = spectrum.abs(), spectrum.angle()
        strength, k = uniform((len(at), 1, 1, 1), 0, 0.8), np.random.randint(1, 5)
        for rows in (slice(0, k), slice(h - k + 1, h)):
            amplitude[:, :, rows, :k] = (1 - strength) * amplitude[:, :, rows, :k] + strength * other.abs()[:, :, rows, :k]
        x[at] = torch.fft.irfft2(torch.polar(amplitude, phase), s=(h, w))
    return x
