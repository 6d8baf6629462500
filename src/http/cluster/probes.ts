import { ProblemError } from '../problem.ts';
import { defineRoute } from '../route.ts';
import type { Answer, Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { presentHealth } from './view.ts';

/** For the machines that look after this process. Open to all; they name no person. */
export function probeRoutes(services: ApiServices): readonly Route[] {
  const probe = (path: string, handle: () => Answer | Promise<Answer>): Route =>
    defineRoute({ method: 'GET', path, kind: 'probe', access: 'public', handle });
  return [
    probe('/', () => ({ status: 302, headers: { Location: '/ui/' } })),
    probe('/health', () => {
      const status = services.replica.status();
      return { status: 200, body: presentHealth({ status, addresses: [] }) };
    }),
    probe('/livez', async () => {
      const complaint = await services.liveness();
      if (complaint === null) return { status: 200, body: { status: 'ok' } };
      throw new ProblemError({ code: 'internal_error', detail: complaint });
    }),
    probe('/readyz', () => {
      const readiness = services.readiness();
      if (readiness.ready) return { status: 200, body: { status: 'ok' } };
      throw new ProblemError({ code: readiness.code, detail: readiness.reason });
    }),
    probe('/metrics', async () => {
      const { registry } = services.metrics;
      const content = await registry.metrics();
      return { status: 200, text: { content_type: registry.contentType, content } };
    }),
  ];
}
