import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CommandKind } from '../../src/agenda/command.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import { encodeCommand } from '../../src/replica/command-codec.ts';
import { ApiDescription } from '../support/api-description.ts';
import { applyAll, dumpTables, withMachine } from '../support/agenda-fixture.ts';
import { newPath } from '../support/store-fixture.ts';
import { FakeApis, good_password } from './api-fixture.ts';

let apis: FakeApis;
beforeAll(async () => {
  apis = await FakeApis.start(1);
}, 60_000);
afterAll(() => apis.stop());

type Body = Record<string, unknown>;

/** Writes that append nothing: the contract says so of each. */
const append_nothing = new Set(['POST /login', 'POST /api/auth/login', 'POST /api/ws-ticket']);

const person = (username: string): Body => ({
  username,
  display_name: username,
  email: `${username}@example.org`,
  password: good_password,
});
const tokens = new Map<string, string>();
/** Ids of what was made, by the name that a later call uses for it. */
const ids = new Map<string, string>();

interface Call {
  readonly route: string;
  readonly kind: CommandKind;
  readonly by?: string;
  readonly body?: Body;
  /** Keeps the id of what is made under this name. */
  readonly as?: string;
}

function hours(hour: number): Body {
  return { start: `2031-05-05T${hour}:00:00Z`, end: `2031-05-05T${hour}:30:00Z` };
}

const ana = { by: 'ana' };
const ben = { by: 'ben' };
const APPOINTMENT = '/api/appointments/{id}';

/** A day with every write that there is; `{…}` in a route stands for an id made before. */
const day: readonly Call[] = [
  { route: 'POST /register', kind: 'user.register', body: person('ana'), as: 'ana' },
  { route: 'POST /api/auth/signup', kind: 'user.register', body: person('ben'), as: 'ben' },
  {
    route: 'PUT /api/me/profile',
    kind: 'user.update_profile',
    ...ana,
    body: { display_name: 'Ana' },
  },
  {
    route: 'POST /api/groups',
    kind: 'group.create',
    ...ana,
    body: { name: 'Team', group_type: 'hierarchical' },
    as: 'group',
  },
  {
    route: 'POST /api/groups/{id:group}/members',
    kind: 'group.add_member',
    ...ana,
    body: { username: 'ben', rank: 5 },
  },
  {
    route: 'PUT /api/groups/{id:group}/members/{user_id:ben}',
    kind: 'group.change_rank',
    ...ana,
    body: { rank: 4 },
  },
  { route: 'PUT /api/groups/{id:group}', kind: 'group.update', ...ana, body: { name: 'Crew' } },
  {
    route: 'POST /api/appointments',
    kind: 'appointment.create',
    ...ana,
    body: { title: 'Placed', group_id: '{group}', ...hours(10) },
    as: 'placed',
  },
  {
    route: `POST ${APPOINTMENT.replace('id', 'id:placed')}/objection`,
    kind: 'appointment.object',
    ...ben,
    body: { note: 'No.' },
  },
  {
    route: 'POST /api/appointments/{id:placed}/participants/{user_id:ben}/release',
    kind: 'appointment.release',
    ...ana,
  },
  {
    route: 'POST /api/appointments',
    kind: 'appointment.create',
    ...ana,
    body: { title: 'Asked', participants: [{ username: 'ben' }], ...hours(11) },
    as: 'asked',
  },
  { route: 'POST /api/appointments/{id:asked}/accept', kind: 'appointment.answer', ...ben },
  { route: 'POST /api/appointments/{id:asked}/reject', kind: 'appointment.answer', ...ben },
  {
    route: 'POST /api/appointments/{id:asked}/proposals',
    kind: 'appointment.propose',
    ...ben,
    body: hours(12),
    as: 'first',
  },
  {
    route: 'POST /api/appointments/{id:asked}/proposals/{pid:first}/reject',
    kind: 'appointment.reject_proposal',
    ...ana,
  },
  {
    route: 'POST /api/appointments/{id:asked}/proposals',
    kind: 'appointment.propose',
    ...ben,
    body: hours(13),
    as: 'second',
  },
  {
    route: 'POST /api/appointments/{id:asked}/proposals/{pid:second}/accept',
    kind: 'appointment.accept_proposal',
    ...ana,
  },
  {
    route: 'PUT /api/appointments/{id:asked}',
    kind: 'appointment.update',
    ...ana,
    body: { title: 'Put', participants: [{ username: 'ben' }], ...hours(14) },
  },
  {
    route: 'PATCH /api/appointments/{id:asked}',
    kind: 'appointment.update',
    ...ana,
    body: { title: 'Patched' },
  },
  { route: 'DELETE /api/appointments/{id:asked}', kind: 'appointment.cancel', ...ana },
  { route: 'POST /api/appointments/{id:asked}/restore', kind: 'appointment.restore', ...ana },
  {
    route: 'POST /api/posts',
    kind: 'post.create',
    ...ana,
    body: { content: 'Hello', group_id: '{group}' },
    as: 'post',
  },
  { route: 'DELETE /api/posts/{id:post}', kind: 'post.delete', ...ana },
  {
    route: 'POST /api/notifications/{id:notification}/read',
    kind: 'notification.read',
    ...ben,
  },
  { route: 'POST /api/notifications/read-all', kind: 'notification.read_all', ...ben },
  {
    route: 'PUT /api/groups/{id:group}/creator',
    kind: 'group.hand_over',
    ...ana,
    body: { user_id: '{ben}' },
  },
  {
    route: 'DELETE /api/groups/{id:group}/members/{user_id:ana}',
    kind: 'group.remove_member',
    ...ana,
  },
  { route: 'DELETE /api/groups/{id:group}', kind: 'group.delete', ...ben },
  {
    route: 'PUT /api/me/password',
    kind: 'user.change_password',
    ...ana,
    body: { current_password: good_password, new_password: `${good_password}!` },
  },
  { route: 'POST /api/auth/logout', kind: 'user.log_out', ...ben },
];

/** With the ids of what was made before; `{pid:first}` is the id of `first`. */
function filled(text: string): string {
  return text.replace(/\{(?:\w+:)?(\w+)\}/g, (_, name: string) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`nothing is called ${name}`);
    return id;
  });
}

async function perform({ route, by, body, as }: Call): Promise<void> {
  const [method = '', path = ''] = route.split(' ');
  const token = by === undefined ? undefined : tokens.get(by);
  const reply = await apis.call(method, filled(path), {
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body: JSON.parse(filled(JSON.stringify(body))) as Body }),
  });
  if (reply.status >= 300) throw new Error(`${route}: ${reply.text}`);
  if (as === undefined) return;
  const made = reply.body as Record<'user' | 'appointment', { id: string } | undefined>;
  ids.set(as, made.user?.id ?? made.appointment?.id ?? String(reply.body['id']));
  if (made.user !== undefined) tokens.set(as, String(reply.body['token']));
}

async function keepANotification(): Promise<void> {
  const token = tokens.get('ben') ?? '';
  const { body } = await apis.call('GET', '/api/notifications', { token });
  const [newest] = body['items'] as { id: string }[];
  ids.set('notification', newest?.id ?? '');
}

/** The template of a call, with the names of its parameters alone. */
function templateOf(route: string): string {
  return route.replace(/\{(\w+):\w+\}/g, '{$1}');
}

test('every write goes through the log: one entry of its kind, and equal states of it everywhere', async () => {
  const { commands } = apis.state;
  for (const call of day) {
    if (call.kind === 'notification.read') await keepANotification();
    const before = commands.length;
    await perform(call);
    const kinds = commands.slice(before).map((command) => command.body.kind);
    expect([call.route, kinds]).toEqual([call.route, [call.kind]]);
  }
  const description = await ApiDescription.read(apis.node(0).origin);
  const mutating = description.operations
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !append_nothing.has(route));
  expect([...new Set(day.map(({ route }) => templateOf(route)))].sort()).toEqual(mutating.sort());

  // The same log, applied by three replicas in other batches.
  const begun = { index: 1, term: 1, kind: 'no_op', request_id: '' } as const;
  const entries = [
    sealEntry({ ...begun, payload: new Uint8Array(0) }),
    ...commands.map((command, at) =>
      sealEntry({
        index: at + 2,
        term: 1,
        kind: 'command',
        request_id: command.request_id,
        payload: encodeCommand(command),
      }),
    ),
  ];
  const states = [[1], [64], [3, 1, 7]].map((batches) => {
    const path = newPath();
    return withMachine(path, ({ machine }) => {
      applyAll(machine, entries, batches);
      return { digest: machine.digest, tables: dumpTables(path) };
    });
  });
  expect(states[1]).toEqual(states[0]);
  expect(states[2]).toEqual(states[0]);
});
