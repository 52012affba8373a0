"""What distortions do to the scores, through `firstread analyse` itself: writes distorted copies of test films, reads
them, compares with the films as they are. Writes robustness-<model>-<version>.json for the cards."""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .splits import read_splits

PER_GROUP = {"tb/shenzhen": 12, "tb/tbx11k": 8, "nodule/nih": 12}


def contrast(film, factor):
    pixels = np.asarray(film, np.float32)
    return Image.fromarray(((pixels - pixels.mean()) * factor + pixels.mean()).clip(0, 255).astype(np.uint8))


def with_text(film):
    film, size = film.copy(), film.width
    draw = ImageDraw.Draw(film)
    draw.text((size * 0.03, size * 0.03), "R  PORTABLE  12:40", fill=255, font_size=max(10, size // 25))
    draw.rectangle([size * 0.8, size * 0.93, size * 0.98, size * 0.985], fill=255)
    return film


DISTORTIONS = {
    "as it is": lambda film: film,
    "JPEG quality 75": None,  # written as a JPEG
    "contrast +10 %": lambda film: contrast(film, 1.1),
    "contrast -10 %": lambda film: contrast(film, 0.9),
    "turned by 5°": lambda film: film.rotate(5, resample=Image.BICUBIC),
    "turned by -5°": lambda film: film.rotate(-5, resample=Image.BICUBIC),
    "half resolution": lambda film: film.resize((film.width // 2, film.height // 2), Image.LANCZOS),
    "mirrored": ImageOps.mirror,
    "burned-in text": with_text,
    "black borders": lambda film: ImageOps.expand(film, border=film.width // 12, fill=0),
    "upside down": ImageOps.flip,
}


def write_films(films, data, folder):
    for i, file in enumerate(films):
        film = Image.open(Path(data) / file).convert("L")
        for k, (name, change) in enumerate(DISTORTIONS.items()):
            if name.startswith("JPEG"):
                film.save(folder / f"{i:03d}-{k:02d}.jpg", quality=75)
            else:
                change(film).save(folder / f"{i:03d}-{k:02d}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--node", default="node_modules/.bin/node")
    args = parser.parse_args()
    films = []
    for source, count in PER_GROUP.items():
        files = sorted(f for f, r in read_splits().items() if r["source"] == source and r["split"] == "test")
        films += files[:: max(1, len(files) // count)][:count]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_films(films, args.data, folder)
        ran = subprocess.run([args.node, "src/main.ts", "analyse", "--json", str(folder)], capture_output=True, text=True)
        answers = {Path(line["file"]).stem: line for line in map(json.loads, ran.stdout.splitlines())}
    assert len(answers) == len(films) * len(DISTORTIONS), ran.stderr[-2000:]
    find = lambda i, k, family: next((f for f in answers[f"{i:03d}-{k:02d}"]["findings"] if f["label"] == family), None)
    for family, model in (("tuberculosis", "tuberculosis"), ("lung nodule", "lung-nodule")):
        version = json.loads(Path(f"models/{model}/model.json").read_text())["version"]
        changes = {}
        for k, name in list(enumerate(DISTORTIONS))[1:]:
            pairs = [(find(i, 0, family), find(i, k, family)) for i in range(len(films))]
            read = [(a, b) for a, b in pairs if a and b]
            refused = sum(1 for a, b in pairs if a and not b)
            if not read:
                changes[name] = {"meanAbsolute": 0.0, "within5": 1.0, "flagsChanged": 0.0, "newFlags": 0.0, "refused": refused}
                continue
            moved = np.array([abs(a["score"] - b["score"]) for a, b in read])
            changes[name] = {
                "meanAbsolute": float(moved.mean()), "within5": float(np.mean(moved <= 5)), "refused": refused,
                "flagsChanged": float(np.mean([a["flagged"] != b["flagged"] for a, b in read])),
                "newFlags": float(np.mean([b["flagged"] and not a["flagged"] for a, b in read])),
            }
        out = Path(args.work) / f"robustness-{model}-{version}.json"
        out.write_text(json.dumps({"films": len(films), "changes": changes}, indent=1))
        print(model, json.dumps(changes, indent=1))


if __name__ == "__main__":
    main()
