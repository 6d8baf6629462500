import Database from 'better-sqlite3';
import type { AuditRow } from '../agenda/audit.ts';
import type { Key } from '../agenda/model.ts';
import { limits } from '../limits.ts';
import type { PinnedAudit } from '../replica/audit-verification.ts';
import { auditChainRow } from './audit-chain-row.ts';

/**
 * The audit of agenda.db as it is now, on a connection of its own. While it is open, the WAL cannot begin
 * anew.
 */
export function pinAudit(path: string): PinnedAudit {
  const connection = new Database(path, {
    readonly: true,
    fileMustExist: true,
    timeout: limits.database_busy_timeout_ms,
  });
  try {
    connection.exec('BEGIN');
    // The first read fixes what the transaction sees.
    const chain = auditChainRow(connection).read();
    const rows = connection.prepare<[Key, number], AuditRow>(
      'SELECT * FROM audit_logs WHERE "key" > ? ORDER BY "key" LIMIT ? + 0',
    );
    return {
      chain,
      rowsAfter: (key, limit) => rows.all(key, limit),
      close: () => void connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
