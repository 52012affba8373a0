"""SqueezeNet 1.1 (Iandola et al. 2016) as a trunk for grey films, started from ImageNet weights (rcmalli/keras-squeezenet,
MIT; an h5 file in the data folder). The RGB kernels of the first layer are summed: a grey film is the same in all three."""
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

WEIGHTS = "weights/squeezenet_v1.1_imagenet_notop_keras_tf.h5"
FIRES = ((64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128), (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256))


class Fire(nn.Module):
    def __init__(self, cin, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(cin, squeeze, 1)
        self.expand1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1(x)), F.relu(self.expand3(x))], 1)


class Trunk(nn.Module):
    """float [N, 1, H, W] in -1..1 -> features at stride 4 (128), 8 (256) and 16 (512 channels)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 3, stride=2, padding=1)
        self.fires = nn.ModuleList([Fire(*shape) for shape in FIRES])

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, 1)
        four = self.fires[1](self.fires[0](x))
        eight = self.fires[3](self.fires[2](F.max_pool2d(four, 3, 2, 1)))
        x = F.max_pool2d(eight, 3, 2, 1)
        for fire in self.fires[4:]:
            x = fire(x)
        return four, eight, x

    def freeze(self, fires):
        """The first layer and the first fire modules keep their weights: edges are edges, and they cost most."""
        for part in (self.conv1, *self.fires[:fires]) if fires >= 0 else ():
            part.requires_grad_(False)

    def load_imagenet(self, data):
        with h5py.File(Path(data) / WEIGHTS, "r") as handle:
            arrays = {}
            handle.visititems(lambda name, item: arrays.__setitem__(name, np.array(item)) if isinstance(item, h5py.Dataset) else None)

        def load(layer, name, change=lambda kernel: kernel):
            found = {key.rsplit("/", 1)[1]: value for key, value in arrays.items() if key.startswith(name + "/")}
            kernel = change(torch.from_numpy(found["kernel:0"].transpose(3, 2, 0, 1).copy()))
            assert kernel.shape == layer.weight.shape, name
            layer.weight.copy_(kernel)
            layer.bias.copy_(torch.from_numpy(found["bias:0"]))

        with torch.no_grad():
            # Keras' trunk saw 0..255 minus the mean; ours sees -1..1, so the first kernel takes the 127.5.
            load(self.conv1, "conv1", lambda kernel: kernel.sum(1, keepdim=True) * 127.5)
            for number, fire in enumerate(self.fires, 2):
                load(fire.squeeze, f"fire{number}/squeeze1x1")
                load(fire.expand1, f"fire{number}/expand1x1")
                load(fire.expand3, f"fire{number}/expand3x3")
        return self


class Pyramid(nn.Module):
    """Deep features brought up to the finest given ones: 1x1 laterals, sum, 3x3."""

    def __init__(self, channels, width):
        super().__init__()
        self.laterals = nn.ModuleList([nn.Conv2d(c, width, 1) for c in channels])
        self.smooth = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True))

    def forward(self, *levels):
        x = self.laterals[-1](levels[-1])
        for lateral, level in zip(self.laterals[-2::-1], levels[-2::-1]):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest") + lateral(level)
        return self.smooth(x)
