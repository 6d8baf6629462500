import { ProblemError } from '../problem.ts';
import { defineRoute } from '../route.ts';
import type { Answer, Route } from '../route.ts';
import type { RouteDescription } from '../route-description.ts';
import type { ApiServices } from '../services.ts';
import { presentHealth } from './view.ts';
import { health_schema, probe_schema } from './view-schema.ts';

const to_page: RouteDescription = {
  summary: 'To the page.',
  success: { status: 302, headers: ['Location'] },
};
const health: RouteDescription = {
  summary: 'What this replica is, and whether there is a leader.',
  success: { status: 200, body: health_schema },
};
const liveness: RouteDescription = {
  summary: 'Whether the process works; if not, start it again.',
  success: { status: 200, body: probe_schema },
};
const readiness: RouteDescription = {
  summary: 'Whether it can serve requests now.',
  success: { status: 200, body: probe_schema },
  refusals: ['draining', 'no_leader', 'index_not_reached', 'overloaded'],
};

function metricsIn(content_type: string): RouteDescription {
  return { summary: 'Metrics for Prometheus.', success: { status: 200, content_type } };
}

/** For the machines that look after this process. Open to all; they name no person. */
export function probeRoutes(services: ApiServices): readonly Route[] {
  const { registry } = services.metrics;
  const probe = (
    path: string,
    description: RouteDescription,
    handle: () => Answer | Promise<Answer>,
  ): Route =>
    defineRoute({ method: 'GET', path, kind: 'probe', access: 'public', description, handle });
  return [
    probe('/', to_page, () => ({ status: 302, headers: { Location: '/ui/' } })),
    probe('/health', health, () => {
      const status = services.replica.status();
      return { status: 200, body: presentHealth({ status, addresses: [] }) };
    }),
    probe('/livez', liveness, async () => {
      const complaint = await services.liveness();
      if (complaint === null) return { status: 200, body: { status: 'ok' } };
      throw new ProblemError({ code: 'internal_error', detail: complaint });
    }),
    probe('/readyz', readiness, () => {
      const readiness = services.readiness();
      if (readiness.ready) return { status: 200, body: { status: 'ok' } };
      throw new ProblemError({ code: readiness.code, detail: readiness.reason });
    }),
    probe('/metrics', metricsIn(registry.contentType), async () => {
      const content = await registry.metrics();
      return { status: 200, text: { content_type: registry.contentType, content } };
    }),
  ];
}
