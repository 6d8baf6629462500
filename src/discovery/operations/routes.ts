import type { JsonRoute } from '../../consensus/rpc/route.ts';
import type { StateCheck, StateCheckResult } from '../../replica/state-check.ts';
import { empty_request } from '../wire.ts';
import { operatorRoute, WITH_BODY } from './operator-route.ts';
import { operatorProblem } from './problem.ts';
import type { OperatorAnswer } from './problem.ts';
import { CHECK_PATH, check_request, INSPECT_PATH } from './wire.ts';
import type { Inspection } from './wire.ts';

export interface OperatorRoutesOptions {
  readonly inspect: () => Inspection;
  readonly check: (check: StateCheck) => Promise<StateCheckResult>;
}

/** What operators may see of any replica. */
export function operatorRoutes(options: OperatorRoutesOptions): readonly JsonRoute[] {
  return [
    operatorRoute('POST', INSPECT_PATH, (body) => Promise.resolve(inspect(options, body)), {
      // How the caller learns whom it talks to; reading twice harms nobody.
      accepts_strangers: true,
    }),
    operatorRoute('POST', CHECK_PATH, (body) => check(options, body)),
  ];
}

function inspect(options: OperatorRoutesOptions, body: unknown): OperatorAnswer {
  if (!empty_request.safeParse(body).success) {
    return WITH_BODY;
  }
  return { status: 200, body: options.inspect() };
}

async function check(options: OperatorRoutesOptions, body: unknown): Promise<OperatorAnswer> {
  const parsed = check_request.safeParse(body);
  if (!parsed.success) {
    return operatorProblem(
      400,
      'invalid_request',
      'The body should be index, wait_ms, with_tables.',
    );
  }
  return { status: 200, body: await options.check(parsed.data) };
}
