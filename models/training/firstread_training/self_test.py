"""selfTestImage of src/inference/self-test-image.ts, the same bytes."""
import numpy as np

CELLS = 8


def self_test_image(seed, width, height):
    state, lattice = seed & 0xFFFFFFFF, []
    for _ in range((CELLS + 1) ** 2):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        lattice.append(state >> 24)
    lattice = np.array(lattice, np.int64).reshape(CELLS + 1, CELLS + 1)
    v, u = np.arange(height) * CELLS * 256 // height, np.arange(width) * CELLS * 256 // width
    row, g = (v >> 8)[:, None], (v & 255)[:, None]
    column, f = (u >> 8)[None], (u & 255)[None]
    upper = lattice[row, column] * (256 - f) + lattice[row, column + 1] * f
    lower = lattice[row + 1, column] * (256 - f) + lattice[row + 1, column + 1] * f
    return ((upper * (256 - g) + lower * g) >> 16).astype(np.uint8)
