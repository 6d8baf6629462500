import { beforeEach, expect, test } from '@jest/globals';
import type { Command } from '../../src/agenda/command.ts';
import type { Work } from '../../src/agenda/model.ts';
import { limits } from '../../src/limits.ts';
import type { ProposeResult } from '../../src/replica/replica.ts';
import { WorkDriver } from '../../src/replica/work-driver.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const some_work: Work = {
  key: 77,
  kind: 'group_deleted',
  group_key: 1,
  user_key: null,
  actor_key: 2,
  after_start: 3,
  after_key: 4,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 5,
};

let time: VirtualClock;
let role: 'leader' | 'follower';
let left: Work[];
let proposed: Command[];
let refused: string[];
let answerNext: ((command: Command) => ProposeResult) | null;
let stop: () => void;

beforeEach(() => {
  time = new VirtualClock();
  role = 'leader';
  left = [];
  proposed = [];
  refused = [];
  answerNext = null;
  const driver = new WorkDriver({
    clock: time.forProcess().clock,
    replica: {
      view: { firstWork: () => left[0] ?? null },
      status: () => ({ role, node_id: 'agenda-3' }),
      propose(command) {
        proposed.push(command);
        if (answerNext !== null) return Promise.resolve(answerNext(command));
        left.shift();
        return Promise.resolve(done);
      },
    },
    nowMs: () => 1_000,
    onRefused: (work, code) => void refused.push(`${work.key} ${code}`),
  });
  stop = driver.start();
});

const done: ProposeResult = {
  kind: 'applied',
  index: 9,
  outcome: { kind: 'done', answer: { kind: 'work', key: 77, version: 1 }, replayed: false },
};

test('nothing is proposed while there is no work, and by nobody who does not lead', async () => {
  await time.advance(5_000);
  left = [some_work];
  role = 'follower';
  await time.advance(5_000);
  expect(proposed).toEqual([]);
});

test('slice after slice, until there is none', async () => {
  left = [some_work, { ...some_work, version: 2 }, { ...some_work, key: 78 }];
  await time.advance(limits.work_look_every_ms);
  expect(proposed.map(({ request_id, by }) => [request_id, by])).toEqual([
    ['work-77-1', null],
    ['work-77-2', null],
    ['work-78-1', null],
  ]);
  expect(proposed[0]?.body).toEqual({
    kind: 'work.continue',
    work_key: 77,
    group_key: 1,
    user_key: null,
    actor_key: 2,
  });
});

test('what could not be proposed is tried again; a refusal waits, and is told', async () => {
  left = [some_work];
  answerNext = () => ({ kind: 'not_proposed', reason: 'not_leader' });
  await time.advance(3 * limits.work_look_every_ms);
  expect(proposed).toHaveLength(3);
  const refusal = { code: 'internal_error', detail: 'A defect.' } as const;
  answerNext = () => ({ kind: 'applied', index: 9, outcome: { kind: 'refused', refusal } });
  await time.advance(limits.work_refused_pause_ms);
  expect([proposed.length, refused]).toEqual([4, ['77 internal_error']]);
  answerNext = null;
  await time.advance(2 * limits.work_look_every_ms);
  expect([proposed.length, left]).toEqual([5, []]);
});

test('ends when it is told to', async () => {
  stop();
  left = [some_work];
  await time.advance(5_000);
  expect(proposed).toEqual([]);
});
