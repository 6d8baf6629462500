import { sendAndInsist } from './chaos-client.ts';
import type { ChaosClient } from './chaos-client.ts';

const MINUTE_MS = 60_000;
const FIRST_MINUTE = Date.UTC(2028, 0, 1);

/** An appointment that nobody else touches. */
export interface Booking {
  readonly title: string;
  readonly minute: number;
  /** Null until it is acknowledged. */
  id: string | null;
  /** False while every answer said that nothing was done. */
  may_be_there: boolean;
}

/**
 * Insists, with one key, until it is acknowledged or the chaos is over; sometimes sends it once more after
 * that, which must give the same answer. Some have no key and are sent once.
 */
export async function book(client: ChaosClient, bookings: Booking[]): Promise<void> {
  const title = client.newName();
  const booking: Booking = { title, minute: bookings.length, id: null, may_be_there: false };
  bookings.push(booking);
  const key = client.prng.below(4) === 0 ? null : client.newName();
  await send(client, booking, key);
  const { id } = booking;
  if (id === null || key === null || client.prng.below(3) > 0) return;
  await send(client, booking, key);
  if (booking.id === id) return;
  client.load.surprises.push(`one key, two appointments: ${id} and ${booking.id}`);
}

async function send(client: ChaosClient, booking: Booking, key: string | null): Promise<void> {
  const start = FIRST_MINUTE + booking.minute * MINUTE_MS;
  const body = {
    title: booking.title,
    start: new Date(start).toISOString(),
    end: new Date(start + MINUTE_MS).toISOString(),
  };
  const request = { method: 'POST', path: '/api/appointments', body, key } as const;
  const attempts = await sendAndInsist(client, request, (answer) =>
    answer.status === 201 ? { kind: 'done', output: answer.body['id'] as string } : null,
  );
  for (const { outcome } of attempts) {
    if (outcome.kind !== 'not_done') booking.may_be_there = true;
    if (outcome.kind === 'done') booking.id = outcome.output;
  }
}
