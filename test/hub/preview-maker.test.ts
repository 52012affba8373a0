/** Previews made when somebody looks: in turn with retention, but nobody who sends an image waits for our decoder. */
import { expect, test } from 'vitest';
import { FirstreadError } from '../../src/errors.ts';
import { createPreviewMaker } from '../../src/hub/preview-maker.ts';

const KEY = 'a'.repeat(64);

/** A spool of one file with turns of its own. */
function site() {
  let turn: Promise<unknown> = Promise.resolve();
  const state = { isThere: true, kept: [] as string[] };
  const decoded = Promise.withResolvers<Uint8Array>();
  const exclusively = <T>(_key: string, step: () => Promise<T>): Promise<T> => {
    const mine = turn.then(step);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const spool = {
    path: () => '/film', exclusively,
    byteLength: async () => {
      if (!state.isThere) throw new FirstreadError('instance-missing');
      return 1;
    },
  };
  const make = createPreviewMaker({ spool, previews: { putPreview: async (key) => void state.kept.push(key) }, views: { preview: () => decoded.promise }, now: () => 0 });
  return { state, decoded, exclusively, make };
}

test('the same object sent again is received while its picture is still being decoded', async () => {
  const { state, decoded, exclusively, make } = site();
  const looking = make(KEY);
  await exclusively(KEY, async () => undefined);
  expect(state.kept).toEqual([]);
  decoded.resolve(new Uint8Array(1));
  await looking;
  expect(state.kept).toEqual([KEY]);
});

test('no picture is left behind of a film that was removed while it was decoded', async () => {
  const { state, decoded, exclusively, make } = site();
  const looking = make(KEY);
  await exclusively(KEY, async () => void (state.isThere = false));
  decoded.resolve(new Uint8Array(1));
  await expect(looking).rejects.toMatchObject({ code: 'instance-missing' });
  expect(state.kept).toEqual([]);
});
