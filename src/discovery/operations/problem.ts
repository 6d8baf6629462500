export interface OperatorAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A refusal as `application/problem+json`; `more` goes beside its fields. */
export function operatorProblem(
  status: number,
  code: string,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): OperatorAnswer {
  return {
    status,
    body: { type: 'about:blank', title: 'Refused', status, code, detail, ...more },
  };
}
