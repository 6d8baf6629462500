import type { CommandBody } from '../../../src/agenda/command.ts';
import type { Key } from '../../../src/agenda/model.ts';
import { registerBody } from '../../support/agenda-fixture.ts';
import type { FakeApis, Reply } from '../api-fixture.ts';

/** Somebody with their token and id. */
export interface Person {
  readonly token: string;
  readonly id: string;
}

export async function person(apis: FakeApis, username: string): Promise<Person> {
  const token = await apis.register(username);
  const { body } = await apis.call('GET', '/api/me', { token });
  return { token, id: String(body['id']) };
}

/** Somebody who need not log in: nobody's password is hashed. */
export function registerUnseen(apis: FakeApis, username: string): void {
  commandTo(apis, null, registerBody(username));
}

/** Applies a command as if a replica had made it. */
export function commandTo(apis: FakeApis, by: Key | null, body: CommandBody): void {
  const { kind, ...result } = apis.state.apply({
    version: 1,
    at: Date.now(),
    by,
    token_version: by === null ? null : 1,
    origin_node: 'agenda-1',
    request_id: 'request',
    remember: null,
    body,
  });
  const is_done = kind === 'applied' && 'outcome' in result && result.outcome.kind === 'done';
  if (!is_done) throw new Error(`${body.kind}: ${JSON.stringify(result)}`);
}

export interface Told {
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, string>>;
  readonly read_at?: string;
}

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

export function itemsOf(reply: Reply): readonly Item[] {
  return reply.body['items'] as readonly Item[];
}

export function toldIn(reply: Reply): readonly Told[] {
  return reply.body['items'] as readonly Told[];
}

/** Every item of a list, page after page; `between` runs before each page but the first. */
export async function allPages(
  read: (cursor: string) => Promise<Reply>,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ readonly items: readonly Item[]; readonly pages: number }> {
  const items: Item[] = [];
  let cursor = '';
  for (let pages = 1; ; pages += 1) {
    const { body } = await read(cursor);
    items.push(...(body['items'] as readonly Item[]));
    const next = body['next_cursor'] as string | undefined;
    if (next === undefined) return { items, pages };
    cursor = `&cursor=${next}`;
    await between();
  }
}

export function keyOf(apis: FakeApis, name: string): Key {
  const user = [...apis.state.users.values()].find(({ username }) => username === name);
  if (user === undefined) throw new Error(`nobody is ${name}`);
  return user.key;
}

/** What somebody was told, newest first. */
export async function toldTo(apis: FakeApis, { token }: Person): Promise<readonly Told[]> {
  return toldIn(await apis.call('GET', '/api/notifications', { token }));
}

/** Creates a group; returns its id. */
export async function newGroup(
  apis: FakeApis,
  { token }: Person,
  group_type: 'hierarchical' | 'non_hierarchical' = 'hierarchical',
  name = 'Team',
): Promise<string> {
  const reply = await apis.call('POST', '/api/groups', { token, body: { name, group_type } });
  if (reply.status !== 201) throw new Error(`create a group: ${reply.text}`);
  return String(reply.body['id']);
}

export async function addTo(
  apis: FakeApis,
  { token }: Person,
  group: string,
  body: object,
): Promise<Reply> {
  return apis.call('POST', `/api/groups/${group}/members`, { token, body });
}

/** `status code` of a refusal. */
export function refusalOf({ status, body }: Reply): string {
  return `${status} ${String(body['code'])}`;
}
