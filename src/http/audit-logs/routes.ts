import { audit_list_schema } from '../present/audit-schema.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { presentAudit } from './present-audit.ts';
import { audit_query_schema } from './query-schema.ts';
import { readAudit } from './read-audit.ts';

/** Who did what, for operators. */
export function auditRoutes(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/admin/audit/logs',
      kind: 'read',
      access: 'auditor',
      query: audit_query_schema,
      reads_locally: ({ scope }) => scope === 'local',
      description: {
        summary: 'Who did what, when, at which replica; newest first.',
        success: { status: 200, body: audit_list_schema },
        refusals: ['forbidden', 'not_found'],
      },
      handle: async ({ query }) => {
        const { replica, audit } = services;
        const { node_id } = replica.status();
        const source = { view: replica.view, trail: audit, node_id };
        const { logs, next_cursor } = await readAudit(source, query, (entry) =>
          presentAudit(entry, node_id),
        );
        return { status: 200, body: next_cursor === null ? { logs } : { logs, next_cursor } };
      },
    }),
  ];
}
