"""Nets read back from a shipped graph, to go on from where no checkpoint was kept: `models/…/model.onnx#nets.0` in place of a
checkpoint's path, with the name that the net has in the graph.

A graph keeps its layers' names; only a convolution before a batch norm has taken the norm into itself. Such a norm comes back
as one that changes nothing; `go_on_from` settles it before training goes on."""
import re
from pathlib import Path

import onnx
import torch
import torch.nn as nn
from onnx import numpy_helper


def state_of(path):
    """Weights for a net's `load_state_dict`: of a checkpoint, or of a net in a graph ("model.onnx#name")."""
    file, _, name = str(path).partition("#")
    if not file.endswith(".onnx"):
        return torch.load(file, weights_only=False, map_location="cpu")["ema"]
    if not Path(file).exists() or not name:
        raise SystemExit(f"{path}: no such graph, or no net named in it (models/tuberculosis/model.onnx#nets.0).")
    graph = onnx.load(file).graph
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    for node in graph.node:  # what several nets share stands in the graph once
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    state = {key[len(name) + 1:]: value for key, value in values.items() if key.startswith(f"{name}.")}
    if not state:
        raise SystemExit(f"{path}: the graph has no net of this name.")
    # Folded weights have no name of their own, but their node has: /nets.0/pyramid/smooth/smooth.0/Conv.
    for node in graph.node:
        parts = node.name.split("/")
        if node.op_type == "Conv" and len(parts) > 3 and node.input[1] not in state and node.input[1].startswith("onnx::") and re.fullmatch(r"\w+\.0", parts[-2]):
            at = ".".join([*parts[1:-3], parts[-2]])
            if at.startswith(f"{name}."):
                put_folded(state, at[len(name) + 1:], values[node.input[1]], values[node.input[2]])
    return state


def put_folded(state, name, weight, bias):
    norm = re.sub(r"0$", "1", name)
    eps = nn.BatchNorm2d(1).eps
    count = len(bias)
    state.setdefault(f"{name}.weight", weight), state.setdefault(f"{name}.bias", bias)
    for key, value in (("weight", (1 + eps) ** 0.5), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
        state.setdefault(f"{norm}.{key}", torch.full((count,), value))
    state.setdefault(f"{norm}.num_batches_tracked", torch.tensor(0))


def go_on_from(net, path, batches, strict=True):
    """Weights of a checkpoint as they are, or of a graph with its norms settled on `batches` (inputs of the net). `strict`:
    nothing may be missing."""
    net.load_state_dict(state_of(path), strict=strict)
    if "#" in str(path):
        settle_norms(net, batches)


@torch.no_grad()
def settle_norms(net, batches):
    """Gives norms that change nothing the mean and variance of what they see in `batches` (inputs of the net), without
    changing what the net answers: in training they would otherwise change everything at the first step."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    sums = {m: [0.0, 0.0, 0] for m in norms}

    def seen(norm, inputs, _output):
        x = inputs[0].float().transpose(0, 1).flatten(1)
        total = sums[norm]
        total[0], total[1], total[2] = total[0] + x.sum(1), total[1] + (x * x).sum(1), total[2] + x.shape[1]

    handles = [m.register_forward_hook(seen) for m in norms]
    net.eval()
    for batch in batches:
        net(batch)
    for handle in handles:
        handle.remove()
    for m in norms:
        mean = sums[m][0] / sums[m][2]
        variance = (sums[m][1] / sums[m][2] - mean * mean).clamp_min(1e-6)
        # y = a x + b as it was, told with the new mean and variance.
        a = m.weight / (m.running_var + m.eps).sqrt()
        b = m.bias - a * m.running_mean
        m.running_mean.copy_(mean), m.running_var.copy_(variance)
        m.weight.copy_(a * (variance + m.eps).sqrt()), m.bias.copy_(a * mean + b)
