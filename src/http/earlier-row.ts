import type { EarlierKind, Key } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { ProblemError } from './problem.ts';

/** Which row, in which version. */
interface WantedRow {
  readonly kind: EarlierKind;
  readonly key: Key;
  readonly version: number;
}

/**
 * A row as a write left it, whatever came after. Earlier ones are kept for as long as they can be asked
 * for, unless there are far too many: then it is shown as it is, `present`. Throws `not_found` when it is
 * not even that.
 */
export function rowAsWritten<Row extends { readonly version: number }>(
  view: AgendaView,
  { kind, key, version }: WantedRow,
  present: Row | null,
): Row {
  if (present !== null && present.version === version) return present;
  const earlier = view.earlierRow(kind, key, version);
  if (earlier !== null) return JSON.parse(earlier.content) as Row;
  if (present !== null) return present;
  const detail = 'This was done, and what it made is there no more.';
  throw new ProblemError({ code: 'not_found', detail });
}
