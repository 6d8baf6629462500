import { unreachable } from '../../base/assert.ts';
import { formatId, KEYS_PER_ENTRY } from '../../agenda/id.ts';
import type { AuditAnswer } from '../../discovery/operations/audit-wire.ts';
import type { AskedReplica, AskedReplicas } from '../check/ask-at-one-index.ts';
import { formatTable } from '../operator/table.ts';

type Verified = Extract<AuditAnswer, { kind: 'verified' }>;

export type AuditVerdict = 'sound' | 'wrong' | 'unknown';

const CHAIN_CHARACTERS_SHOWN = 16;

/** A row that is not as it was written, or heads that differ, outweigh those that could not say. */
export function auditVerdictOf({ replicas }: AskedReplicas<AuditAnswer>): AuditVerdict {
  const verified = replicas.flatMap(({ answer }) => (answer?.kind === 'verified' ? answer : []));
  const chains = new Set(verified.map(chainOf));
  if (chains.size > 1 || verified.some(({ fault }) => fault !== null)) return 'wrong';
  return verified.length === replicas.length && verified.length > 0 ? 'sound' : 'unknown';
}

/** From where to where, as one text. */
function chainOf({ anchor, head }: Verified): string {
  return JSON.stringify([anchor, head]);
}

/** One screen: every replica, its rows and head, and the first row that is not as it was written. */
export function describeAudit(asked: AskedReplicas<AuditAnswer>, verdict: AuditVerdict): string {
  const { index, replicas } = asked;
  const heading = ['replica', 'rows', 'trimmed through', 'last row', 'head', ''];
  const rows = replicas.map((replica) => rowOf(replica));
  const faults = replicas.flatMap(faultOf);
  return [
    `  Audit at index ${index}, all rows read`,
    '',
    formatTable(heading, rows),
    ...(faults.length === 0 ? [] : ['', ...faults]),
    '',
    `  ${conclusion(asked, verdict)}`,
  ].join('\n');
}

function rowOf({ surveyed, answer, failure }: AskedReplica<AuditAnswer>): (string | number)[] {
  const { node_id } = surveyed.member;
  if (answer?.kind !== 'verified') return [node_id, '-', '-', '-', '-', failure];
  const { rows, anchor, head, fault } = answer;
  const shown = head.chain.slice(0, CHAIN_CHARACTERS_SHOWN);
  const state = fault === null ? 'sound' : 'WRONG';
  return [node_id, rows, rowName(anchor.key), rowName(head.key), shown, state];
}

function rowName(key: number): string {
  return key === 0 ? 'none' : formatId('aud', key);
}

function faultOf({ surveyed, answer }: AskedReplica<AuditAnswer>): readonly string[] {
  if (answer?.kind !== 'verified' || answer.fault === null) return [];
  const { kind, key, after_key } = answer.fault;
  const { node_id } = surveyed.member;
  const before = after_key === 0 ? 'the beginning' : rowName(after_key);
  if (kind === 'end_missing') {
    return [`  ${node_id}: rows are missing at the end, from after ${before} to ${rowName(key)}.`];
  }
  const entry = Math.floor(key / KEYS_PER_ENTRY);
  return [
    `  ${node_id}: ${rowName(key)} (log entry ${entry}) does not follow ${before}: it was changed, or`,
    '    does not belong there, or what stood between them is missing or elsewhere.',
  ];
}

function conclusion({ replicas }: AskedReplicas<AuditAnswer>, verdict: AuditVerdict): string {
  const silent = replicas.filter(({ answer }) => answer?.kind !== 'verified');
  const names = silent.map(({ surveyed }) => surveyed.member.node_id).join(', ');
  const not_asked = names === '' ? '' : ` Nothing is known of ${names}.`;
  switch (verdict) {
    case 'sound':
      return `The audit of all ${replicas.length} replicas is as it was written, and the same.`;
    case 'unknown':
      return `Cannot tell: nothing is known of ${names}. The others are sound, and the same.`;
    case 'wrong':
      return replicas.some(({ answer }) => answer?.kind === 'verified' && answer.fault !== null)
        ? `The audit was changed behind the back of the program.${not_asked}`
        : `Each audit is as it was written, but they differ: see \`agenda check\`.${not_asked}`;
    default:
      return unreachable(verdict);
  }
}
