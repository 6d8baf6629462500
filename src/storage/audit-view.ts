import type { Database } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { AuditRow, AuditSource } from '../agenda/audit.ts';
import { table_columns } from '../agenda/change.ts';
import type { AgendaView, AuditFilter, AuditPlace, AuditSlice } from '../agenda/view.ts';

const columns = table_columns.audit_logs.map((column) => `"${column}"`).join(', ');
const source_columns = table_columns.audit_sources.map((column) => `"${column}"`).join(', ');

/** From the newest down: the index on the time ends in the key. Limits as `+ 0`: see `range-queries.ts`. */
const stretch = `FROM audit_logs
  WHERE (occurred_at, "key") < (@before_time, @before_key) AND occurred_at >= @since
  ORDER BY occurred_at DESC, "key" DESC LIMIT @rows + 0`;

/** A row that stands for several events keeps the request ids of some in its payload. */
const matches = `(@component IS NULL OR component = @component)
  AND (@action IS NULL OR action = @action)
  AND (@level IS NULL OR level = @level)
  AND (@request_id IS NULL OR request_id = @request_id
       OR (count > 1 AND instr(payload, '"' || @request_id || '"') > 0))
  AND (@actor_key IS NULL OR actor_key = @actor_key)
  AND (@node_id IS NULL OR origin_node = @node_id)`;

export const audit_queries = {
  /** The last row of a stretch, and how many it has. */
  end: `SELECT occurred_at, "key", count(*) OVER () AS rows FROM
          (SELECT occurred_at, "key" ${stretch})
        ORDER BY occurred_at, "key" LIMIT 1`,
  rows: `SELECT ${columns} FROM (SELECT * ${stretch}) WHERE ${matches}
         ORDER BY occurred_at DESC, "key" DESC LIMIT @limit + 0`,
} as const;

interface StretchParameters {
  readonly before_time: number;
  readonly before_key: number;
  readonly since: number;
  readonly rows: number;
}

interface RowParameters extends StretchParameters, Omit<AuditFilter, 'since' | 'until'> {
  readonly limit: number;
}

/** The audit as operators read it, and the sources of the events in it. */
export function auditView(database: Database): AgendaView['audit'] {
  const source_of = database.prepare<[string, string], AuditSource>(
    `SELECT ${source_columns} FROM audit_sources WHERE node_id = ? AND run_id = ?`,
  );
  const source_count = database.prepare<[], number>('SELECT count(*) FROM audit_sources').pluck();
  const oldest_source = database.prepare<[], AuditSource>(
    `SELECT ${source_columns} FROM audit_sources ORDER BY changed_index, "key" LIMIT 1`,
  );
  const end = database.prepare<[StretchParameters], AuditPlace & { readonly rows: number }>(
    audit_queries.end,
  );
  const rows_of = database.prepare<[RowParameters], AuditRow>(audit_queries.rows);
  return {
    sourceOf: (node_id, run_id) => source_of.get(node_id, run_id) ?? null,
    sourceCount: () => must(source_count.get(), 'a count of nothing'),
    oldestSource: () => oldest_source.get() ?? null,
    rowsBefore(slice) {
      assert(slice.rows >= 1 && slice.limit >= 1, 'a slice of nothing');
      const { since: _since, until: _until, ...filter } = slice.filter;
      const parameters = stretchOf(slice);
      const last = end.get(parameters);
      if (last === undefined) return { rows: [], next_before: null };
      const rows = rows_of.all({ ...parameters, ...filter, limit: slice.limit });
      const is_cut = rows.length === slice.limit;
      if (!is_cut && last.rows < slice.rows) return { rows, next_before: null };
      const { occurred_at, key } = is_cut ? must(rows.at(-1), 'no last row') : last;
      return { rows, next_before: { occurred_at, key } };
    },
  };
}

function stretchOf({ filter, before, rows }: AuditSlice): StretchParameters {
  const until = filter.until ?? Number.MAX_SAFE_INTEGER;
  // Keys are positive: before the first one of a moment is before all of that moment.
  const from =
    before === null || before.occurred_at >= until ? { occurred_at: until, key: 0 } : before;
  return {
    before_time: from.occurred_at,
    before_key: from.key,
    since: filter.since ?? 0,
    rows,
  };
}
