import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis, meeting } from '../api-fixture.ts';
import { newGroup, person } from '../groups/people.ts';
import type { Person } from '../groups/people.ts';

const COUNT = 25;
const TEXT = 'x'.repeat(limits.description_characters_max);
const RANGE = 'start=2026-01-01T00:00:00Z&end=2029-01-01T00:00:00Z';
const ALL = Array.from({ length: COUNT }, (_, hour) => `meeting ${hour}`);

let apis: FakeApis;
let ana: Person;
let agendas: readonly string[];

beforeAll(async () => {
  apis = await FakeApis.start(1);
  ana = await person(apis, 'ana');
  const group_id = await newGroup(apis, ana, 'non_hierarchical');
  agendas = ['/api/agenda', `/api/groups/${group_id}/agenda`];
  for (let hour = 0; hour < COUNT; hour += 1) {
    const at = (later: number) => new Date(Date.UTC(2027, 0, 1, hour + later)).toISOString();
    const times = { start: at(0), end: at(1) };
    const body = meeting(9, { ...times, title: `meeting ${hour}`, description: TEXT, group_id });
    const reply = await apis.call('POST', '/api/appointments', { token: ana.token, body });
    expect(reply.status).toBe(201);
  }
}, 120_000);
afterAll(() => apis.stop());

/** The lengths of the chunks (RFC 9112, section 7.1) of an answer, each made in one turn. */
async function chunksOf(path: string): Promise<readonly number[]> {
  const socket = connect(Number(new URL(apis.node(0).origin).port), '127.0.0.1');
  const fields = `Host: a\r\nConnection: close\r\nAuthorization: Bearer ${ana.token}`;
  socket.write(`GET ${path}?${RANGE} HTTP/1.1\r\n${fields}\r\n\r\n`);
  let answer = '';
  for await (const bytes of socket) answer += (bytes as Buffer).toString('latin1');
  const chunks: number[] = [];
  let at = answer.indexOf('\r\n\r\n') + 4;
  for (;;) {
    const end = answer.indexOf('\r\n', at);
    const length = Number.parseInt(answer.slice(at, end), 16);
    if (!(length > 0)) return chunks;
    chunks.push(length);
    at = end + 2 + length + 2;
  }
}

test.each([0, 1])('long texts are read and sent a little at a time: agenda %i', async (which) => {
  const chunks = await chunksOf(agendas[which] ?? '');
  expect(chunks.length).toBeGreaterThan(2);
  const beside_texts = 1_000 * COUNT;
  expect(Math.max(...chunks)).toBeLessThan(limits.agenda_slice_characters + beside_texts);
});

test.each([0, 1])('and nothing of them is missing or twice: agenda %i', async (which) => {
  for (const limit of [1, 9, 10, 18, COUNT - 1, COUNT, COUNT + 1]) {
    const titles: unknown[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`;
      const path = `${agendas[which] ?? ''}?${RANGE}&limit=${limit}${more}`;
      const { body } = await apis.call('GET', path, { token: ana.token });
      const items = body['items'] as { title: string; description: string }[];
      expect(items.every(({ description }) => description === TEXT)).toBe(true);
      titles.push(...items.map(({ title }) => title));
      cursor = body['next_cursor'] as string | undefined;
      if (cursor !== undefined) expect(items).toHaveLength(limit);
    }
    expect([limit, titles]).toEqual([limit, ALL]);
  }
});
