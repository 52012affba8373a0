import { afterAll, describe, expect, test } from 'vitest';
import { startPictureThreads } from '../../src/inference/picture-threads.ts';
import { pictureHere } from '../../src/inference/picture-work.ts';
import { heatmapDraft } from '../models/tiny-models.ts';
import { drawChest } from './drawn-pictures.ts';

const threads = startPictureThreads(2);
afterAll(async () => threads.close());

describe('picture threads', () => {
  test('do exactly what is done without them, for many pictures at once', async () => {
    const films = Array.from({ length: 6 }, (_, i) => drawChest({ width: 300 + 20 * i, height: 400, maxValue: i % 2 === 0 ? 255 : 4095 }));
    const region = { x: 20, y: 30, width: 200, height: 300 };
    await Promise.all(
      films.map(async (film) => {
        const here = pictureHere({ ...film, pixels: film.pixels.slice() });
        const there = threads.open({ ...film, pixels: film.pixels.slice() });
        expect(there.size).toEqual(here.size);
        expect(await there.isBlank()).toBe(await here.isBlank());
        expect(await there.prepare(heatmapDraft.input, region)).toEqual(await here.prepare(heatmapDraft.input, region));
        expect(await there.preview()).toEqual(await here.preview());
        there.close();
      }),
    );
  });

  test('a view of something larger is copied, what surrounds it stays usable', async () => {
    const film = drawChest({ width: 200, height: 200 });
    const larger = new Uint8Array(50_000);
    const view = larger.subarray(100, 100 + film.pixels.length);
    view.set(film.pixels);
    const picture = threads.open({ ...film, pixels: view });
    expect(await picture.isBlank()).toBe(false);
    expect(larger.length).toBe(50_000);
    picture.close();
  });

  test('asked after it was closed, it says so instead of hanging', async () => {
    const picture = threads.open(drawChest());
    picture.close();
    picture.close();
    await expect(picture.isBlank()).rejects.toThrow(/closed/);
  });
});
