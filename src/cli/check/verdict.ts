import type { CheckedReplica, CheckedReplicas } from './check-replicas.ts';

export type CheckVerdict =
  /** All members answered, and their states are the same. */
  | { readonly kind: 'equal' }
  /** Node ids of those that differ from the largest group; all when there is no larger one. */
  | { readonly kind: 'differ'; readonly node_ids: readonly string[] }
  /** No difference was found, and not everybody could say. */
  | { readonly kind: 'unknown' };

/** What a replica showed of its state, as one text; null: nothing. */
function stateOf({ answer }: CheckedReplica): string | null {
  return answer?.kind === 'checked' ? JSON.stringify([answer.digest, answer.tables]) : null;
}

/** A difference that was found outweighs those that could not be asked. */
export function verdictOf({ replicas }: CheckedReplicas): CheckVerdict {
  const groups = new Map<string, string[]>();
  for (const replica of replicas) {
    const state = stateOf(replica);
    if (state === null) continue;
    const group = groups.get(state) ?? [];
    group.push(replica.surveyed.member.node_id);
    groups.set(state, group);
  }
  const by_size = [...groups.values()].sort((one, other) => other.length - one.length);
  const [largest, second] = by_size;
  if (largest !== undefined && second !== undefined) {
    const is_tie = largest.length === second.length;
    return { kind: 'differ', node_ids: (is_tie ? by_size : by_size.slice(1)).flat() };
  }
  const is_complete = largest !== undefined && largest.length === replicas.length;
  return is_complete ? { kind: 'equal' } : { kind: 'unknown' };
}
