"""Pictures of the worst test films of each shipped model, with heat or boxes, as one PNG a model in the work folder.
They are looked at and never committed: the films are not ours to publish."""
import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw

from .prepared import read_prepared
from .splits import read_splits

TILE, COLUMNS = 384, 4


def worst(files, points, positive, count=8):
    ranked = sorted(zip(points, files, positive))
    missed = [(f, s) for s, f, p in ranked if p][:count]
    return missed + [(f, s) for s, f, p in ranked[::-1] if not p][:count]


def with_heat(film, heat):
    hot = np.asarray(Image.fromarray(heat).resize(film.size, Image.BILINEAR))
    pixels = np.repeat(np.asarray(film, np.float32)[:, :, None], 3, 2)
    pixels[:, :, 0] += 120 * hot
    pixels[:, :, 2] -= 60 * hot
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def with_boxes(film, boxes):
    film = film.convert("RGB")
    draw = ImageDraw.Draw(film)
    for score, cx, cy, w, h in boxes[:4]:
        draw.rectangle([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], outline=(90, 220, 255))
        draw.text((cx - w / 2, cy - h / 2 - 12), f"{score:.2f}", fill=(90, 220, 255))
    return film


def sheet(path, tiles):
    rows = -(-len(tiles) // COLUMNS)
    out = Image.new("RGB", (COLUMNS * TILE, rows * TILE))
    for k, (film, text) in enumerate(tiles):
        film = film.resize((TILE, TILE))
        ImageDraw.Draw(film).text((6, 6), text, fill=(255, 240, 120))
        out.paste(film, (k % COLUMNS * TILE, k // COLUMNS * TILE))
    out.save(path)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="models/training/work")
    parser.add_argument("--models", default="models")
    args = parser.parse_args()
    from .detections import decode
    from .lung_nodule import lung_masks

    work, splits = Path(args.work), read_splits()
    for name in ("tuberculosis", "lung-nodule"):
        manifest = json.loads((Path(args.models) / name / "model.json").read_text())
        tag = "tuberculosis-shipped" if name == "tuberculosis" else "lung-nodule-real" if "nodule/nih_boxed" in manifest["provenance"]["trainedOn"] else name
        scores, films = np.load(work / f"scores-{tag}-{manifest['version']}.npz"), read_prepared(work / f"lung{manifest['input']['height']}")
        files = [str(f) for f in scores["files"]]
        judged = [i for i, f in enumerate(files) if (f.startswith("tb/shenzhen/") if name == "tuberculosis" else splits[f]["label"] != "other_finding")]
        positive = [splits[files[i]]["label"] in ("tb", "nodule_or_mass") for i in judged]
        session = onnxruntime.InferenceSession(str(Path(args.models) / name / "model.onnx"), providers=["CPUExecutionProvider"])
        tiles, shown = [], worst([files[i] for i in judged], [scores["points"][i] for i in judged], positive)
        masks = lung_masks([file for file, _ in shown], read_prepared(work / "whole128"), films.films, Path(args.models) / "lung-field")
        for file, score in shown:
            pixels = films.stack([file])
            outputs = session.run(None, {"image": pixels[:, None]})
            film = Image.fromarray(pixels[0])
            film = with_heat(film, outputs[1][0, 0]) if name == "tuberculosis" else with_boxes(film, decode(outputs[0][0, 0], outputs[1][0], outputs[2][0], masks[file]))
            tiles.append((film, f"{Path(file).name} ({splits[file]['label']}) {score:.0f}"))
        sheet(work / f"failures-{name}-{manifest['version']}.png", tiles)


if __name__ == "__main__":
    main()
