import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { apiRoutes } from '../../src/http/api-routes.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { Operation } from '../../src/http/openapi/document.ts';
import { problem_codes } from '../../src/http/problem.ts';
import type { ApiServices } from '../../src/http/services.ts';
import { ApiDescription } from '../support/api-description.ts';
import { FakeApis } from './api-fixture.ts';
import { FakeReplica, FakeState } from './fake-replica.ts';
import { openapi_structure } from './openapi-structure.ts';

let apis: FakeApis;
let description: ApiDescription;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  description = await ApiDescription.read(apis.node(0).origin);
});
afterEach(() => apis.stop());

/** All that the table says of its lines, without anything that could serve them. */
function mountedRoutes(): string[] {
  const replica = new FakeReplica('agenda-1', new FakeState(['agenda-1']));
  const metrics = createMetrics({ status: () => replica.status(), group_id: 'main', version: '0' });
  const services = { replica, metrics, version: '0' } as unknown as ApiServices;
  return apiRoutes(services)
    .flatMap(({ routes }) => routes)
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
}

function everyOperation(): (readonly [string, Operation])[] {
  return Object.values(description.document.paths).flatMap((path) => Object.entries(path));
}

describe('everything is in GET /openapi.json, made from the schemas that validate: it has', () => {
  test('every line of the route table and the page, and nothing else', () => {
    const described = description.operations.map(({ method, path }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual([...mountedRoutes(), 'GET /ui/'].toSorted());
  });

  test('exactly the methods that a path answers to', async () => {
    for (const [path, methods] of Object.entries(description.document.paths)) {
      if (path === '/ui/') continue;
      const reply = await apis.call('OPTIONS', path.replace(/\{\w+\}/g, 'apt_001'));
      const described = Object.keys(methods).map((method) => method.toUpperCase());
      expect([path, reply.headers.get('allow')?.split(', ').toSorted()]).toEqual([
        path,
        described.toSorted(),
      ]);
    }
  });

  test('every code there is, with its status, and no other', () => {
    const { schemas, responses } = description.document.components;
    const problem = schemas['Problem'] as { properties: { code: { enum: string[] } } };
    expect(problem.properties.code.enum).toEqual(Object.keys(problem_codes));
    for (const [, operation] of everyOperation()) {
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const { content } = description.resolve(response);
        const schema = content?.['application/problem+json']?.schema as {
          allOf: [object, { properties: { code: { enum: (keyof typeof problem_codes)[] } } }];
        };
        const codes = schema.allOf[1].properties.code.enum;
        expect(codes.map((code) => problem_codes[code].status)).toEqual(
          codes.map(() => Number(status)),
        );
      }
    }
    const used = JSON.stringify(description.document.paths);
    for (const name of Object.keys(responses)) expect(used).toContain(`responses/${name}"`);
  });

  test('the structure of OpenAPI 3.1', () => {
    const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
    const validate = ajv.compile(openapi_structure);
    validate(description.document);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('schemas of JSON Schema 2020-12', () => {
    const ajv = new Ajv2020({ formats: { 'date-time': true, date: true, email: true, uri: true } });
    for (const [name, schema] of Object.entries(description.document.components.schemas)) {
      expect([name, ajv.validateSchema(schema)]).toEqual([name, true]);
    }
  });

  test('references that lead somewhere, and named things that are all used', () => {
    const text = JSON.stringify(description.document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, $ref = '']) => $ref);
    for (const $ref of references) expect(description.resolve({ $ref })).toBeDefined();
    const { schemas, parameters, headers } = description.document.components;
    for (const [kind, named] of Object.entries({ schemas, parameters, headers })) {
      for (const name of Object.keys(named)) {
        expect(references).toContain(`#/components/${kind}/${name}`);
      }
    }
  });

  test('an id for each operation, and each parameter of a path', () => {
    const ids = everyOperation().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, parameters } of description.operations) {
      const in_template = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((parameter) => parameter.in === 'path');
      expect(described.map(({ name }) => name)).toEqual(in_template);
    }
  });

  test('the header fields and parameters of the contract', () => {
    const of = (method: string, path: string): string[] =>
      description.operations
        .filter((operation) => operation.method === method && operation.path === path)
        .flatMap(({ parameters }) => parameters.map(({ name }) => name));
    expect(of('PATCH', '/api/appointments/{id}')).toEqual([
      'id',
      'X-Request-Id',
      'Idempotency-Key',
      'Agenda-Routing',
      'If-Match',
    ]);
    for (const { method, path } of description.operations) {
      const is_change = method !== 'GET' && path.startsWith('/api/appointments/{id}');
      if (is_change) expect(of(method, path)).toContain('If-Match');
    }
    expect(of('GET', '/api/agenda')).toEqual([
      'start',
      'end',
      'include',
      'limit',
      'cursor',
      'X-Request-Id',
      'consistency',
      'min_index',
    ]);
    const security = (path: string) => description.document.paths[path]?.['get']?.security;
    expect(security('/raft/state')).toEqual([{ token: [] }, { audit_token: [] }]);
    expect(security('/api/me')).toEqual([{ token: [] }]);
    expect(security('/health')).toEqual([]);
  });

  test('names in snake_case', () => {
    const names = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('properties' in value)
        Object.keys(value.properties ?? {}).forEach((one) => names.add(one));
      Object.values(value).forEach(collect);
    };
    collect(description.document.components.schemas);
    for (const { parameters } of description.operations) {
      for (const one of parameters) if (one.in !== 'header') names.add(one.name);
    }
    expect(names.size).toBeGreaterThan(50);
    expect([...names].filter((name) => !/^[a-z]+(?:_[a-z]+)*$/.test(name))).toEqual([]);
  });

  test('ids and cursors that are strings', () => {
    const found: [string, string][] = [];
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('properties' in value) {
        for (const [name, schema] of Object.entries(value.properties as object)) {
          if (/^(?:.*_)?(?:id|cursor)$/.test(name)) found.push([name, JSON.stringify(schema)]);
        }
      }
      Object.values(value).forEach(collect);
    };
    collect(description.document.components.schemas);
    expect(found.length).toBeGreaterThan(20);
    for (const [name, schema] of found) {
      expect([name, schema]).toEqual([
        name,
        expect.stringMatching(/"type":(?:"string"|\["string")/),
      ]);
      expect(schema).not.toMatch(/"(?:integer|number)"/);
    }
  });

  test('no place and no secret of the machine', async () => {
    const { text, headers } = await apis.call('GET', '/openapi.json');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(text).not.toContain(apis.node(0).origin);
    expect(text).not.toMatch(/\$schema|\$id/);
  });
});
