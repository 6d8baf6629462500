import type { Database } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { Answer } from '../agenda/outcome.ts';
import { limits } from '../limits.ts';
import type { RequestStore } from '../replica/agenda-store.ts';

interface RequestRow {
  readonly entry_index: number;
  readonly scope_hash: Buffer;
  readonly fingerprint: Buffer;
  readonly answer: string;
  readonly expires_at: number;
}

/** 48 bits: what fits a safe integer. */
const SCOPE_HEAD_DIGITS = 12;

function scopeHead(scope_hash: string): number {
  const head = Number.parseInt(scope_hash.slice(0, SCOPE_HEAD_DIGITS), 16);
  assert(Number.isSafeInteger(head), 'a scope that is not hexadecimal');
  return head;
}

/** Table `raft_applied`: which requests succeeded, and what they were answered. */
export function requestRows(database: Database): RequestStore {
  const by_scope = database.prepare<[number, Buffer], RequestRow>(
    `SELECT entry_index, scope_hash, fingerprint, answer, expires_at FROM raft_applied
      WHERE scope_head = ? AND scope_hash = ?`,
  );
  const insert = database.prepare<[number, number, Buffer, Buffer, string, number]>(
    `INSERT INTO raft_applied (entry_index, scope_head, scope_hash, fingerprint, answer, expires_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const remove = database
    .prepare<[number], number>(
      'DELETE FROM raft_applied WHERE entry_index = ? RETURNING octet_length(answer)',
    )
    .pluck();
  const first = database.prepare<[], { entry_index: number; expires_at: number }>(
    `SELECT entry_index, expires_at FROM raft_applied ORDER BY expires_at, entry_index LIMIT 1`,
  );
  const count = database.prepare<[], number>('SELECT count(*) FROM raft_applied').pluck();
  const bytes = database
    .prepare<[], number>('SELECT coalesce(sum(octet_length(answer)), 0) FROM raft_applied')
    .pluck();

  return {
    find(scope_hash) {
      const row = by_scope.get(scopeHead(scope_hash), Buffer.from(scope_hash, 'hex'));
      if (row === undefined) return null;
      const { entry_index, expires_at } = row;
      const fingerprint = row.fingerprint.toString('hex');
      const answer = JSON.parse(row.answer) as Answer;
      return { entry_index, scope_hash, fingerprint, answer, expires_at };
    },
    insert(request) {
      const answer = JSON.stringify(request.answer);
      const answer_bytes = Buffer.byteLength(answer);
      assert(answer_bytes <= limits.stored_answer_bytes_max, 'an answer too large to keep');
      insert.run(
        request.entry_index,
        scopeHead(request.scope_hash),
        Buffer.from(request.scope_hash, 'hex'),
        Buffer.from(request.fingerprint, 'hex'),
        answer,
        request.expires_at,
      );
      return answer_bytes;
    },
    delete: (entry_index) => must(remove.get(entry_index), 'a request key that is not there'),
    firstToExpire: () => first.get() ?? null,
    count: () => count.get() ?? 0,
    bytes: () => bytes.get() ?? 0,
  };
}
