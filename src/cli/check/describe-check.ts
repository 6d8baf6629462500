import { unreachable } from '../../base/assert.ts';
import type { TableHash } from '../../replica/state-check.ts';
import { formatTable } from '../operator/table.ts';
import type { CheckedReplica, CheckedReplicas } from './check-replicas.ts';
import type { CheckVerdict } from './verdict.ts';

const HASH_CHARACTERS_SHOWN = 16;

/** One screen: every replica, its state, the verdict; with tables, which of them differ. */
export function describeCheck(checked: CheckedReplicas, verdict: CheckVerdict): string {
  const { index, with_tables, replicas } = checked;
  const heading = [
    'replica',
    'role',
    'term',
    'applied',
    'digest',
    ...(with_tables ? ['rows'] : []),
    '',
  ];
  const rows = replicas.map((replica) => rowOf(replica, checked, verdict));
  return [
    `  State at index ${index}${with_tables ? ', all tables read' : ''}`,
    '',
    formatTable(heading, rows),
    ...(with_tables ? describeTables(replicas) : []),
    '',
    `  ${conclusion(checked, verdict)}`,
  ].join('\n');
}

function rowOf(
  { surveyed, answer, failure }: CheckedReplica,
  { index, with_tables }: CheckedReplicas,
  verdict: CheckVerdict,
): readonly (string | number)[] {
  const { node_id } = surveyed.member;
  const role = surveyed.said?.role ?? '-';
  const term = surveyed.said?.term ?? '-';
  const applied = surveyed.said?.applied_index ?? '-';
  if (answer?.kind !== 'checked') {
    return [node_id, role, term, applied, '-', ...(with_tables ? ['-'] : []), failure];
  }
  const rows = (answer.tables ?? []).reduce((sum, table) => sum + table.rows, 0);
  const differs = verdict.kind === 'differ' && verdict.node_ids.includes(node_id);
  return [
    node_id,
    role,
    term,
    // It was asked how far it is before it came to the index.
    Math.max(index, surveyed.said?.applied_index ?? 0),
    answer.digest.slice(0, HASH_CHARACTERS_SHOWN),
    ...(with_tables ? [rows] : []),
    differs ? 'DIFFERS' : 'equal',
  ];
}

function describeTables(replicas: readonly CheckedReplica[]): readonly string[] {
  const tables = new Map<string, { node_id: string; table: TableHash }[]>();
  for (const { surveyed, answer } of replicas) {
    for (const table of answer?.kind === 'checked' ? (answer.tables ?? []) : []) {
      const held = tables.get(table.name) ?? [];
      held.push({ node_id: surveyed.member.node_id, table });
      tables.set(table.name, held);
    }
  }
  const lines: string[] = [];
  for (const [name, held] of tables) {
    if (new Set(held.map(({ table }) => table.hash)).size === 1) continue;
    lines.push('', `  Table ${name} differs:`);
    const rows = held.map(({ node_id, table }) => [
      node_id,
      table.rows,
      table.hash.slice(0, HASH_CHARACTERS_SHOWN),
    ]);
    lines.push(formatTable(['replica', 'rows', 'hash'], rows));
  }
  return lines;
}

function conclusion({ replicas, with_tables }: CheckedReplicas, verdict: CheckVerdict): string {
  const silent = replicas.filter(({ answer }) => answer?.kind !== 'checked');
  const names = silent.map(({ surveyed }) => surveyed.member.node_id).join(', ');
  switch (verdict.kind) {
    case 'equal':
      return `All ${replicas.length} replicas have the same state.`;
    case 'differ': {
      const not_asked = names === '' ? '' : ` Nothing is known of ${names}.`;
      const hint = with_tables ? '' : ' `--deep` says in which tables.';
      return `${verdict.node_ids.join(', ')}: the state differs.${hint}${not_asked}`;
    }
    case 'unknown':
      return `Cannot tell: nothing is known of ${names}. The others have the same state.`;
    default:
      return unreachable(verdict);
  }
}
