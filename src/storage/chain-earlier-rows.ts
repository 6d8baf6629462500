import type { Database } from 'better-sqlite3';
import type { AuditRow } from '../agenda/audit.ts';
import { CHAIN_START, nextChain, payloadHash } from '../replica/audit-chain.ts';
import { auditChainRow } from './audit-chain-row.ts';

/**
 * Rows of the audit from before there was a chain get one, as if their payloads had been erased: there were
 * none. Each was the only one of its entry.
 */
export function chainEarlierRows(database: Database): void {
  const rows = database.prepare<[], AuditRow>('SELECT * FROM audit_logs ORDER BY "key"').all();
  const update = database.prepare<[string, string, number]>(
    'UPDATE audit_logs SET payload_hash = ?, chain = ? WHERE "key" = ?',
  );
  const payload_hash = payloadHash('{}');
  let head = CHAIN_START;
  for (const row of rows) {
    const chain = nextChain(head.chain, [{ ...row, payload_hash }]);
    update.run(payload_hash, chain, row.key);
    head = { key: row.key, chain };
  }
  if (rows.length > 0) auditChainRow(database).write({ anchor: CHAIN_START, head });
}
