import { describe, expect, test } from '@jest/globals';
import type { CheckedReplica } from '../../src/cli/check/check-replicas.ts';
import { describeCheck } from '../../src/cli/check/describe-check.ts';
import { verdictOf } from '../../src/cli/check/verdict.ts';

function replica(
  number: number,
  digest: string | null,
  hash: string | null = null,
): CheckedReplica {
  const tables = hash === null ? null : [{ name: 'users', rows: 3, hash }];
  return {
    surveyed: {
      member: { node_id: `agenda-${number}`, storage_id: `storage-${number}` },
      is_voter: true,
      address: null,
      said: null,
      failure: '',
    },
    answer: digest === null ? null : { kind: 'checked', digest, tables },
    failure: digest === null ? 'did not answer' : '',
  };
}

function judge(...replicas: readonly CheckedReplica[]) {
  return verdictOf({ index: 9, with_tables: false, replicas });
}

describe('agenda check', () => {
  test('equal only when everybody could say', () => {
    expect(judge(replica(1, 'a'), replica(2, 'a'))).toEqual({ kind: 'equal' });
    expect(judge(replica(1, 'a'), replica(2, null))).toEqual({ kind: 'unknown' });
    expect(judge(replica(1, null))).toEqual({ kind: 'unknown' });
  });

  test('a difference outweighs those that could not say, and names the fewer', () => {
    const judged = judge(replica(1, 'a'), replica(2, 'b'), replica(3, 'a'), replica(4, null));
    expect(judged).toEqual({ kind: 'differ', node_ids: ['agenda-2'] });
    expect(judge(replica(1, 'a'), replica(2, 'b'))).toEqual({
      kind: 'differ',
      node_ids: ['agenda-1', 'agenda-2'],
    });
  });

  test('equal digests over different tables differ, and the table is named', () => {
    const replicas = [replica(1, 'a', 'x'), replica(2, 'a', 'y'), replica(3, 'a', 'x')];
    const checked = { index: 9, with_tables: true, replicas };
    const verdict = verdictOf(checked);
    expect(verdict).toEqual({ kind: 'differ', node_ids: ['agenda-2'] });
    const screen = describeCheck(checked, verdict);
    expect(screen).toContain('Table users differs');
    expect(screen).toContain('agenda-2: the state differs.');
    expect(screen.split('\n').filter((line) => line.includes('DIFFERS'))).toHaveLength(1);
  });

  test('says of whom nothing is known', () => {
    const checked = { index: 9, with_tables: false, replicas: [replica(1, 'a'), replica(2, null)] };
    const screen = describeCheck(checked, verdictOf(checked));
    expect(screen).toContain('nothing is known of agenda-2');
    expect(screen).toContain('did not answer');
  });
});
