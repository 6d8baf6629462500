import { answer_id_field, audit_id_fields } from '../audit-ids.ts';
import type { AuditIdField } from '../audit-ids.ts';
import type { RowChange } from '../change.ts';
import type { CommandBody } from '../command.ts';
import type { Key } from '../model.ts';
import type { Answer } from '../outcome.ts';

/** Of the row that was made or changed, besides what it names. */
const facts = ['rank', 'status'] as const;
type Fact = (typeof facts)[number];

/** What may name things. */
type Naming = Readonly<Partial<Record<AuditIdField | Fact, Key | string | null>>>;

const nothing: Naming = {};

/** What a command's row in the audit says beyond its columns: the keys of all it named or touched. */
export function auditPayload(
  body: CommandBody,
  { kind, key }: Answer,
  changes: readonly RowChange[],
): string {
  const named = body as Naming;
  // Not what is kept of the row as it was, which has its key.
  const changed = changes.find(
    ({ table, row }) => table !== 'earlier_rows' && 'key' in row && row.key === key,
  );
  const touched = (changed?.row ?? nothing) as Naming;
  const object_field = answer_id_field[kind];
  const payload: Partial<Record<AuditIdField | Fact, Key | string>> = {};
  for (const field of audit_id_fields) {
    // Whose act work continues is said by the command alone; a notification has another actor.
    const of_row = field === 'actor_key' ? null : touched[field];
    const found = field === object_field ? key : (named[field] ?? of_row);
    if (typeof found === 'number') payload[field] = found;
  }
  for (const fact of facts) {
    const found = touched[fact];
    if (found !== undefined && found !== null) payload[fact] = found;
  }
  return JSON.stringify(payload);
}
