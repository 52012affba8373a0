/**
 * The deterministic picture that a manifest's self-test vector was made from: value noise on a 9 × 9 lattice, integer
 * arithmetic only, so that TypeScript and the training package (self_test.py) make the same bytes. PURE.
 */
const LATTICE_CELLS = 8;

/** Row by row, 0–255; goes into the network as it is (range, mean, std and channels as the manifest says). */
export function selfTestImage(seed: number, width: number, height: number): Uint8Array {
  const side = LATTICE_CELLS + 1;
  const lattice = new Uint8Array(side * side);
  // Numerical Recipes' 32-bit linear congruential generator; the high byte is the random one.
  let state = seed >>> 0;
  for (let i = 0; i < lattice.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    lattice[i] = state >>> 24;
  }
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const v = Math.floor((y * LATTICE_CELLS * 256) / height);
    const row = (v >> 8) * side;
    const g = v & 255;
    for (let x = 0; x < width; x++) {
      const u = Math.floor((x * LATTICE_CELLS * 256) / width);
      const at = row + (u >> 8);
      const f = u & 255;
      const upper = lattice[at]! * (256 - f) + lattice[at + 1]! * f;
      const lower = lattice[at + side]! * (256 - f) + lattice[at + side + 1]! * f;
      pixels[y * width + x] = (upper * (256 - g) + lower * g) >> 16;
    }
  }
  return pixels;
}
