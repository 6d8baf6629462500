import { assert } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { AuditRow, AuditSource } from '../audit.ts';
import type { RowChange } from '../change.ts';
import type { AppendAudit } from '../command.ts';
import type { AuditEvent } from '../node-event.ts';
import type { AuditSourcesPort } from '../view.ts';
import type { DecideContext, Decision } from './decision.ts';

/**
 * Puts a replica's events into the audit, each exactly once: those up to the last one that was taken of
 * that run are there already, because a batch whose outcome was unknown is sent again.
 */
export function appendAudit(
  { audit }: { readonly audit: AuditSourcesPort },
  { node_id, run_id, events }: AppendAudit,
  context: DecideContext,
): Decision {
  assert(events.length <= limits.audit_batch_events_max, 'too many events in a batch');
  const known = audit.sourceOf(node_id, run_id);
  const changes: RowChange[] = [];
  let last_id = known?.last_id ?? 0;
  for (const event of events) {
    if (event.id <= last_id) continue;
    last_id = event.id;
    const row = rowOf(event, node_id, context);
    changes.push({ op: 'insert', table: 'audit_logs', row });
  }
  if (known !== null && last_id === known.last_id) return taken(known, []);
  const source: AuditSource = {
    key: known?.key ?? context.nextKey(),
    node_id,
    run_id,
    last_id,
    changed_index: context.index,
    version: (known?.version ?? 0) + 1,
  };
  if (known !== null) {
    changes.push({ op: 'update', table: 'audit_sources', row: source });
  } else {
    changes.push(...forgottenSources(audit));
    changes.push({ op: 'insert', table: 'audit_sources', row: source });
  }
  return taken(source, changes);
}

function taken({ key, version }: AuditSource, changes: readonly RowChange[]): Decision {
  const answer = { kind: 'audit', key, version } as const;
  return { kind: 'done', changes, answer, consequences: [], events: [] };
}

function rowOf(event: AuditEvent, node_id: string, context: DecideContext): AuditRow {
  const { at, component, action, level, actor_key, request_id, payload, count } = event;
  return {
    key: context.nextKey(),
    component,
    action,
    actor_key,
    object_key: null,
    request_id,
    origin_node: node_id,
    // A clock that is ahead puts nothing into the future.
    occurred_at: Math.min(at, context.state_time),
    level,
    payload,
    payload_hash: null,
    count,
    chain: null,
  };
}

/** One more is about to come. */
function forgottenSources(audit: AuditSourcesPort): readonly RowChange[] {
  if (audit.sourceCount() < limits.audit_sources_max) return [];
  const oldest = audit.oldestSource();
  assert(oldest !== null, 'many sources, and no oldest one');
  return [{ op: 'delete', table: 'audit_sources', row: { key: oldest.key } }];
}
