"""What distortions do to the scores, through `firstread analyse` itself: writes distorted copies of test films, reads
them, compares with the films as they are. Writes robustness-<model>-<version>.json for the cards."""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw, ImageOps
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

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


def write_dicom(path, film, bits=8, inverted=False):
    """The film as a DX object. With 12 bits, four more below the film's own (arbitrary but fixed, as in a detector's
    values): the 8-bit film is exactly what is left when they are cut off. Inverted: MONOCHROME1, the film looks the same."""
    pixels = np.asarray(film, np.uint16)
    if bits == 12:
        pixels = pixels * 16 + np.random.default_rng(12).integers(0, 16, pixels.shape, dtype=np.uint16)
    if inverted:
        pixels = (1 << bits) - 1 - pixels
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = DigitalXRayImageStorageForPresentation, generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Modality, data.BodyPartExamined, data.ViewPosition, data.PatientID = "DX", "CHEST", "PA", "robustness"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = (8 if bits == 8 else 16), bits, bits - 1
    data.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    data.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    packed = pixels.astype("<u2" if bits > 8 else np.uint8).tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    data["PixelData"].VR = "OW" if bits > 8 else "OB"
    data.save_as(path, enforce_file_format=True)


# Either what is done to the film, which is then written as a PNG, or the ending and the writer of another kind of file.
DISTORTIONS = {
    "as it is": lambda film: film,
    "JPEG quality 75": (".jpg", lambda path, film: film.save(path, quality=75)),
    "12 bits in place of 8 (DICOM)": (".dcm", lambda path, film: write_dicom(path, film, bits=12)),
    "MONOCHROME1, 8 bits (DICOM)": (".dcm", lambda path, film: write_dicom(path, film, inverted=True)),
    "MONOCHROME1, 12 bits (DICOM)": (".dcm", lambda path, film: write_dicom(path, film, bits=12, inverted=True)),
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
        for k, change in enumerate(DISTORTIONS.values()):
            ending, write = change if isinstance(change, tuple) else (".png", lambda path, film: change(film).save(path))
            write(folder / f"{i:03d}-{k:02d}{ending}", film)


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
