"""One loop for all models: AdamW, cosine with warm-up, EMA, gradient clipping, checkpoints, progress with an estimate."""
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch


def seed_all(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)


def best_device():
    """A GPU where there is one. Pictures are drawn and degraded on the CPU either way."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_device(net):
    return net.to(best_device(), memory_format=torch.channels_last)


def half_pays(device):
    """Processors without bfloat16 of their own work it out in float32, at a fraction of the speed."""
    return device.type != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def forward(net, x, half=True):
    """Runs the net where it lives, in bfloat16 where that pays unless told otherwise; what it says comes back to the CPU as
    float32."""
    device = next(net.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=half and half_pays(device)):
        answers = net(x.to(device).contiguous(memory_format=torch.channels_last))
    return tuple(answer.float().cpu() for answer in answers)


class Ema:
    """Exponential mean of the weights; buffers (batch norm) are copied."""

    def __init__(self, model, decay):
        self.model, self.decay = copy.deepcopy(model).eval(), decay
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)

    @torch.no_grad()
    def update(self, model, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        for mine, theirs in zip(self.model.parameters(), model.parameters()):
            mine.lerp_(theirs, 1 - decay)
        for mine, theirs in zip(self.model.buffers(), model.buffers()):
            mine.copy_(theirs)


def train(model, batch_loss, steps, checkpoint, groups=None, learning_rate=1e-3, weight_decay=1e-2, warmup=50, ema_decay=0.99, seed=1, every=None, minutes=None):
    """batch_loss(model, step, progress) -> (loss, {name: value}). Resumes from `checkpoint`. Returns the EMA model, on the CPU.
    `minutes`: ends earlier when so much time has passed; the schedule follows whichever is further on.
    `every`: (interval, function(ema_model, step)) runs now and then (validation, mining)."""
    checkpoint = Path(checkpoint)
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(groups or model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    peak = [group["lr"] for group in optimizer.param_groups]
    ema, start, spent = Ema(model, ema_decay), 0, 0.0

    def save(step):
        torch.save({"model": model.state_dict(), "ema": ema.model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "seconds": spent + time.time() - began}, checkpoint)

    began = time.time()
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False, map_location=next(model.parameters()).device)
        model.load_state_dict(state["model"]), ema.model.load_state_dict(state["ema"]), optimizer.load_state_dict(state["optimizer"])
        start, spent = state["step"], state.get("seconds", 0.0)
        print(f"resumed at step {start} of {steps}", flush=True)
    seed_all(seed * 100003 + start)
    running = {}
    model.train()
    for step in range(start, steps):
        seconds = spent + time.time() - began
        progress = max(step / steps, seconds / 60 / minutes if minutes else 0.0)
        if progress >= 1:
            break
        factor = min(1.0, (step + 1) / warmup) * (0.5 + 0.5 * math.cos(math.pi * progress)) + 1e-3
        for group, lr in zip(optimizer.param_groups, peak):
            group["lr"] = lr * factor
        loss, parts = batch_loss(model, step, progress)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        ema.update(model, step)
        for name, value in parts.items():
            running[name] = running.get(name, 0.0) * 0.97 + 0.03 * float(value.detach()) if name in running else float(value.detach())
        if (step + 1) % 25 == 0:
            per_step = (time.time() - began) / (step + 1 - start)
            left = per_step * (steps - step - 1) / 60
            left = min(left, minutes - seconds / 60) if minutes else left
            print(f"step {step + 1}/{steps}  " + "  ".join(f"{k} {v:.4f}" for k, v in running.items()) + f"  {per_step * 1000:.0f} ms/step, about {left:.1f} min left", flush=True)
        if every and (step + 1) % every[0] == 0:
            every[1](ema.model, step + 1)
            model.train()
        if (step + 1) % 200 == 0:
            save(step + 1)
    if start < steps:
        save(steps)
    return ema.model.to("cpu")
