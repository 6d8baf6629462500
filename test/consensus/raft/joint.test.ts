import { describe, expect, test } from '@jest/globals';
import {
  acknowledge,
  configurationOf,
  confirm,
  lead,
  members,
  n1,
  n2,
  n3,
  n4,
  n5,
  TestCore,
} from '../../support/raft-fixture.ts';

describe('thesis §4.3: while joint, both majorities decide', () => {
  const joint = configurationOf({ voters: [1, 2, 3], outgoing: [3, 4, 5] });

  test('an entry needs both', () => {
    const core = new TestCore({ configuration: joint });
    lead(core);
    core.persist();
    acknowledge(core, n2, 2);
    expect(core.state.commit_index).toBe(0);
    acknowledge(core, n4, 2);
    expect(core.state.commit_index).toBe(0);
    acknowledge(core, n5, 2);
    expect(core.state.commit_index).toBe(2);
  });

  test('who is in both counts in both', () => {
    const core = new TestCore({ configuration: joint });
    lead(core);
    core.persist();
    acknowledge(core, n3, 2);
    acknowledge(core, n4, 2);
    expect(core.state.commit_index).toBe(2);
  });

  test('a leader that is leaving counts in the outgoing majority only', () => {
    const core = new TestCore({ configuration: joint, self: n5 });
    lead(core);
    core.persist();
    for (const from of [n4, n1]) acknowledge(core, from, 2);
    expect(core.state.commit_index).toBe(0);
    acknowledge(core, n2, 2);
    expect(core.state.commit_index).toBe(2);
  });

  test('an election needs both', () => {
    const core = new TestCore({ configuration: joint });
    const grant = (pre_vote: boolean) =>
      ({
        kind: 'vote_response',
        pre_vote,
        asked_term: 2,
        term: pre_vote ? 1 : 2,
        granted: true,
      }) as const;
    core.tick(15);
    for (const pre_vote of [true, false]) {
      const role = pre_vote ? 'pre_candidate' : 'candidate';
      core.hear(n2, grant(pre_vote));
      core.hear(n4, grant(pre_vote));
      expect(core.state.role).toBe(role);
      core.hear(n5, grant(pre_vote));
      core.persist();
    }
    expect(core.state).toMatchObject({ role: 'leader', leader: n1 });
  });

  test('the entry that makes it joint needs both, and the one that ends it the new alone', () => {
    const core = new TestCore({
      configuration: configurationOf({ voters: [3, 4, 5], learners: [1, 2] }),
      self: n3,
    });
    lead(core);
    core.persist();
    for (const from of [n1, n2, n4]) acknowledge(core, from, 2);
    expect(core.state.commit_index).toBe(2);
    for (const from of [n1, n2, n4, n5]) confirm(core, from, 1);
    core.change({ promote: [n1, n2], demote: [n4, n5] });
    expect(core.state.configurations.at(-1)).toEqual({
      index: 3,
      configuration: { ...joint, voters: members(3, 1, 2), learners: members(4, 5) },
    });
    core.persist();
    acknowledge(core, n4, 3);
    expect(core.state.commit_index).toBe(2);
    acknowledge(core, n1, 3);
    expect(core.state.commit_index).toBe(3);
    expect(core.state.configurations.at(-1)).toEqual({
      index: 4,
      configuration: {
        ...joint,
        voters: members(3, 1, 2),
        outgoing_voters: [],
        learners: members(4, 5),
      },
    });
    core.persist();
    for (const from of [n4, n5]) acknowledge(core, from, 4);
    expect(core.state.commit_index).toBe(3);
    acknowledge(core, n2, 4);
    expect(core.state.commit_index).toBe(4);
  });
});
