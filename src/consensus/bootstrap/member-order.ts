import type { NodeId } from '../raft/configuration.ts';

/**
 * The order of members: by name, numbers within a name by their value, so that `agenda-2` comes before
 * `agenda-10`. Total: equal only for equal names.
 */
export function compareNodeIds(one: NodeId, other: NodeId): number {
  const one_parts = partsOf(one);
  const other_parts = partsOf(other);
  const shared = Math.min(one_parts.length, other_parts.length);
  for (let index = 0; index < shared; index += 1) {
    const order = compareParts(one_parts[index] ?? '', other_parts[index] ?? '');
    if (order !== 0) return order;
  }
  return one_parts.length - other_parts.length || compareText(one, other);
}

function partsOf(name: string): readonly string[] {
  return name.match(/\d+|\D+/gu) ?? [];
}

function compareParts(one: string, other: string): number {
  if (!/^\d/u.test(one) || !/^\d/u.test(other)) return compareText(one, other);
  const one_digits = one.replace(/^0+/u, '');
  const other_digits = other.replace(/^0+/u, '');
  return one_digits.length - other_digits.length || compareText(one_digits, other_digits);
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
