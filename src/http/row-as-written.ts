import type { EarlierKind, Key } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { ProblemError } from './problem.ts';

interface Versioned {
  readonly key: Key;
  readonly version: number;
}

/**
 * A row as a write left it, whatever came after. Rows are kept for as long as they can be asked for,
 * unless there are far too many: then it is shown as it is. Throws `not_found` when nothing of it is left.
 */
export function rowAsWritten<Row extends Versioned>(
  view: AgendaView,
  kind: EarlierKind,
  { key, version }: Versioned,
  present: Row | null,
): Row {
  if (present?.version === version) return present;
  const earlier = view.earlierRow(kind, key, version);
  if (earlier !== null) return JSON.parse(earlier.content) as Row;
  if (present !== null) return present;
  const detail = 'This was done; what it made is gone since, and kept no more.';
  throw new ProblemError({ code: 'not_found', detail });
}
