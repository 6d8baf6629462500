import { expect, test } from '@jest/globals';
import { Ticker } from '../../src/consensus/ticker.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const TICK_MS = 10;

function started(ticks_at_once_max: number) {
  const time = new VirtualClock();
  const looks: (readonly [now_ms: number, ticks: number])[] = [];
  const ticker = new Ticker({
    clock: time.forProcess().clock,
    tick_ms: TICK_MS,
    ticks_at_once_max,
    onTicks: (ticks, now_ms) => looks.push([now_ms, ticks]),
  });
  ticker.start();
  return { time, looks, ticker };
}

test('ticks come four together until somebody leads, then one by one; none is lost', async () => {
  const { time, looks, ticker } = started(15);
  await time.advance(100);
  expect(looks).toEqual([
    [40, 4],
    [80, 4],
  ]);
  ticker.lookOften(true);
  await time.advance(30);
  expect(looks.slice(2)).toEqual([
    [110, 3],
    [120, 1],
    [130, 1],
  ]);
  ticker.lookOften(false);
  await time.advance(40);
  expect(looks.slice(5)).toEqual([[170, 4]]);
  ticker.stop();
  await time.advance(100);
  expect(looks).toHaveLength(6);
});

test('heartbeats that are few ticks apart leave nothing to put together', async () => {
  const { time, looks } = started(3);
  await time.advance(20);
  expect(looks).toEqual([
    [10, 1],
    [20, 1],
  ]);
});
