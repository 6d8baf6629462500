import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { streamAnswer } from '../../src/http/serve/stream-answer.ts';
import { limits } from '../../src/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ENDLESS = Number.POSITIVE_INFINITY;

/** So many chunks on their way to a reader who takes so long for each. */
function stream(chunk_count: number, read_ms: number) {
  const clock = new VirtualClock();
  const seen = { text: '', cut_off: [] as string[], ends: 0, made_ends: 0 };
  async function* chunks(): AsyncGenerator<string> {
    try {
      for (let at = 0; at < chunk_count; at += 1) yield await Promise.resolve('x');
    } finally {
      seen.made_ends += 1;
    }
  }
  const reader = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      seen.text += chunk.toString();
      if (read_ms !== ENDLESS) clock.after(read_ms, callback);
    },
  });
  streamAnswer(reader, chunks(), {
    clock,
    onCutOff: (reason) => seen.cut_off.push(reason),
    onEnd: () => {
      seen.ends += 1;
    },
  });
  return { clock, reader, seen };
}

test('to who reads: all of it, and nothing is left behind', async () => {
  const { clock, reader, seen } = stream(5, 1_000);
  await clock.until('the end', () => seen.ends === 1);
  expect(reader.destroyed).toBe(true);
  await clock.advance(10 * limits.stream_ms_max);
  expect(seen).toEqual({ text: 'xxxxx', cut_off: [], ends: 1, made_ends: 1 });
});

test('to who stops reading: cut off after a while, and no more is made', async () => {
  const { clock, reader, seen } = stream(ENDLESS, ENDLESS);
  await clock.advance(limits.stream_stalled_ms - 1);
  expect([reader.destroyed, seen.cut_off]).toEqual([false, []]);
  await clock.advance(10);
  expect(reader.destroyed).toBe(true);
  expect(seen).toMatchObject({ cut_off: ['stalled'], ends: 1, made_ends: 1 });
});

test('to who reads a little now and then: cut off all the same, when it takes too long in all', async () => {
  const { clock, reader, seen } = stream(ENDLESS, limits.stream_stalled_ms / 2);
  await clock.advance(limits.stream_ms_max - 1);
  expect([reader.destroyed, seen.cut_off]).toEqual([false, []]);
  await clock.advance(10);
  expect(reader.destroyed).toBe(true);
  expect(seen).toMatchObject({ cut_off: ['too_long'], ends: 1, made_ends: 1 });
});
