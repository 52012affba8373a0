import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { decodePicture, pictureFormat } from '../../src/inference/decode-picture.ts';

const ramp16 = Uint16Array.from({ length: 65_536 }, (_, i) => i);
const grey = (values: Uint8Array | Uint16Array, width: number): Sharp => sharp(values, { raw: { width, height: values.length / width, channels: 1 } });

test('16-bit PNG keeps all its values', async () => {
  const png = await grey(ramp16, 256).toColourspace('grey16').png().toBuffer();
  const { image, format, lossy } = await decodePicture(png);
  expect({ ...image, pixels: undefined }).toEqual({ width: 256, height: 256, maxValue: 65_535, pixels: undefined });
  expect(Buffer.compare(Buffer.from(image.pixels.buffer), Buffer.from(ramp16.buffer))).toBe(0);
  expect([format, lossy]).toEqual(['png', false]);
});

test('8-bit PNG to the bit; colour and transparency become grey', async () => {
  const values = Uint8Array.from({ length: 600 }, (_, i) => i % 256);
  expect([...(await decodePicture(await grey(values, 20).toColourspace('b-w').png().toBuffer())).image.pixels]).toEqual([...values]);
  const red = await sharp({ create: { width: 2, height: 1, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } } }).png().toBuffer();
  expect([...(await decodePicture(red)).image.pixels]).toEqual([0, 0]);
});

test('JPEG, turned as its EXIF says', async () => {
  const wide = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#808080' } }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const { image, format, lossy } = await decodePicture(wide);
  expect([image.width, image.height, format, lossy]).toEqual([20, 40, 'jpeg', true]);
  expect(Math.abs(image.pixels[0]! - 128)).toBeLessThanOrEqual(2);
});

test('what cannot be read says why', async () => {
  const png = await grey(Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 251), 100).png().toBuffer();
  await expect(decodePicture(new TextEncoder().encode('<html>'))).rejects.toMatchObject({ code: 'pixels-unsupported' });
  await expect(decodePicture(png.subarray(0, png.length / 2))).rejects.toMatchObject({ code: 'pixels-damaged' });
  await expect(decodePicture(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0))).rejects.toMatchObject({ code: 'pixels-damaged' });
  await expect(decodePicture(png, { pixelCountMax: 99 })).rejects.toMatchObject({ code: 'pixels-over-limit' });
  expect(pictureFormat(png)).toBe('png');
  expect(pictureFormat(new Uint8Array(200))).toBeUndefined();
});
