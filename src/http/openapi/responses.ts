import { PROBLEM_CONTENT_TYPE } from '../problem.ts';
import { redirect_schema } from '../present/problem-schema.ts';
import type { SuccessDescription } from '../route-description.ts';
import type { Route } from '../route.ts';
import type { Operation, ResponseObject } from './document.ts';
import { headerReferences, headersOfKind } from './header-fields.ts';
import type { HeaderFieldName } from './header-fields.ts';
import { referenceTo } from './json-schema.ts';
import { problemsOf } from './problem-responses.ts';

const meaning_of_success = { 200: 'Done', 201: 'Created', 204: 'Done', 302: 'Elsewhere' } as const;

/** Every status that a line of the route table answers with. */
export function responsesOf(route: Route): Operation['responses'] {
  const problems = problemsOf(route).map(({ status, name }) => {
    return [status, { $ref: `#/components/responses/${name}` }] as const;
  });
  const { success, success_when_there } = route.description;
  const successes = success_when_there === undefined ? [success] : [success, success_when_there];
  return {
    ...Object.fromEntries(successes.map((one) => [one.status, successOf(route, one)])),
    ...(route.kind === 'write' ? { 307: redirect() } : {}),
    ...Object.fromEntries(problems),
  };
}

function successOf(
  { kind }: Route,
  { status, body, content_type, headers = [] }: SuccessDescription,
): ResponseObject {
  const replayed: readonly HeaderFieldName[] = kind === 'write' ? ['Idempotency-Replayed'] : [];
  const described = {
    description: meaning_of_success[status],
    headers: headerReferences([...headersOfKind(kind), ...headers, ...replayed]),
  };
  if (body !== undefined) {
    return { ...described, content: { 'application/json': { schema: referenceTo(body) } } };
  }
  if (content_type === undefined) return described;
  return { ...described, content: { [content_type]: { schema: { type: 'string' } } } };
}

function redirect(): ResponseObject {
  return {
    description: 'This replica does not lead: the same request belongs to the address in Location.',
    headers: headerReferences(['X-Request-Id', 'Location']),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: referenceTo(redirect_schema) } },
  };
}
