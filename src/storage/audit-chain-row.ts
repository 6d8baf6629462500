import type { Database } from 'better-sqlite3';
import { CHAIN_START } from '../replica/audit-chain.ts';
import type { AuditChain } from '../replica/audit-chain.ts';

interface ChainRow {
  readonly anchor_key: number;
  readonly anchor: string;
  readonly head_key: number;
  readonly head: string;
}

/** Table `audit_chain` of agenda.db: empty until the first row of the audit is there. */
export function auditChainRow(database: Database): {
  read(): AuditChain;
  write(chain: AuditChain): void;
} {
  const select = database.prepare<[], ChainRow>(
    'SELECT anchor_key, anchor, head_key, head FROM audit_chain',
  );
  const replace = database.prepare<[number, string, number, string]>(
    `INSERT OR REPLACE INTO audit_chain (one, anchor_key, anchor, head_key, head)
       VALUES (1, ?, ?, ?, ?)`,
  );
  return {
    read() {
      const row = select.get();
      if (row === undefined) return { anchor: CHAIN_START, head: CHAIN_START };
      return {
        anchor: { key: row.anchor_key, chain: row.anchor },
        head: { key: row.head_key, chain: row.head },
      };
    },
    write: ({ anchor, head }) => void replace.run(anchor.key, anchor.chain, head.key, head.chain),
  };
}
