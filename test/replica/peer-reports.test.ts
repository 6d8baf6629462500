import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Member } from '../../src/consensus/raft/configuration.ts';
import { PeerReports } from '../../src/replica/peer-reports.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const first: Member = { node_id: 'agenda-1', storage_id: 'disk-1' };
const other: Member = { node_id: 'agenda-3', storage_id: 'disk-3' };
const peer = { node_id: 'agenda-2', match_index: 7, applied_index: 6, last_contact_ms: 40 };

let time: VirtualClock;
let leader: Member | null;
let answer: unknown;
let asked: string[];
let reports: PeerReports;
let stop: () => void;

beforeEach(() => {
  time = new VirtualClock();
  leader = first;
  answer = { peers: [peer] };
  asked = [];
  reports = new PeerReports({
    clock: time.forProcess().clock,
    leader: () => leader,
    ask(member) {
      asked.push(member.node_id);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  stop = reports.start();
});

describe('the leader shares its table with followers once a second', () => {
  test('each second it is asked, until that ends', async () => {
    expect(reports.peers()).toEqual([]);
    await time.advance(3_500);
    expect(asked).toEqual(['agenda-1', 'agenda-1', 'agenda-1']);
    expect(reports.peers()).toEqual([{ ...peer, last_contact_ms: 540 }]);
    stop();
    await time.advance(10_000);
    expect(asked).toHaveLength(3);
  });

  test('who leads, or nobody, asks nobody', async () => {
    leader = null;
    await time.advance(3_000);
    expect(asked).toEqual([]);
    expect(reports.peers()).toEqual([]);
  });

  test('what the leader before said is not shown as that of the next', async () => {
    await time.advance(1_000);
    expect(reports.peers()).toHaveLength(1);
    leader = other;
    expect(reports.peers()).toEqual([]);
    await time.advance(1_000);
    expect(asked.at(-1)).toBe('agenda-3');
    expect(reports.peers()).toHaveLength(1);
  });

  test('without an answer, or with one that makes no sense, the last one grows old', async () => {
    await time.advance(1_000);
    for (const [at, bad] of [
      new Error('lost'),
      { peers: 'many' },
      null,
      { peers: [{}] },
    ].entries()) {
      answer = bad;
      await time.advance(1_000);
      expect(reports.peers()).toEqual([{ ...peer, last_contact_ms: 40 + (at + 1) * 1_000 }]);
    }
    answer = { peers: [{ ...peer, last_contact_ms: null }] };
    await time.advance(1_000);
    expect(reports.peers()).toEqual([{ ...peer, last_contact_ms: null }]);
  });
});
