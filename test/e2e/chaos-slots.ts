import type { Attempt } from '../support/insistence.ts';
import { operationsOf } from '../support/insistence.ts';
import type { SlotInput, SlotOperation, SlotOutput } from '../support/slot-model.ts';
import { hourOf2027 } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { sendAndInsist } from './chaos-client.ts';
import type { ChaosClient, ReadAnswer } from './chaos-client.ts';

/** Of the appointments made in a slot, so many are remembered to be restored. */
const RIVALS_MAX = 4;

interface Rival {
  readonly id: string;
  readonly title: string;
}

/** An hour that several clients want. */
export interface Slot {
  readonly hour: number;
  readonly history: SlotOperation[];
  /** Made in it lately, as some client was told; the last one probably has it. */
  rivals: readonly Rival[];
}

/** Takes the hour, or frees it, or takes it back, and writes down what came of it. */
export async function contestSlot(client: ChaosClient, slot: Slot): Promise<void> {
  const { prng } = client;
  const dice = prng.below(12);
  if (dice < 3) {
    await readSlot(client, slot);
    return;
  }
  const holder = slot.rivals.at(-1);
  const rival = slot.rivals[prng.below(Math.max(1, slot.rivals.length))];
  if (dice < 7 || holder === undefined || rival === undefined) await create(client, slot);
  else if (dice < 10) await cancel(client, slot, holder);
  else await restore(client, slot, rival);
}

/** Who has it, by the agenda. False when it was not answered: that says nothing. */
export async function readSlot(client: ChaosClient, slot: Slot): Promise<boolean> {
  const { start, end } = hourOf2027(slot.hour);
  const path = `/api/agenda?start=${start}&end=${end}`;
  const attempts = await sendAndInsist<SlotOutput>(client, { method: 'GET', path }, (answer) => {
    if (answer.status !== 200) return null;
    const by = (answer.body['items'] as Rival[]).map(({ title }) => title);
    return { kind: 'done', output: { kind: 'held', by } };
  });
  if (attempts.at(-1)?.outcome.kind !== 'done') return false;
  note(slot, { kind: 'read' }, attempts);
  return true;
}

async function create(client: ChaosClient, slot: Slot): Promise<void> {
  const title = client.newName();
  const request = {
    method: 'POST',
    path: '/api/appointments',
    body: { title, ...hourOf2027(slot.hour) },
    key: client.newName(),
  } as const;
  const attempts = await sendAndInsist(client, request, (answer) => {
    if (answer.status === 201) learn(slot, { id: answer.body['id'] as string, title });
    return answer.status === 201 ? done : conflictIn(slot, answer);
  });
  note(slot, { kind: 'create', title }, attempts);
}

async function cancel(client: ChaosClient, slot: Slot, { id, title }: Rival): Promise<void> {
  const key = keyForSome(client);
  const request = { method: 'DELETE', path: `/api/appointments/${id}`, key } as const;
  const attempts = await sendAndInsist(client, request, ({ status }) =>
    status === 204 ? done : null,
  );
  note(slot, { kind: 'cancel', title }, attempts);
}

async function restore(client: ChaosClient, slot: Slot, rival: Rival): Promise<void> {
  const { id, title } = rival;
  const key = keyForSome(client);
  const request = { method: 'POST', path: `/api/appointments/${id}/restore`, key } as const;
  const attempts = await sendAndInsist(client, request, (answer) => {
    if (answer.status === 200) learn(slot, rival);
    return answer.status === 200 ? done : conflictIn(slot, answer);
  });
  note(slot, { kind: 'restore', title }, attempts);
}

const done = { kind: 'done', output: { kind: 'done' } } as const;

function keyForSome({ prng, newName }: ChaosClient): string | null {
  return prng.below(2) === 0 ? newName() : null;
}

/** What a 409 overlaps has the slot. */
function conflictIn(slot: Slot, answer: Answer): ReturnType<ReadAnswer<SlotOutput>> {
  const overlaps = answer.body['overlaps'] as Rival[] | undefined;
  if (answer.status !== 409 || overlaps === undefined) return null;
  for (const { id, title } of overlaps) learn(slot, { id, title });
  const titles = overlaps.map(({ title }) => title);
  return { kind: 'refused', output: { kind: 'conflict', overlaps: titles }, is_final: false };
}

function learn(slot: Slot, rival: Rival): void {
  const others = slot.rivals.filter(({ id }) => id !== rival.id);
  slot.rivals = [...others, rival].slice(-RIVALS_MAX);
}

function note(slot: Slot, input: SlotInput, attempts: readonly Attempt<SlotOutput>[]): void {
  slot.history.push(...operationsOf(input, attempts));
}
