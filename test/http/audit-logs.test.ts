import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AppendAudit, Command } from '../../src/agenda/command.ts';
import { formatId } from '../../src/agenda/id.ts';
import type { AuditEvent } from '../../src/agenda/node-event.ts';
import type { AuditOut } from '../../src/http/present/audit-schema.ts';
import { limits } from '../../src/limits.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { MIDNIGHT, STORAGE_ID } from '../support/agenda-fixture.ts';
import { appendBody, auditEvent } from '../support/audit-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { audit_token, FakeApis, meeting } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';
import { MachineReplica } from './machine-replica.ts';

const PATH = '/api/admin/audit/logs';
const SECOND_MS = 1_000;

const directory = temporaryDirectory('audit-logs');
afterAll(directory.remove);

let apis: FakeApis;
let store: SqliteAgendaStore;
let replica: MachineReplica;
let token: string;

beforeEach(async () => {
  const path = join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
  ({ store } = openAgendaStore({ path, storage_id: STORAGE_ID }));
  replica = new MachineReplica(store);
  apis = await FakeApis.start(1, { replica });
  token = await apis.register('ana');
});

afterEach(async () => {
  await apis.stop();
  store.close();
});

function read(query = '', headers: Record<string, string> = { 'x-audit-token': audit_token }) {
  return apis.call('GET', `${PATH}${query === '' ? '' : `?${query}`}`, { token, headers });
}

function logsOf({ status, body }: Reply): AuditOut[] {
  expect(status).toBe(200);
  return body['logs'] as AuditOut[];
}

async function requestsOf(query: string): Promise<string[]> {
  return logsOf(await read(query)).map(({ request_id }) => request_id);
}

/** All pages, one after the other. */
async function allPages(query: string): Promise<AuditOut[][]> {
  const pages: AuditOut[][] = [];
  let cursor = '';
  for (;;) {
    const reply = await read(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    pages.push(logsOf(reply));
    const next = reply.body['next_cursor'];
    if (typeof next !== 'string') return pages;
    cursor = next;
  }
}

async function append(body: AppendAudit, at = MIDNIGHT): Promise<void> {
  const command: Command = {
    version: 1,
    at,
    by: null,
    token_version: null,
    origin_node: body.node_id,
    request_id: 'batch',
    remember: null,
    body,
  };
  await replica.propose(command);
}

/** Elections, one a second from then on. */
function electionsFrom(first_id: number, count: number, at: number): AuditEvent[] {
  return Array.from({ length: count }, (_, number) =>
    auditEvent(first_id + number, { at: at + number * SECOND_MS }),
  );
}

describe('who may read the audit', () => {
  test('needs a JWT: 401 without, whatever the audit token', async () => {
    for (const headers of [{}, { 'x-audit-token': audit_token }]) {
      const reply = await apis.call('GET', PATH, { headers });
      expect([reply.status, reply.body['code']]).toEqual([401, 'unauthenticated']);
    }
  });

  test('and X-Audit-Token: missing or wrong is 403', async () => {
    for (const headers of [{}, { 'x-audit-token': 'wrong' }, { 'x-audit-token': '' }]) {
      const reply = await read('', headers as Record<string, string>);
      expect([reply.status, reply.body['code']]).toEqual([403, 'forbidden']);
    }
    expect((await read()).status).toBe(200);
  });

  test('404 when AUDIT_API_TOKEN is unset', async () => {
    const other = await FakeApis.start(1, {
      replica,
      secrets: {
        jwt: Buffer.alloc(32, 1),
        ticket: Buffer.alloc(32, 2),
        live_ticket: Buffer.alloc(32, 4),
        request_key: Buffer.alloc(32, 3),
        cursor: Buffer.alloc(32, 4),
        audit_token: null,
      },
    });
    try {
      const reply = await other.call('GET', PATH, { token, headers: { 'x-audit-token': '' } });
      expect([reply.status, reply.body['code']]).toEqual([404, 'not_found']);
    } finally {
      await other.stop();
    }
  });

  test('an ended session reads nothing', async () => {
    await apis.call('POST', '/api/auth/logout', { token });
    expect((await read()).status).toBe(401);
  });
});

describe('what is read', () => {
  test('a change: ids and what it means, never what was typed', async () => {
    const made = await apis.call('POST', '/api/appointments', {
      token,
      body: meeting(1),
      headers: { 'x-request-id': 'the-booking' },
    });
    const me = await apis.call('GET', '/api/me', { token });
    const reply = await read('action=appointment.create');
    expect(logsOf(reply)).toEqual([
      {
        id: expect.stringMatching(/^aud_/),
        component: 'appointments',
        action: 'appointment.create',
        level: 'info',
        message: 'An appointment was made.',
        actor_id: me.body['id'],
        request_id: 'the-booking',
        node_id: 'agenda-1',
        payload: expect.objectContaining({
          appointment_id: made.body['id'],
          owner_id: me.body['id'],
        }),
        occurred_at: expect.stringMatching(/Z$/),
      },
    ]);
    expect(reply.text).not.toContain(String(made.body['title']));
    expect(reply.body).not.toHaveProperty('next_cursor');
  });

  test('events of replicas, equal ones with their count', async () => {
    const event = auditEvent(1, { component: 'requests', action: 'request.refused', count: 4 });
    await append(appendBody([], { events: [event] }));
    expect(logsOf(await read('action=request.refused'))).toMatchObject([
      { count: 4, node_id: 'agenda-2', message: 'A request was refused.' },
    ]);
  });

  test('an action of a newer program is shown as it is', async () => {
    const event = auditEvent(1, { action: 'replica.did_something_new' });
    await append(appendBody([], { events: [event] }));
    expect(logsOf(await read('node_id=agenda-2'))[0]?.message).toBe('replica.did_something_new');
  });

  test('newest first, by when it happened: what came late stands where it belongs', async () => {
    const now = Date.now();
    await append(appendBody([], { events: electionsFrom(1, 3, now - 90 * SECOND_MS) }), now);
    const late = [auditEvent(1, { at: now - 89_500, request_id: 'late' })];
    await append(appendBody([], { node_id: 'agenda-3', events: late }), now);
    expect(await requestsOf('component=raft')).toEqual(['run-1.3', 'run-1.2', 'late', 'run-1.1']);
  });
});

describe('filters', () => {
  beforeEach(async () => {
    const refused = {
      component: 'requests',
      action: 'request.refused',
      level: 'warn',
      actor_key: 4096,
    } as const;
    await append(
      appendBody([], {
        events: [
          auditEvent(1, { at: MIDNIGHT }),
          auditEvent(2, { at: MIDNIGHT + SECOND_MS, ...refused }),
          auditEvent(3, {
            at: MIDNIGHT + 2 * SECOND_MS,
            ...refused,
            count: 2,
            payload: JSON.stringify({ request_ids: ['run-1.3', 'folded-away'] }),
          }),
        ],
      }),
      MIDNIGHT + 60 * SECOND_MS,
    );
  });

  test.each([
    ['component=raft', ['run-1.1']],
    ['component=requests', ['run-1.3', 'run-1.2']],
    ['action=raft.election_won', ['run-1.1']],
    ['level=warn', ['run-1.3', 'run-1.2']],
    ['level=warn&component=raft', []],
    ['request_id=run-1.2', ['run-1.2']],
    ['request_id=folded-away', ['run-1.3']],
    ['request_id=folded', []],
    [`actor_id=${formatId('usr', 4096)}&component=requests`, ['run-1.3', 'run-1.2']],
    ['actor_id=nobody', []],
    ['node_id=agenda-2', ['run-1.3', 'run-1.2', 'run-1.1']],
    ['node_id=agenda-9', []],
    ['node_id=agenda-2&since=2026-11-20T00:00:01Z', ['run-1.3', 'run-1.2']],
    ['node_id=agenda-2&until=2026-11-20T00:00:01Z', ['run-1.1']],
    ['node_id=agenda-2&since=2026-11-20T01:00:01%2B01:00&until=2026-11-20T00:00:02Z', ['run-1.2']],
    ['node_id=agenda-2&limit=1', ['run-1.3']],
  ])('%s', async (query, expected) => {
    expect(await requestsOf(query)).toEqual(expected);
  });

  test.each([
    ['component=pizza', 'component'],
    ['level=fatal', 'level'],
    ['since=yesterday', 'since'],
    ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', 'until'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['scope=galaxy', 'scope'],
    ['actor=me', 'actor'],
  ])('%s is 400 and names %s', async (query, field) => {
    const reply = await read(query);
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
    expect(reply.body['errors']).toMatchObject([{ field }]);
  });
});

describe('pages', () => {
  test('together they are everything once, in order, whatever comes meanwhile', async () => {
    const now = MIDNIGHT + 1_000 * SECOND_MS;
    await append(appendBody([], { events: electionsFrom(1, 25, MIDNIGHT) }), now);
    const first = await read('component=raft&limit=10');
    await append(appendBody([], { node_id: 'agenda-3', events: electionsFrom(1, 5, now) }), now);
    const cursor = String(first.body['next_cursor']);
    const rest = await allPages(`component=raft&limit=10&cursor=${cursor}`).catch(() => []);
    const second = await read(`component=raft&limit=10&cursor=${cursor}`);
    const third = await read(
      `component=raft&limit=10&cursor=${String(second.body['next_cursor'])}`,
    );
    expect(rest).toEqual([]);
    const seen = [first, second, third].flatMap((page) => logsOf(page));
    expect(seen.map(({ request_id }) => request_id)).toEqual(
      Array.from({ length: 25 }, (_, at) => `run-1.${25 - at}`),
    );
    expect(third.body).not.toHaveProperty('next_cursor');
  });

  test('rows of one moment are told apart by their keys', async () => {
    const events = Array.from({ length: 9 }, (_, at) => auditEvent(at + 1, { at: MIDNIGHT }));
    await append(appendBody([], { events }));
    const pages = await allPages('component=raft&limit=2');
    expect(pages.flat().map(({ request_id }) => request_id)).toEqual(
      Array.from({ length: 9 }, (_, at) => `run-1.${9 - at}`),
    );
  });

  test('a rare row among very many is found over pages that may be short', async () => {
    const rows = limits.audit_rows_examined_max + 3 * limits.audit_slice_rows;
    await append(appendBody([], { events: [auditEvent(1, { at: 0, request_id: 'the-needle' })] }));
    store.transaction(() => {
      for (let number = 0; number < rows; number += 1) {
        const key = 1_000_000_000 + number;
        store.write([
          {
            op: 'insert',
            table: 'audit_logs',
            row: {
              key,
              component: 'raft',
              action: 'raft.election_won',
              actor_key: null,
              object_key: null,
              request_id: 'hay',
              origin_node: 'agenda-2',
              occurred_at: MIDNIGHT + number,
              level: 'info',
              payload: '{}',
              payload_hash: null,
              count: 1,
              chain: null,
            },
          },
        ]);
      }
    });
    const pages = await allPages('request_id=the-needle');
    expect(pages.flat().map(({ request_id }) => request_id)).toEqual(['the-needle']);
    expect(pages).toHaveLength(2);
    expect(pages[0]).toEqual([]);
  });
});

describe('scope=local', () => {
  function waiting(id: number, changes: Partial<AuditEvent> = {}): void {
    apis.audit.queue.push({
      ...auditEvent(id, { at: MIDNIGHT + id, request_id: `waiting-${id}`, ...changes }),
      run_id: 'run',
    });
  }

  test('needs no majority, and shows what is not yet in the log, newest first', async () => {
    await append(appendBody([1, 2]));
    for (const id of [1, 2, 3]) waiting(id);
    replica.has_quorum = false;
    expect((await read('component=raft')).status).toBe(503);
    const reply = await read('component=raft&scope=local');
    expect(reply.headers.get('agenda-stale-ms')).not.toBeNull();
    const logs = logsOf(reply);
    expect(logs.map(({ request_id }) => request_id)).toEqual([
      'waiting-3',
      'waiting-2',
      'waiting-1',
      'run-1.2',
      'run-1.1',
    ]);
    expect(logs[0]).toMatchObject({ node_id: 'agenda-1', message: expect.any(String) });
    expect(new Set(logs.map(({ id }) => id)).size).toBe(5);
  });

  test('pages go from what waits on to what is in the log', async () => {
    await append(appendBody([1, 2, 3]));
    for (const id of [1, 2, 3, 4]) waiting(id);
    const pages = await allPages('component=raft&scope=local&limit=2');
    expect(pages.flat().map(({ request_id }) => request_id)).toEqual([
      'waiting-4',
      'waiting-3',
      'waiting-2',
      'waiting-1',
      'run-1.3',
      'run-1.2',
      'run-1.1',
    ]);
  });

  test('filters count for what waits as well', async () => {
    waiting(1);
    waiting(2, { component: 'users', action: 'user.log_in', actor_key: 4096 });
    waiting(3, { level: 'warn', count: 2, payload: '{"request_ids":["x","y"]}' });
    for (const [query, ids] of [
      ['component=users&action=user.log_in', ['waiting-2']],
      ['action=user.log_in', ['waiting-2']],
      ['level=warn', ['waiting-3']],
      ['request_id=y', ['waiting-3']],
      ['request_id=waiting-1', ['waiting-1']],
      [`actor_id=${formatId('usr', 4096)}&action=user.log_in`, ['waiting-2']],
      ['node_id=agenda-7', []],
      ['component=raft&since=2026-11-20T00:00:00.003Z', ['waiting-3']],
      ['component=raft&until=2026-11-20T00:00:00.003Z', ['waiting-1']],
    ] as const) {
      expect([query, await requestsOf(`scope=local&${query}`)]).toEqual([query, ids]);
    }
  });

  test('a cursor among what waits is for scope=local alone', async () => {
    for (const id of [1, 2]) waiting(id);
    const { body } = await read('scope=local&limit=1');
    const reply = await read(`cursor=${String(body['next_cursor'])}`);
    expect(reply.status).toBe(400);
  });
});
