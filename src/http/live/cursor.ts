import { indexAt, positionAtStep, stepAt } from './position.ts';
import type { Position } from './position.ts';

/**
 * Which history positions are of: Raft group, cluster and incarnation. After `agenda recover` entries may
 * stand at the same positions that are others, so a cursor of before is of another lineage.
 */
export type Lineage = string;

/** A position as an opaque text: good at every replica. What is before it, the client has. */
export function formatCursor(lineage: Lineage, position: Position): string {
  const place = `${indexAt(position).toString(36)}.${stepAt(position).toString(36)}`;
  return Buffer.from(`${place}.${lineage}`).toString('base64url');
}

/** The position; `another_lineage` when nobody here can tell what came after it; null: it is no cursor. */
export function parseCursor(lineage: Lineage, cursor: string): Position | 'another_lineage' | null {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const parts = /^([0-9a-z]{1,9})\.([0-9a-z]{1,3})\.(.+)$/.exec(text);
  if (parts === null) return null;
  const [, index = '', step = '', of = ''] = parts;
  if (of !== lineage) return 'another_lineage';
  return positionAtStep(Number.parseInt(index, 36), Number.parseInt(step, 36));
}
