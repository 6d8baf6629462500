import { must } from '../../base/assert.ts';
import { callApi, callUntilAnswered } from '../api-client.ts';
import type { ApiAnswer } from '../api-client.ts';
import {
  appointmentBody,
  sample_appointments,
  sample_groups,
  sample_password,
  sample_people,
  timesOf,
} from './sample-data.ts';
import type { SampleAnswer, SampleGroup, SampleName, SamplePerson } from './sample-data.ts';

const CALL_ATTEMPTS = 150;
/** There by an earlier run, on this day or on another. */
const already_there = [409, 422];

/** Puts the sample people, their groups and appointments in; what an earlier run has put in stays. */
export async function fillDemo(origins: readonly string[], today: Date): Promise<void> {
  const filler = new Filler(origins, today);
  for (const person of sample_people) {
    if (!(await filler.register(person))) return;
  }
  const group_ids = new Map<string, string>();
  for (const group of sample_groups) group_ids.set(group.name, await filler.found(group));
  for (const appointment of sample_appointments) {
    const group_id = appointment.group === undefined ? undefined : group_ids.get(appointment.group);
    const { owner, title, answers = [], is_cancelled = false } = appointment;
    const body = appointmentBody(appointment, today, group_id);
    const created = await filler.write(owner, 'POST', '/api/appointments', title, body);
    const id = idIn(created);
    for (const answer of answers) await filler.answer(id, title, appointment.day, answer);
    if (is_cancelled) await filler.write(owner, 'DELETE', `/api/appointments/${id}`, title);
  }
}

class Filler {
  readonly #origins: readonly string[];
  readonly #today: Date;
  readonly #tokens = new Map<SampleName, string>();

  constructor(origins: readonly string[], today: Date) {
    this.#origins = origins;
    this.#today = today;
  }

  /** False when they are there already. */
  async register({ username, display_name }: SamplePerson): Promise<boolean> {
    const email = `${username}@example.org`;
    const { status, body } = await callUntilAnswered(this.#origins, CALL_ATTEMPTS, (origin) =>
      callApi(origin, 'POST', '/register', {
        key: `demo-${username}`,
        body: { username, display_name, email, password: sample_password },
      }),
    );
    if (already_there.includes(status)) return false;
    const { token } = body as { token?: string };
    if (status !== 201 || token === undefined) throw new Error(JSON.stringify(body));
    this.#tokens.set(username, token);
    return true;
  }

  async found(group: SampleGroup): Promise<string> {
    const { name, description, group_type, creator, members, posts } = group;
    const body = { name, description, group_type };
    const id = idIn(await this.write(creator, 'POST', '/api/groups', name, body));
    for (const member of members) {
      const what = `${name}-${member.username}`;
      await this.write(creator, 'POST', `/api/groups/${id}/members`, what, member);
    }
    for (const { by, content } of posts) {
      await this.write(by, 'POST', '/api/posts', content.slice(0, 20), { content, group_id: id });
    }
    return id;
  }

  async answer(id: string, title: string, day: number, answer: SampleAnswer): Promise<void> {
    const { by, kind, note } = answer;
    const times = answer.kind === 'proposals' ? timesOf({ ...answer, day }, this.#today) : {};
    const body = { ...times, ...(note === undefined ? {} : { note }) };
    await this.write(by, 'POST', `/api/appointments/${id}/${kind}`, title, body);
  }

  /** `what` tells this write from the others: its key is made of it, so that it is done once. */
  async write(
    by: SampleName,
    method: string,
    path: string,
    what: string,
    body?: object,
  ): Promise<ApiAnswer> {
    const token = must(this.#tokens.get(by), 'somebody who did not register');
    const key = encodeURIComponent(`demo-${by}-${what}`);
    const answer = await callUntilAnswered(this.#origins, CALL_ATTEMPTS, (origin) =>
      callApi(origin, method, path, { token, key, ...(body === undefined ? {} : { body }) }),
    );
    if (answer.status < 400) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** Of a thing, or of an appointment that comes with its people. */
function idIn({ body }: ApiAnswer): string {
  const { id, appointment } = body as { id?: string; appointment?: { id: string } };
  return must(appointment?.id ?? id, 'an answer without an id');
}
