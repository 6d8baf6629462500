import type { EntryKind } from './entry.ts';

/** The number of each kind in checksums, messages and databases; never reused for another kind. */
const codes: Readonly<Record<EntryKind, number>> = { no_op: 0, command: 1, configuration: 2 };
const kinds: readonly EntryKind[] = ['no_op', 'command', 'configuration'];

export function entryKindCode(kind: EntryKind): number {
  return codes[kind];
}

/** Null: a kind this program does not know. */
export function entryKindOf(code: number): EntryKind | null {
  return kinds[code] ?? null;
}
