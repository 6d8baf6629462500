import Database from 'better-sqlite3';
import type { AuditRow } from '../../src/agenda/audit.ts';
import type { AppendAudit } from '../../src/agenda/command.ts';
import type { AuditEvent } from '../../src/agenda/node-event.ts';
import type { VerifiedAudit } from '../../src/replica/audit-verification.ts';
import { verifyAudit } from '../../src/replica/audit-verification.ts';
import { pinAudit } from '../../src/storage/pin-audit.ts';
import { MIDNIGHT } from './agenda-fixture.ts';

/** An election at a replica. */
export function auditEvent(id: number, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id,
    at: MIDNIGHT,
    component: 'raft',
    action: 'raft.election_won',
    level: 'info',
    actor_key: null,
    request_id: `run-1.${id}`,
    payload: JSON.stringify({ term: id }),
    count: 1,
    ...changes,
  };
}

export function appendBody(
  ids: readonly number[],
  changes: Partial<AppendAudit> = {},
): AppendAudit {
  return {
    kind: 'audit.append',
    node_id: 'agenda-2',
    run_id: 'run-1',
    events: ids.map((id) => auditEvent(id)),
    ...changes,
  };
}

/** The rows of the audit in agenda.db, in order. */
export function auditRows(path: string): AuditRow[] {
  return changing(path, (database) =>
    database.prepare<[], AuditRow>('SELECT * FROM audit_logs ORDER BY "key"').all(),
  );
}

/** Changes agenda.db behind the back of the program. */
export function changing<T>(path: string, change: (database: Database.Database) => T): T {
  const database = new Database(path);
  try {
    return change(database);
  } finally {
    database.close();
  }
}

export async function verified(path: string): Promise<VerifiedAudit> {
  const pinned = pinAudit(path);
  try {
    return await verifyAudit(pinned);
  } finally {
    pinned.close();
  }
}
