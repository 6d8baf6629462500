import { must, unreachable } from '../../src/base/assert.ts';
import type {
  AppointmentInput,
  AppointmentOperation,
  AppointmentOutput,
  AppointmentState,
} from '../support/appointment-model.ts';
import { eventually } from '../support/eventually.ts';
import { operationsOf } from '../support/insistence.ts';
import { call, hourOf2027 } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { sendAndInsist } from './chaos-client.ts';
import type { ChaosClient, ReadAnswer } from './chaos-client.ts';
import type { ProcessCluster } from './process-cluster.ts';

/** An appointment that several clients read and change at the same time. */
export interface SharedAppointment {
  readonly id: string;
  readonly hour: number;
  readonly initial: AppointmentState;
  readonly history: AppointmentOperation[];
  /** That some client saw last. */
  seen_version: number;
}

export async function createShared(
  cluster: ProcessCluster,
  token: string,
  hour: number,
): Promise<SharedAppointment> {
  const answer = await eventually('a shared appointment', async () => {
    const answered = await call(cluster.origin(hour % cluster.size), 'POST', '/api/appointments', {
      token,
      headers: { 'idempotency-key': `shared ${hour}` },
      body: { title: `shared ${hour}`, ...hourOf2027(hour) },
    });
    return answered.status === 201 ? answered : null;
  });
  const initial = must(stateOf(answer, answer.body), 'an appointment without ETag');
  return { id: answer.body['id'] as string, hour, initial, history: [], seen_version: 1 };
}

/** Reads or changes it in one of the ways there are, and writes down what came of it. */
export async function useShared(client: ChaosClient, shared: SharedAppointment): Promise<void> {
  const { prng } = client;
  const dice = prng.below(20);
  if (dice < 8) {
    await readShared(client, shared);
    return;
  }
  const if_match = chosenIfMatch(client, shared);
  let input: Exclude<AppointmentInput, { kind: 'get' }>;
  if (dice < 12) {
    input = { kind: 'put', title: client.newName(), description: client.newName(), if_match };
  } else if (dice < 16) {
    const has_title = prng.below(2) === 0;
    const title = has_title ? client.newName() : null;
    const description = !has_title || prng.below(3) === 0 ? client.newName() : null;
    input = { kind: 'patch', title, description, if_match };
  } else {
    input = { kind: dice < 17 ? 'cancel' : 'restore', if_match };
  }
  await changeShared(client, shared, input);
}

/** Sometimes none, sometimes a version that is gone for sure. */
function chosenIfMatch({ prng }: ChaosClient, { seen_version }: SharedAppointment): number | null {
  const dice = prng.below(12);
  if (dice < 8) return null;
  return dice < 11 ? seen_version : Math.max(1, seen_version - 1);
}

/** False when it was not answered: that says nothing. */
export async function readShared(client: ChaosClient, shared: SharedAppointment): Promise<boolean> {
  const path = `/api/appointments/${shared.id}`;
  const attempts = await sendAndInsist(client, { method: 'GET', path }, (answer) => {
    const body = answer.body['appointment'] as Record<string, unknown> | undefined;
    return body === undefined ? null : shown(answer, body);
  });
  if (attempts.at(-1)?.outcome.kind !== 'done') return false;
  note(shared, operationsOf({ kind: 'get' }, attempts));
  return true;
}

async function changeShared(
  client: ChaosClient,
  shared: SharedAppointment,
  input: Exclude<AppointmentInput, { kind: 'get' }>,
): Promise<void> {
  const key = client.prng.below(2) === 0 ? client.newName() : null;
  const { if_match } = input;
  const request = { ...requestFor(shared, input), if_match, key };
  const readAnswer: ReadAnswer<AppointmentOutput> = (answer) => {
    // Each version is one state, and is followed by higher ones only: with `If-Match` a refusal is final.
    if (answer.status === 412 && if_match !== null) return refused(412, true);
    const may_be_cancelled = input.kind === 'put' || input.kind === 'patch';
    if (answer.status === 403 && may_be_cancelled) return refused(403, if_match !== null);
    if (input.kind !== 'cancel') return shown(answer, answer.body);
    const version = versionOf(answer);
    if (answer.status !== 204 || version === null) return null;
    return { kind: 'done', output: { kind: 'version', version } };
  };
  note(shared, operationsOf(input, await sendAndInsist(client, request, readAnswer)));
}

function requestFor(
  { id, hour }: SharedAppointment,
  input: Exclude<AppointmentInput, { kind: 'get' }>,
): { method: 'PUT' | 'PATCH' | 'DELETE' | 'POST'; path: string; body?: unknown } {
  const path = `/api/appointments/${id}`;
  switch (input.kind) {
    case 'put': {
      const { title, description } = input;
      return { method: 'PUT', path, body: { title, description, ...hourOf2027(hour) } };
    }
    case 'patch': {
      const { title, description } = input;
      const body = {
        ...(title === null ? {} : { title }),
        ...(description === null ? {} : { description }),
      };
      return { method: 'PATCH', path, body };
    }
    case 'cancel':
      return { method: 'DELETE', path };
    case 'restore':
      return { method: 'POST', path: `${path}/restore` };
    default:
      return unreachable(input);
  }
}

function note(shared: SharedAppointment, operations: readonly AppointmentOperation[]): void {
  shared.history.push(...operations);
  for (const { output } of operations) {
    if (output?.kind === 'shown') shared.seen_version = output.state.version;
    if (output?.kind === 'version') shared.seen_version = output.version;
  }
}

function refused(status: 403 | 412, is_final: boolean): ReturnType<ReadAnswer<AppointmentOutput>> {
  return { kind: 'refused', output: { kind: 'refused', status }, is_final };
}

function shown(
  answer: Answer,
  body: Readonly<Record<string, unknown>>,
): ReturnType<ReadAnswer<AppointmentOutput>> {
  const state = answer.status === 200 ? stateOf(answer, body) : null;
  return state === null ? null : { kind: 'done', output: { kind: 'shown', state } };
}

/** Null unless its `ETag` is its version. */
function stateOf(answer: Answer, body: Readonly<Record<string, unknown>>): AppointmentState | null {
  const { title, description, status } = body as {
    title: string;
    description: string;
    status: string;
  };
  const version = versionOf(answer);
  if (version === null || body['version'] !== version) return null;
  return { version, title, description, is_cancelled: status === 'cancelled' };
}

function versionOf({ headers }: Answer): number | null {
  const tag = /^"(\d+)"$/.exec(headers.get('etag') ?? '');
  return tag === null ? null : Number(tag[1]);
}
