import { audit_ids } from '../../agenda/audit-ids.ts';
import { formatId } from '../../agenda/id.ts';
import type { IdPrefix } from '../../agenda/id.ts';
import { formatInstant } from '../instant.ts';
import type { AuditOut } from '../present/audit-schema.ts';
import { messageOf } from './messages.ts';
import type { AuditEntry } from './read-audit.ts';

/** A row of the audit, or an event that waits for the log at this replica. */
export function presentAudit(entry: AuditEntry, own_node_id: string): AuditOut {
  const { kind } = entry;
  const said = kind === 'row' ? entry.row : entry.event;
  const { component, action, level, actor_key, request_id, payload, count } = said;
  return {
    id: kind === 'row' ? formatId('aud', entry.row.key) : `waiting_${entry.event.id}`,
    component,
    action,
    level,
    message: messageOf(action),
    ...(actor_key === null ? {} : { actor_id: formatId('usr', actor_key) }),
    request_id,
    node_id: kind === 'row' ? entry.row.origin_node : own_node_id,
    payload: payload === null ? null : presentPayload(payload),
    occurred_at: formatInstant(kind === 'row' ? entry.row.occurred_at : entry.event.at),
    ...(count === 1 ? {} : { count }),
  };
}

const id_names: ReadonlyMap<string, { readonly name: string; readonly prefix: IdPrefix }> = new Map(
  Object.entries(audit_ids),
);

/** Keys become ids; the rest stays. */
function presentPayload(payload: string): Record<string, unknown> {
  const facts = Object.entries(JSON.parse(payload) as Record<string, unknown>);
  return Object.fromEntries(
    facts.map(([field, value]) => {
      const id = id_names.get(field);
      if (id === undefined || typeof value !== 'number') return [field, value];
      return [id.name, formatId(id.prefix, value)];
    }),
  );
}
