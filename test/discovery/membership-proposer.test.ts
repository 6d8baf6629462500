import { describe, expect, test } from '@jest/globals';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { allMembers } from '../../src/consensus/raft/configuration.ts';
import type { MembershipResult } from '../../src/consensus/raft/effect.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { NO_CHANGE, planChange } from '../../src/consensus/raft/membership.ts';
import { AddressBook } from '../../src/discovery/address-book.ts';
import type { Announcement } from '../../src/discovery/address-entry.ts';
import { MembershipProposer } from '../../src/discovery/membership-proposer.ts';
import type { Call, DiscoveryClock } from '../../src/discovery/ports.ts';
import { configurationOf, member, n1, n2, n3, n4 } from '../support/raft-fixture.ts';

const CLUSTER_ID = 'cluster';

function announcementOf({ node_id, storage_id }: Member): Announcement {
  const address = `${node_id}-${storage_id}:8080`;
  return {
    node_id,
    storage_id,
    boot_id: `b-${storage_id}`,
    address,
    api_url: `http://${address}`,
    public_url: null,
  };
}

/** A leader's proposer among replicas that answer; it looks as often as it is told. */
class Fixture {
  configuration: Configuration = configurationOf({ voters: [1, 2, 3] });
  leads = true;
  /** What lives where, and to which cluster it says it belongs. */
  readonly living = new Map<string, { member: Member; cluster_id: string | null }>();
  readonly changes: MembershipChange[] = [];
  readonly warnings: string[] = [];
  refusal: MembershipResult | null = null;
  readonly book = new AddressBook({ own_node_id: 'n1', nowMs: () => 1_000_000 });
  #looks = 0;

  announce(who: Member, cluster_id: string | null = CLUSTER_ID): void {
    const announcement = announcementOf(who);
    this.book.observe(announcement, 'join');
    this.living.set(announcement.address, { member: who, cluster_id });
  }

  async look(times = 1): Promise<void> {
    const ending = new AbortController();
    this.#looks = times;
    const clock: DiscoveryClock = {
      nowMs: () => 1_000_000,
      sleep: async () => {
        if (this.#looks === 0) ending.abort();
        this.#looks -= 1;
      },
    };
    const call: Call = async ({ address }) => {
      const found = this.living.get(address);
      if (found === undefined) throw new Error('no answer');
      const body = { ...announcementOf(found.member), promise: null, last_index: 0 };
      return {
        status: 200,
        body: { ...body, cluster_id: found.cluster_id },
        responder: found.member,
        boot_id: body.boot_id,
      };
    };
    await new MembershipProposer({
      book: this.book,
      call,
      clock,
      port: {
        configuration: () => (this.leads ? this.configuration : null),
        change: async (change) => {
          this.changes.push(change);
          if (this.refusal !== null) return this.refusal;
          const planned = planChange(this.configuration, change);
          if (planned.kind === 'refused') return planned;
          this.configuration = planned.final;
          return { kind: 'committed', index: 9 };
        },
      },
      logger: {
        info: () => undefined,
        warn: (_fields, message) => void this.warnings.push(message),
      },
    }).run(ending.signal);
  }
}

describe('scenario 11: who announces itself comes in as a learner, and not otherwise', () => {
  test('members are left as they are', async () => {
    const fixture = new Fixture();
    for (const who of [n2, n3]) fixture.announce(who);
    await fixture.look(3);
    expect(fixture.changes).toEqual([]);
  });

  test('a new node is added, once', async () => {
    const fixture = new Fixture();
    fixture.announce(n4);
    await fixture.look(3);
    expect(fixture.changes).toEqual([{ ...NO_CHANGE, add_learners: [n4] }]);
    expect(fixture.configuration.learners).toEqual([n4]);
  });

  test('several are, one after the other', async () => {
    const fixture = new Fixture();
    for (const number of [4, 5, 6]) fixture.announce(member(number));
    await fixture.look();
    expect(fixture.configuration.learners).toHaveLength(3);
  });

  test('only a leader does it', async () => {
    const fixture = new Fixture();
    fixture.leads = false;
    fixture.announce(n4);
    await fixture.look(3);
    expect(fixture.changes).toEqual([]);
  });

  test('an address where nobody answers, or another, or one of no cluster or of another, is not enough', async () => {
    const fixture = new Fixture();
    fixture.announce(n4);
    const { address } = announcementOf(n4);
    for (const living of [
      undefined,
      { member: member(4, 'b'), cluster_id: CLUSTER_ID },
      { member: n4, cluster_id: null },
      { member: n4, cluster_id: 'other' },
    ]) {
      fixture.living.delete(address);
      if (living !== undefined) fixture.living.set(address, living);
      await fixture.look();
      expect(fixture.changes).toEqual([]);
    }
  });

  test('who was removed on purpose is not taken in again, however often it announces itself', async () => {
    const fixture = new Fixture();
    fixture.configuration = { ...configurationOf({ voters: [1, 2] }), removed: [n3] };
    fixture.announce(n3);
    await fixture.look(3);
    expect(fixture.changes).toEqual([]);
    fixture.announce(member(3, 'b'));
    await fixture.look();
    expect(fixture.configuration.learners).toEqual([member(3, 'b')]);
  });
});

describe('scenario 13: who comes back with another disk takes its own place', () => {
  test('by one change: the old pair out, the new one in as a learner', async () => {
    const fixture = new Fixture();
    const wiped = member(3, 'b');
    fixture.announce(wiped);
    await fixture.look(2);
    expect(fixture.changes).toEqual([{ ...NO_CHANGE, remove: [n3], add_learners: [wiped] }]);
    expect(allMembers(fixture.configuration)).toEqual([n1, n2, wiped]);
  });

  test('who still answers where it was seen last keeps its place, and that is told loudly', async () => {
    const fixture = new Fixture();
    fixture.announce(n3);
    fixture.announce(member(3, 'b'));
    await fixture.look(30);
    expect(fixture.changes).toEqual([]);
    expect(fixture.warnings).toHaveLength(1);
    expect(fixture.warnings[0]).toContain('under one NODE_ID');
    // It dies: nobody answers there any more.
    fixture.living.delete(announcementOf(n3).address);
    await fixture.look();
    expect(allMembers(fixture.configuration)).toEqual([n1, n2, member(3, 'b')]);
  });

  test('who lives at the old address with another disk takes the place of what lived there', async () => {
    const fixture = new Fixture();
    fixture.announce(n3);
    const wiped = member(3, 'b');
    const { address } = announcementOf(n3);
    fixture.book.observe({ ...announcementOf(wiped), address }, 'join');
    fixture.living.set(address, { member: wiped, cluster_id: CLUSTER_ID });
    await fixture.look();
    expect(allMembers(fixture.configuration)).toEqual([n1, n2, wiped]);
  });

  test('two processes under one name are told of, loudly and not all the time', async () => {
    const fixture = new Fixture();
    fixture.refusal = { kind: 'refused', reason: 'still_heard' };
    fixture.announce(member(3, 'b'));
    await fixture.look(30);
    expect(fixture.warnings).toHaveLength(1);
    expect(fixture.warnings[0]).toContain('under one NODE_ID');
    expect(fixture.changes).toHaveLength(30);
  });
});
