import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { parseId } from '../../src/agenda/id.ts';
import { FakeApis } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

const columns = [
  'object',
  'viewer',
  'read',
  'mine',
  'agenda',
  'group',
  'search',
  'named',
  'patch',
  'accept',
  'event',
  'moved',
] as const;
type Row = Readonly<Record<(typeof columns)[number], string>>;

/** The table as it was written by hand. */
const rows: readonly Row[] = readFileSync(new URL('visibility-matrix.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('|') && !line.startsWith('#'))
  .slice(1)
  .map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ''])) as Row;
  });

const DAY = '2031-03-04';
const range = `start=${DAY}T00:00:00Z&end=${DAY}T23:59:59Z`;

let apis: FakeApis;
const people = new Map<string, { token: string; id: string }>();
const objects = new Map<string, string>();
let team: string;

type Body = Record<string, unknown>;

function person(name: string): { token: string; id: string } {
  return must(people.get(name), `nobody is called ${name}`);
}

function ask(name: string, method: string, path: string, body?: Body): Promise<Reply> {
  const { token } = person(name);
  return apis.call(method, path, { token, ...(body === undefined ? {} : { body }) });
}

/** A write that must succeed. */
async function act(name: string, method: string, path: string, body?: Body): Promise<Body> {
  const reply = await ask(name, method, path, body);
  if (reply.status >= 300) throw new Error(`${name} ${method} ${path}: ${reply.text}`);
  return reply.body;
}

/** An appointment of Olga at an hour of its own, of which nothing but the title tells what it is. */
async function make(object: string, more: Body = {}): Promise<string> {
  const hour = String(objects.size + 8).padStart(2, '0');
  const times = { start: `${DAY}T${hour}:00:00Z`, end: `${DAY}T${hour}:30:00Z` };
  const body = await act('olga', 'POST', '/api/appointments', { title: object, ...times, ...more });
  const { id, appointment } = body as { id?: string; appointment?: { id: string } };
  const key = must(appointment?.id ?? id, 'no id');
  objects.set(object, key);
  return key;
}

async function join(name: string, rank: number, by = 'bea'): Promise<void> {
  await act(by, 'POST', `/api/groups/${team}/members`, { username: name, rank });
}

beforeAll(async () => {
  apis = await FakeApis.start(1);
  for (const name of ['olga', 'bea', 'pia', 'sam', 'nina', 'noa', 'gus', 'zoe', 'leo']) {
    const token = await apis.register(name);
    const { body } = await apis.call('GET', '/api/me', { token });
    people.set(name, { token, id: String(body['id']) });
  }
  const group = { name: 'Team', group_type: 'hierarchical' };
  team = String((await act('bea', 'POST', '/api/groups', group))['id']);
  for (const [name, rank] of [
    ['olga', 5],
    ['pia', 5],
    ['sam', 1],
    ['leo', 1],
  ] as const) {
    await join(name, rank);
  }
  const guests = { participants: [{ username: 'gus' }] };
  const meeting = { group_id: team, follow_group: false };
  const is_private = { ...meeting, privacy: 'freebusy' };
  await make('personal');
  await make('invitation', guests);
  const declined = await make('declined', guests);
  await act('gus', 'POST', `/api/appointments/${declined}/reject`);
  const uninvited = await make('uninvited', guests);
  await act('olga', 'PATCH', `/api/appointments/${uninvited}`, { participants: [] });
  await act('leo', 'DELETE', `/api/groups/${team}/members/${person('leo').id}`);
  await make('open-meeting', meeting);
  await make('private-meeting', is_private);
  await make('meeting-with-guest', { ...is_private, ...guests });
  const cancelled = await make('cancelled', is_private);
  await act('olga', 'DELETE', `/api/appointments/${cancelled}`);
  await join('nina', 8);
  await join('noa', 1);
}, 240_000);

afterAll(() => apis.stop());

async function titlesIn(name: string, path: string): Promise<readonly unknown[]> {
  const { items } = await act(name, 'GET', path);
  return (items as Body[]).map((item) => item['title']);
}

const yesOrNo = (is_so: boolean): string => (is_so ? 'yes' : 'no');

/** What of it is on the agenda of the group. */
async function onGroupAgenda(viewer: string, object: string, id: string): Promise<string> {
  const reply = await ask(viewer, 'GET', `/api/groups/${team}/agenda?${range}`);
  if (reply.status !== 200) return String(reply.status);
  const items = reply.body['items'] as Body[];
  if (items.some((item) => item['id'] === id && item['title'] === object)) return 'all';
  const owner = await act('olga', 'GET', `/api/appointments/${id}`);
  const { start } = owner['appointment'] as Body;
  const busy = items.filter((item) => item['kind'] === 'busy' && item['start'] === start);
  if (busy.length === 0) return 'nothing';
  expect(Object.keys(must(busy[0], 'busy')).sort()).toEqual(
    ['kind', 'user_id', 'title', 'start', 'end', 'all_day'].sort(),
  );
  expect(busy[0]).toMatchObject({ title: 'Busy', user_id: person('olga').id });
  return 'busy';
}

async function isNamed(viewer: string, object: string): Promise<string> {
  const { items } = await act(viewer, 'GET', '/api/notifications');
  const payloads = (items as Body[]).map((item) => item['payload'] as Body);
  return yesOrNo(payloads.some((payload) => payload['appointment_title'] === object));
}

/** Another end each time, before the next appointment begins. */
let moves = 0;
function otherTime(object: string): Body {
  moves += 1;
  const hour = String([...objects.keys()].indexOf(object) + 8).padStart(2, '0');
  return { end: `${DAY}T${hour}:30:${String(moves).padStart(2, '0')}Z` };
}

/** What somebody is told of a change of it. */
async function toldOfChange(viewer: string, id: string, change: Body): Promise<string> {
  const before = apis.state.events.length;
  await act('olga', 'PATCH', `/api/appointments/${id}`, change);
  const { id: user_id } = person(viewer);
  const key = parseId('usr', user_id);
  const told = apis.state.events
    .slice(before)
    .filter(({ kind }) => kind !== 'notification.created')
    .filter(({ audience }) => audience === null || audience.includes(key ?? 0));
  if (told.some((event) => event.key === parseId('apt', id))) return 'all';
  return told.some(({ kind }) => kind === 'group.busy_changed') ? 'busy' : 'nothing';
}

describe('who sees what', () => {
  test('the table walks every kind of viewer and object', () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(new Set(rows.map(({ object }) => object))).toEqual(new Set(objects.keys()));
  });

  test.each(rows)('$object, seen by $viewer', async (row) => {
    const { object, viewer } = row;
    const id = must(objects.get(object), `no object ${object}`);
    const path = `/api/appointments/${id}`;
    const reads = ['', '/participants', '/objections', '/proposals'];
    const statuses = new Set<number>();
    for (const read of reads) statuses.add((await ask(viewer, 'GET', `${path}${read}`)).status);
    const own = await titlesIn(viewer, `/api/agenda?${range}`);
    const found = await titlesIn(viewer, `/api/search?query=${object}`);
    const is_of_group = row.group !== '-';
    const seen: Row = {
      object,
      viewer,
      read: [...statuses].join(),
      mine: String((await ask(viewer, 'GET', `${path}/my-status`)).status),
      agenda: yesOrNo(own.includes(object)),
      group: is_of_group ? await onGroupAgenda(viewer, object, id) : '-',
      search: yesOrNo(found.includes(object)),
      named: await isNamed(viewer, object),
      event:
        row.event === '-'
          ? '-'
          : await toldOfChange(viewer, id, { description: `changed for ${viewer}` }),
      moved: row.moved === '-' ? '-' : await toldOfChange(viewer, id, otherTime(object)),
      patch: String((await ask(viewer, 'PATCH', path, {})).status),
      accept: String((await ask(viewer, 'POST', `${path}/accept`)).status),
    };
    expect(seen).toEqual(row);
  });

  test('busy times of members show nothing but the times, and nothing of who does not share them', async () => {
    const path = `/api/groups/${team}/agenda?${range}&include=busy`;
    const { items } = await act('noa', 'GET', path);
    const busy = (items as Body[]).filter((item) => item['kind'] === 'busy');
    // Olga's own ones: personal, the invitations, and what she holds for the group is not counted twice.
    const of_olga = busy.filter((item) => item['user_id'] === person('olga').id);
    expect(of_olga.length).toBeGreaterThan(3);
    expect(busy.every((item) => item['title'] === 'Busy' && item['id'] === undefined)).toBe(true);
    await act('olga', 'PUT', '/api/me/profile', { share_busy: false });
    const after = (await act('noa', 'GET', path))['items'] as Body[];
    const left = after.filter((item) => item['user_id'] === person('olga').id);
    // The private meetings of the group itself are still there.
    expect(left).toHaveLength(2);
  });
});
