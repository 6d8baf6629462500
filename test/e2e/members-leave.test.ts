import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import type { CommandEnd } from './agenda-command.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';
import { awaitOneLeader } from './writing-clients.ts';

const NEWCOMER = 3;
/** Of an election timeout of its own, which is 1.8 s at most. */
const SEVERAL_TIMEOUTS_MS = 4_000;

describe('members of a running cluster leave it', () => {
  let cluster: ProcessCluster;
  let token: string;
  /** Who votes. */
  let voters: number[];
  /** Who was replaced. */
  let old = -1;
  let booked = 0;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3, newcomers: 1 });
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    voters = [...cluster.positions];
    token = await register(cluster.origin(leader), 'booker');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function leaderOf(positions: readonly number[]): Promise<{ leader: number; term: number }> {
    const { node_id, term } = await awaitOneLeader(cluster, positions);
    return { leader: cluster.position(node_id), term };
  }

  async function termAt(position: number): Promise<number> {
    return (await cluster.raftState(position)).term;
  }

  function agendaMember(...words: readonly string[]): Promise<CommandEnd> {
    return agenda(['member', ...words, '--at', `127.0.0.1:${cluster.ports[voters[0] ?? 0]}`]);
  }

  /** One after the other, at the replicas in turn; each of them is acknowledged at the first attempt. */
  async function book(count: number, positions: readonly number[]): Promise<void> {
    for (let one = 0; one < count; one += 1) {
      booked += 1;
      const origin = cluster.origin(positions[one % positions.length] ?? 0);
      const answer = await call(origin, 'POST', '/api/appointments', {
        token,
        body: { title: `hour ${booked}`, ...hourOf2027(booked) },
      });
      expect([answer.status, answer.body['code']]).toEqual([201, undefined]);
    }
  }

  function lineOf(position: number, stdout: string): string {
    const line = stdout.split('\n').find((one) => one.includes(` ${cluster.nodeId(position)} `));
    return line ?? 'none';
  }

  async function awaitMembers(positions: readonly number[]): Promise<void> {
    const wanted = positions.map((position) => cluster.nodeId(position)).sort();
    await eventually('all know who votes', async () => {
      const states = await Promise.all(positions.map((one) => cluster.raftState(one)));
      const agree = states.every(
        (state) =>
          state.learners.length === 0 && String(state.voters.toSorted()) === String(wanted),
      );
      return agree ? true : null;
    });
  }

  /** Where the agendas are is asked of each replica itself. */
  async function awaitBookings(positions: readonly number[]): Promise<void> {
    const states = await cluster.awaitEqualIndex(positions);
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const position of positions) {
      const { body } = await call(
        cluster.origin(position),
        'GET',
        '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z&consistency=local',
        { token },
      );
      expect((body['items'] as unknown[]).length).toBe(booked);
    }
  }

  test('agenda member replace: the new one votes, and the old one, which still runs, does not', async () => {
    await book(3, voters);
    const { leader, term } = await leaderOf(voters);
    const [first = -1, other = -1] = voters.filter((one) => one !== leader);
    old = first;
    voters = [leader, other, NEWCOMER];
    cluster.start(NEWCOMER);
    const replaced = await eventually('it is known and has caught up', async () => {
      const end = await agendaMember('replace', cluster.nodeId(old), cluster.nodeId(NEWCOMER));
      return end.code === 0 ? end : null;
    });
    expect(replaced.stderr).toBe('');
    expect(lineOf(old, replaced.stdout)).toMatch(/none|no member/);
    expect(lineOf(NEWCOMER, replaced.stdout)).toMatch(/learner|voter/);
    await awaitMembers(voters);

    await cluster.kill(old);
    cluster.start(old);
    await eventually('the old one is back', () => cluster.raftState(old));
    await book(3, voters);
    expect(await leaderOf(voters)).toEqual({ leader, term });

    // Of three voters one is dead: nothing is committed that the new one has not on its disk.
    await cluster.kill(other);
    await book(3, [leader, NEWCOMER]);
    cluster.start(other);
    await awaitBookings(voters);
    // And nobody leads for whom it does not vote.
    await cluster.kill(leader);
    const next = await leaderOf([other, NEWCOMER]);
    expect(next.term).toBeGreaterThan(term);
    cluster.start(leader);
    await awaitBookings(voters);
  }, 180_000);

  test('agenda member remove: those that are none disturb nobody, and one that is added again is taken in', async () => {
    const { leader, term } = await leaderOf(voters);
    const gone = voters.find((one) => one !== leader && one !== NEWCOMER) ?? -1;
    await cluster.kill(gone);
    voters = voters.filter((one) => one !== gone);
    const removed = await agendaMember('remove', cluster.nodeId(gone));
    expect([removed.code, removed.stderr]).toEqual([0, '']);
    expect(lineOf(gone, removed.stdout)).toMatch(/none|no member/);
    expect(removed.stdout).toContain('2 voters; 3 are wanted.');
    await awaitMembers(voters);

    cluster.start(gone);
    const { voters: known } = await eventually('it stands', async () => {
      const state = await cluster.raftState(gone);
      return state.role === 'candidate' ? state : null;
    });
    // It was not there when it was removed, and knows nothing of it.
    expect(known).toContain(cluster.nodeId(gone));
    const outside = await Promise.all([old, gone].map(termAt));
    await sleep(SEVERAL_TIMEOUTS_MS);
    await book(4, voters);
    expect(await leaderOf(voters)).toEqual({ leader, term });
    expect(await Promise.all([old, gone].map(termAt))).toEqual(outside);
    // Three are wanted, and still nobody takes it in.
    await awaitMembers(voters);

    const added = await eventually('it is known', async () => {
      const end = await agendaMember('add', cluster.nodeId(gone));
      return end.code === 0 ? end : null;
    });
    expect(lineOf(gone, added.stdout)).toMatch(/learner|voter/);
    voters.push(gone);
    await awaitMembers(voters);
    await awaitBookings(voters);
    expect(await leaderOf(voters)).toEqual({ leader, term });
  }, 180_000);
});
