/**
 * One frame decoded to native little endian samples (PS3.18 8.7.3.3.2, Explicit VR Little Endian), in the layout that
 * the header describes: its BitsAllocated, its HighBit, by pixel. What the header cannot describe after decoding
 * (subsampled colour) is refused: the client has to take the frame as stored.
 */
import type { PixelDescription } from '../dicom/pixel-description.ts';
import { FirstreadError } from '../errors.ts';
import type { DecodedFrame } from '../inference/decode-codestream.ts';

export function nativeSamples({ stored, photometricInterpretation }: DecodedFrame, pixels: PixelDescription): Uint8Array {
  if (pixels.samplesPerPixel === 3 && pixels.photometricInterpretation === 'YBR_FULL_422' && photometricInterpretation !== pixels.photometricInterpretation) {
    throw new FirstreadError('not-acceptable', 'subsampled colour is given only as it is stored');
  }
  const { values } = stored;
  if (stored.bitsStored > pixels.bitsAllocated) throw new FirstreadError('not-acceptable', 'the samples do not fit the bits that the header allocates', { bitsStored: stored.bitsStored });
  const shift = stored.bitsStored === pixels.bitsStored ? pixels.highBit + 1 - pixels.bitsStored : 0;
  const out = pixels.bitsAllocated === 8 ? new Uint8Array(values.length) : new Uint16Array(values.length);
  if (shift === 0) out.set(values);
  else for (let i = 0; i < values.length; i++) out[i] = values[i]! << shift;
  const samples = new Uint8Array(out.buffer);
  return pixels.samplesPerPixel === 3 && pixels.planar ? byPlane(samples, pixels.bitsAllocated / 8) : samples;
}

/** PlanarConfiguration 1: all red, all green, all blue. */
function byPlane(samples: Uint8Array, sampleBytes: number): Uint8Array {
  const planes = new Uint8Array(samples.length);
  const count = samples.length / (3 * sampleBytes);
  for (let pixel = 0, from = 0; pixel < count; pixel++) {
    for (let sample = 0; sample < 3; sample++) {
      for (let byte = 0; byte < sampleBytes; byte++) planes[(sample * count + pixel) * sampleBytes + byte] = samples[from++]!;
    }
  }
  return planes;
}
