import { expect } from '@jest/globals';
import type { CommandBody } from '../../../src/agenda/command.ts';
import { formatId } from '../../../src/agenda/id.ts';
import type { GroupType, Key } from '../../../src/agenda/model.ts';
import type { Answer } from '../../../src/agenda/outcome.ts';
import { meeting } from '../api-fixture.ts';
import type { FakeApis, Reply } from '../api-fixture.ts';

/** Somebody who calls the API. */
export interface Person {
  readonly name: string;
  readonly token: string;
  readonly key: Key;
  readonly id: string;
}

export interface TestGroup {
  readonly key: Key;
  readonly id: string;
}

type Shown = Record<string, unknown>;

/** People, groups and what they do, at one of the replicas. */
export class People {
  readonly apis: FakeApis;
  /** Which replica is called. */
  at = 0;
  readonly #known = new Map<string, Person>();

  constructor(apis: FakeApis) {
    this.apis = apis;
  }

  async register(name: string): Promise<Person> {
    const token = await this.apis.register(name);
    const key = [...this.apis.state.users.values()].find((one) => one.username === name)?.key ?? 0;
    const person = { name, token, key, id: formatId('usr', key) };
    this.#known.set(name, person);
    return person;
  }

  async registerAll<const Names extends readonly string[]>(...names: Names) {
    const people: Person[] = [];
    for (const name of names) people.push(await this.register(name));
    return people as { [At in keyof Names]: Person };
  }

  /** A command that no route makes yet, or that would be long to ask for. */
  act(by: Person, body: CommandBody): Answer {
    const { state } = this.apis;
    const result = state.apply({
      version: 1,
      at: Date.now() + this.apis.clock_offset_ms,
      by: by.key,
      token_version: 1,
      origin_node: 'agenda-1',
      request_id: 'test',
      remember: null,
      body,
    });
    if (result.kind !== 'applied' || result.outcome.kind === 'refused') {
      throw new Error(JSON.stringify(result));
    }
    return result.outcome.answer;
  }

  /** With the ranks of its members, its creator (10) aside; without ranks all are equal. */
  group(creator: Person, group_type: GroupType, members: readonly (Person | [Person, number])[]) {
    const texts = { name: 'Team', description: '' };
    const { key } = this.act(creator, { kind: 'group.create', ...texts, group_type });
    for (const member of members) {
      if (Array.isArray(member)) this.join(creator, key, ...member);
      else this.join(creator, key, member, null);
    }
    return { key, id: formatId('grp', key) } satisfies TestGroup;
  }

  join(by: Person, group_key: Key, { key: user_key }: Person, rank: number | null): void {
    const person = { user_key, username_folded: null };
    this.act(by, { kind: 'group.add_member', group_key, person, rank });
  }

  leave(by: Person, group_key: Key, { key: user_key } = by): void {
    this.act(by, { kind: 'group.remove_member', group_key, user_key, if_match: null });
  }

  call(
    by: Person,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const { at } = this;
    return this.apis.call(method, path, { at, token: by.token, body, headers });
  }

  /** Books an hour, and gives the path of the appointment. */
  async book(by: Person, hour: number, more: object = {}): Promise<string> {
    const reply = await this.call(by, 'POST', '/api/appointments', meeting(hour, more));
    if (reply.status !== 201) throw new Error(reply.text);
    return String(reply.headers.get('location'));
  }

  /** The appointment as somebody reads it. */
  async read(by: Person, path: string): Promise<{ appointment: Shown; participants: Shown[] }> {
    const reply = await this.call(by, 'GET', path);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body as { appointment: Shown; participants: Shown[] };
  }

  /** Username and status of everybody on it. */
  async statuses(by: Person, path: string): Promise<Record<string, unknown>> {
    const { participants } = await this.read(by, path);
    return Object.fromEntries(participants.map((one) => [one['username'], one['status']]));
  }
}

/** The part of somebody invited, as it is shown at first; `more` is what is otherwise. */
export function partOf(person: Person, more: object = {}): object {
  return {
    id: expect.stringMatching(/^par_00/),
    appointment_id: expect.stringMatching(/^apt_00/),
    user_id: person.id,
    username: person.name,
    display_name: `The ${person.name}`,
    status: 'pending',
    is_optional: false,
    version: 1,
    created_at: expect.any(String),
    updated_at: expect.any(String),
    ...more,
  };
}

/** Which fields a refusal names. */
export function fieldsNamedIn({ body }: Reply): string[] {
  return ((body['errors'] ?? []) as { field: string }[]).map(({ field }) => field);
}

export function refusalOf(reply: Reply): [number, unknown] {
  return [reply.status, reply.body['code']];
}
