import { describe, expect, test } from '@jest/globals';
import { memberKey } from '../../src/consensus/raft/configuration.ts';
import type { Member, MemberKey } from '../../src/consensus/raft/configuration.ts';
import type { LogIndex } from '../../src/consensus/raft/entry.ts';
import { establishedLeader, n1, n2, n3, TestCore } from '../support/raft-fixture.ts';
import { Invariants } from './invariants.ts';
import type { SimulatedReplica } from './replica.ts';

/** The checks of the simulation see what they are there for: row 22, broken in every way. */

interface Observed {
  readonly core: TestCore;
  readonly machine: { applied_index: LogIndex; digest: string };
  durable_state_index: LogIndex;
  readonly replicas: object[];
  readonly invariants: Invariants;
}

/** A leader and two more with the same log on their disks: two entries committed, and applied. */
function observedCluster(): Observed {
  const core = establishedLeader();
  const machine = { applied_index: 2, digest: 'two' };
  const entryAt = (index: LogIndex) => core.entries[index - 1] ?? null;
  const log = { entryAt, tail: { base: null, last_index: core.entries.length } };
  const logOf = (member: Member) => (key: MemberKey) => (key === memberKey(member) ? log : null);
  const life = { group: { state: core.state }, machine };
  const leader = { member: n1, life, log, logOf: logOf(n1), entryAt, durable_state_index: 1 };
  const others = [n2, n3].map((member) => ({ member, life: null, logOf: logOf(member) }));
  const replicas: object[] = [leader, ...others];
  const invariants = new Invariants(replicas as SimulatedReplica[]);
  invariants.afterStep();
  return {
    core,
    machine,
    replicas,
    invariants,
    get durable_state_index() {
      return leader.durable_state_index;
    },
    set durable_state_index(index) {
      leader.durable_state_index = index;
    },
  };
}

describe('the invariants of the simulation', () => {
  test.each<[string, (observed: Observed) => void, RegExp]>([
    ['the term falls', ({ core }) => (core.state.term = 1), /term of n1 fell/],
    ['the commit index falls', ({ core }) => (core.state.commit_index = 1), /commit index .* fell/],
    ['the applied index falls', ({ machine }) => (machine.applied_index = 1), /applied .* fell/],
    ['applied > committed', ({ machine }) => (machine.applied_index = 3), /what nobody committed/],
    ['checkpoint > applied', (observed) => (observed.durable_state_index = 3), /a checkpoint/],
    [
      'purged > checkpoint',
      ({ core }) => (core.state.log.before_first = { index: 2, term: 2 }),
      /cut its log above/,
    ],
    [
      'what is committed is in no log',
      ({ core }) => {
        core.propose('a');
        core.entries.pop();
        core.state.commit_index = 3;
      },
      /committed 3, which is not in its log/,
    ],
  ])('scenario 22: %s is caught', (_, breakIt, message) => {
    const observed = observedCluster();
    expect(() => observed.invariants.afterStep()).not.toThrow();
    breakIt(observed);
    expect(() => observed.invariants.afterStep()).toThrow(message);
  });

  test('scenario 22: two states at one index are caught', () => {
    const { core, replicas, invariants } = observedCluster();
    const { state } = new TestCore({ self: n2, terms: [1, 2], commit_index: 2, applied_index: 2 });
    const entryAt = (index: LogIndex) => core.entries[index - 1] ?? null;
    const machine = { applied_index: 2, digest: 'two' };
    const log = { entryAt, tail: { base: null, last_index: core.entries.length } };
    const follower = { member: n2, log, entryAt, durable_state_index: 1 };
    replicas[1] = { ...follower, life: { group: { state }, machine } };
    expect(() => invariants.afterStep()).not.toThrow();
    const other = { applied_index: 2, digest: 'another two' };
    replicas[1] = { ...follower, life: { group: { state }, machine: other } };
    expect(() => invariants.afterStep()).toThrow(/n2 has another state at 2/);
  });
});
