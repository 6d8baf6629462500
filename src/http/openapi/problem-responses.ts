import { PROBLEM_CONTENT_TYPE, problem_codes } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import { problem_schema } from '../present/problem-schema.ts';
import type { Route } from '../route.ts';
import type { ResponseObject } from './document.ts';
import { headerReferences, headersOfKind } from './header-fields.ts';
import type { HeaderFieldName } from './header-fields.ts';
import { referenceTo } from './json-schema.ts';
import { refusalsOf } from './refusals.ts';

export interface ProblemResponse {
  readonly status: number;
  /** Of the response among the components: lines that refuse alike share it. */
  readonly name: string;
  readonly response: ResponseObject;
}

/** How a line of the route table refuses, one for each status. */
export function problemsOf(route: Route): readonly ProblemResponse[] {
  const by_status = new Map<number, ProblemCode[]>();
  for (const code of refusalsOf(route)) {
    const { status } = problem_codes[code];
    by_status.set(status, [...(by_status.get(status) ?? []), code]);
  }
  return [...by_status].map(([status, codes]) => ({
    status,
    name: [...(isRouted(route) ? [route.kind] : []), ...codes].join('.'),
    response: problemWith(status, codes, headersOfKind(route.kind)),
  }));
}

/** Its refusals have header fields of their own. */
function isRouted({ kind }: Route): boolean {
  return kind === 'write' || kind === 'read';
}

export function problemWith(
  status: number,
  codes: readonly ProblemCode[],
  headers: readonly HeaderFieldName[],
): ResponseObject {
  const only = { type: 'object', properties: { code: { enum: codes } } };
  return {
    description: codes.map((code) => `\`${code}\`: ${problem_codes[code].title}`).join('; '),
    headers: headerReferences([...headers, ...headersOfStatus(status)]),
    content: {
      [PROBLEM_CONTENT_TYPE]: { schema: { allOf: [referenceTo(problem_schema), only] } },
    },
  };
}

function headersOfStatus(status: number): readonly HeaderFieldName[] {
  if (status === 401) return ['WWW-Authenticate'];
  return status === 429 || status === 503 ? ['Retry-After'] : [];
}
