"""ONNX file and its half-precision twin, manifest with self-test vector, and the check that torch and onnxruntime agree,
batch 1 and 32 too."""
import copy
import datetime
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from .self_test import self_test_image

OPSET = 17
SELF_TEST_SEED = 20261121


def spread(image, module):
    """uint8 0..255 -> -1..1 in the module's own precision, where the module is."""
    own = next(module.parameters())
    return (image.to(device=own.device, dtype=own.dtype) / 255 - 0.5) * 2


def halved(module):
    """A half-precision copy. Batch norms are folded into their convolutions first: their variances overflow float16."""
    twin = copy.deepcopy(module).to("cpu").eval()
    for part in twin.modules():
        if isinstance(part, torch.nn.Sequential):
            for i in range(len(part) - 1):
                if isinstance(part[i], torch.nn.Conv2d) and isinstance(part[i + 1], torch.nn.BatchNorm2d):
                    part[i], part[i + 1] = torch.nn.utils.fuse_conv_bn_eval(part[i], part[i + 1]), torch.nn.Identity()
    return twin.half()


def export_model(folder, module, size, output_names, manifest):
    """module: uint8 [N, 1, size, size] -> outputs in output_names' order, float32. Writes model.onnx and model.json."""
    folder = Path(folder)
    path = folder / "model.onnx"
    write_onnx(path, module, size, output_names)
    difference = compare(path, module, size, output_names)
    twin = folder / "model.fp16.onnx"
    write_onnx(twin, halved(module), size, output_names)
    picture = self_test_image(SELF_TEST_SEED, size, size)[None, None]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = dict(zip(output_names, session.run(list(output_names), {"image": picture})))
    manifest = {
        "schema": "firstread-model/1",
        **manifest,
        "file": "model.onnx",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "fp16": {"file": twin.name, "sha256": hashlib.sha256(twin.read_bytes()).hexdigest()},
        "selfTest": {
            "seed": SELF_TEST_SEED,
            "outputs": {name: [round(float(v), 7) for v in value.reshape(-1)[:8]] for name, value in outputs.items()},
            "tolerance": 0.002,
        },
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, torch against onnxruntime {difference['torch']:.2e}, batch 1 against 32 {difference['batch']:.2e}")
    return difference


def write_onnx(path, module, size, output_names):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    module.eval()
    sample = torch.from_numpy(self_test_image(1, size, size))[None, None]
    axes = {name: {0: "batch"} for name in ["image", *output_names]}
    with warnings.catch_warnings():
        # Sizes are constants of the graph on purpose, and this exporter is the one that onnxruntime-node was tried with.
        warnings.simplefilter("ignore", torch.jit.TracerWarning), warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(module, (sample,), str(path), input_names=["image"], output_names=list(output_names), dynamic_axes=axes, opset_version=OPSET, dynamo=False)
    onnx.checker.check_model(str(path))


class Exported:
    """The exported graph, called like the module: what is measured is what is shipped, and it is faster on a CPU."""

    def __init__(self, path, module, size, output_names, threads=2):
        write_onnx(path, module, size, output_names)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning threads lose against anything else that runs on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session, self.names = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), list(output_names)

    def __call__(self, image):
        return tuple(torch.from_numpy(value) for value in self.session.run(self.names, {"image": image.numpy()}))


def compare(path, module, size, output_names):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pictures = np.stack([self_test_image(seed, size, size) for seed in range(32)])[:, None]
    together = session.run(list(output_names), {"image": pictures})
    with torch.no_grad():
        expected = module(torch.from_numpy(pictures))
    expected = expected if isinstance(expected, tuple) else (expected,)
    torch_difference = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(together, expected))
    singles = [session.run(list(output_names), {"image": pictures[i:i + 1]}) for i in range(4)]
    batch_difference = max(float(np.abs(together[k][i] - singles[i][k][0]).max()) for i in range(4) for k in range(len(output_names)))
    # Sizes and offsets are in pixels, probabilities in 0..1; 1e-3 of a pixel is as good as the same.
    assert torch_difference < 1e-3 and batch_difference < 1e-3, (torch_difference, batch_difference)
    return {"torch": torch_difference, "batch": batch_difference}


def precision_figures(folder, module, size, output_names, pictures, points_of):
    """How far the half-precision twin and a batch of one are from the graph in batches of 32, in points of 100. pictures:
    uint8 [N, size, size]; points_of(outputs of a batch) -> [n]. Written before the manifest knows the twin."""
    folder = Path(folder)
    paths = {"full": folder / "precision.onnx", "half": folder / "precision.fp16.onnx"}
    write_onnx(paths["full"], module, size, output_names)
    write_onnx(paths["half"], halved(module), size, output_names)

    def points(path, batch):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        run = lambda part: points_of(session.run(list(output_names), {"image": np.ascontiguousarray(part)[:, None]}))
        return np.concatenate([run(pictures[i:i + batch]) for i in range(0, len(pictures), batch)])

    together = points(paths["full"], 32)
    difference = lambda other: float(np.abs(together - other).max())
    figures = {"fp16": {"films": len(pictures), "pointsMax": difference(points(paths["half"], 32))}, "batchPointsMax": difference(points(paths["full"], 1))}
    for path in paths.values():
        path.unlink()
    return figures


def today():
    return datetime.date.today().isoformat()


def today_vi():
    return f"{datetime.date.today():%d/%m/%Y}"


def input_of(size, crop):
    return {"name": "image", "dtype": "uint8", "layout": "NCHW", "height": size, "width": size, "channels": 1, "range": [0, 255], "crop": crop, "fit": "stretch", "percentiles": [1, 99], **({"cropMargin": 0.06} if crop == "lung" else {})}


PROVENANCE = {
    "licence": "Firstread Weights Licence (research and evaluation), see models/LICENSE-WEIGHTS.md",
    "code": "models/training",
}
