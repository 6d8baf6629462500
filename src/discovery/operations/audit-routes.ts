import type { JsonRoute } from '../../consensus/rpc/route.ts';
import type { AuditCheck, AuditCheckResult } from '../../replica/audit-checker.ts';
import { audit_request, VERIFY_AUDIT_PATH } from './audit-wire.ts';
import type { AuditAnswer } from './audit-wire.ts';
import { operatorRoute } from './operator-route.ts';
import { operatorProblem } from './problem.ts';

/** What operators may ask of this replica's own copy of the audit. */
export function auditRoutes(
  check: (check: AuditCheck) => Promise<AuditCheckResult>,
): readonly JsonRoute[] {
  return [
    operatorRoute('POST', VERIFY_AUDIT_PATH, async (body) => {
      const parsed = audit_request.safeParse(body);
      if (!parsed.success) {
        const detail = 'The body should be index, wait_ms.';
        return operatorProblem(400, 'invalid_request', detail);
      }
      return { status: 200, body: answerOf(await check(parsed.data)) };
    }),
  ];
}

function answerOf(result: AuditCheckResult): AuditAnswer {
  if (result.kind !== 'verified') return result;
  const { rows, chain, fault } = result.audit;
  const { anchor, head } = chain;
  return { kind: 'verified', rows, anchor: { ...anchor }, head: { ...head }, fault };
}
