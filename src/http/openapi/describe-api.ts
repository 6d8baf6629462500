import { assert } from '../../base/assert.ts';
import type { Route, RouteSection } from '../route.ts';
import type { OpenApiDocument, Operation, ResponseObject } from './document.ts';
import { header_fields } from './header-fields.ts';
import { namedJsonSchemas } from './json-schema.ts';
import { operationOf, security_schemes } from './operation.ts';
import { PAGE_PATH, PAGE_TAG, page_operation } from './page-operation.ts';
import { common_parameters, pathTemplate } from './parameters.ts';
import { problemsOf } from './problem-responses.ts';

const about =
  'A calendar for people on replicas that agree. Errors are application/problem+json (RFC 9457) with a ' +
  '`code` of a closed list. Not in here: what replicas say to each other.';

/**
 * OpenAPI 3.1 of the route table, from the schemas that validate. What a schema checks beyond JSON Schema
 * (that `end` is after `start`) is told in its refusal.
 */
export function describeApi(sections: readonly RouteSection[], version: string): OpenApiDocument {
  return {
    openapi: '3.1.1',
    info: { title: 'Agenda Distribuida', version, description: about },
    servers: [{ url: '/' }],
    tags: [...sections.map(({ name }) => ({ name })), { name: PAGE_TAG }],
    paths: { ...pathsOf(sections), [PAGE_PATH]: { get: page_operation } },
    components: {
      schemas: namedJsonSchemas(),
      parameters: common_parameters,
      responses: problemsOfAll(sections.flatMap(({ routes }) => routes)),
      headers: header_fields,
      securitySchemes: security_schemes,
    },
  };
}

function pathsOf(sections: readonly RouteSection[]): OpenApiDocument['paths'] {
  const paths = new Map<string, Record<string, Operation>>();
  for (const { name, routes } of sections) {
    for (const route of routes) {
      const template = pathTemplate(route.path);
      const operations = paths.get(template) ?? {};
      const method = route.method.toLowerCase();
      assert(operations[method] === undefined, `two routes for ${route.method} ${route.path}`);
      operations[method] = operationOf(route, name);
      paths.set(template, operations);
    }
  }
  return Object.fromEntries(paths);
}

/** Many lines share them. */
function problemsOfAll(routes: readonly Route[]): Readonly<Record<string, ResponseObject>> {
  return Object.fromEntries(
    routes.flatMap((route) => problemsOf(route).map(({ name, response }) => [name, response])),
  );
}
