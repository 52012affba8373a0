"""Reads what `firstread prepare` wrote (pixels.u8 and index.json), and the label tables beside the films."""
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SOURCES = (
    "tb/shenzhen", "tb/tbx11k", "tb/pakistan", "tb/mixed_positive",
    "other/normal_mixed", "other/pneumonia_mixed", "nodule/nih", "nodule/nih_boxed",
)


@dataclass
class Prepared:
    pixels: np.ndarray  # uint8 [count, height, width], memory-mapped
    films: dict  # file -> facts, with 'index' where it was read

    def stack(self, files):
        """uint8 [len(files), height, width] in RAM."""
        return np.stack([self.pixels[self.films[file]["index"]] for file in files])


def read_prepared(folder) -> Prepared:
    folder = Path(folder)
    index = json.loads((folder / "index.json").read_text())
    height, width = index["input"]["height"], index["input"]["width"]
    pixels = np.memmap(folder / "pixels.u8", np.uint8, "r", shape=(index["count"], height, width))
    return Prepared(pixels, {film["file"]: film for film in index["films"] if "index" in film})


def read_table(path):
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle))


def read_labels(data) -> dict:
    """file (relative to the data folder) -> {source, label, and the columns of its table}."""
    data, labels = Path(data), {}
    for source in SOURCES:
        table = data / source / "labels.csv"
        if table.exists():
            for row in read_table(table):
                labels[f"{source}/{row['image']}"] = {"source": source, **row}
        else:
            for image in sorted({row["image"] for row in read_table(data / source / "boxes.csv")}):
                labels[f"{source}/{image}"] = {"source": source, "label": "boxed", "image": image}
    return labels


def read_tbx11k_boxes(data) -> dict:
    """file -> [(xmin, ymin, xmax, ymax)] as fractions of the film (the table is in pixels of 512)."""
    boxes = {}
    for row in read_table(Path(data) / "tb/tbx11k/boxes.csv"):
        box = tuple(float(row[key]) / 512 for key in ("xmin", "ymin", "xmax", "ymax"))
        boxes.setdefault(f"tb/tbx11k/{row['image']}", []).append(box)
    return boxes


def read_nih_boxes(data) -> dict:
    """file -> [(xmin, ymin, xmax, ymax)] as fractions of the film."""
    boxes = {}
    for row in read_table(Path(data) / "nodule/nih_boxed/boxes.csv"):
        cx, cy, w, h = (float(row[key]) for key in ("cx", "cy", "w", "h"))
        boxes.setdefault(f"nodule/nih_boxed/{row['image']}", []).append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    return boxes


def boxes_in_crop(boxes, film):
    """Boxes in fractions of the film -> fractions of the film's crop (may stick out of 0..1)."""
    x, y, width, height = film["region"]
    across, down = film["width"] / width, film["height"] / height
    left, top = x / width, y / height
    return [(a * across - left, b * down - top, c * across - left, d * down - top) for a, b, c, d in boxes]
