import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AgendaSnapshot } from '../../../src/agenda/view.ts';
import { limits } from '../../../src/limits.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { FakeApis, meeting } from '../api-fixture.ts';

const AGENDA = '/api/agenda?start=2026-01-01T00:00:00Z&end=2029-01-01T00:00:00Z';

let apis: FakeApis;
let clock: VirtualClock;
let open: number;
let slices_read: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new VirtualClock();
  apis = await FakeApis.start(1, { clock });
  open = 0;
  slices_read = 0;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await apis.stop();
});

/** Everybody has so much to read that no buffer on the way holds it all. */
async function makeLarge(token: string): Promise<void> {
  await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
  const [appointment] = apis.state.appointments.values();
  if (appointment === undefined) throw new Error('nothing was made');
  const entry = {
    status: 'accepted',
    appointment: { ...appointment, description: 'x'.repeat(10_000) },
  };
  const entries = Array.from({ length: limits.agenda_slice + 1 }, () => entry);
  const agendaOf = () => {
    slices_read += 1;
    return entries;
  };
  const { view } = apis.node(0).replica;
  const openSnapshot = view.agendaSnapshot.bind(view);
  const agendaSnapshot = (): AgendaSnapshot | null => {
    const snapshot = openSnapshot();
    if (snapshot === null) return null;
    open += 1;
    const close = (): void => {
      open -= 1;
      snapshot.close();
    };
    return Object.assign({}, snapshot, { agendaOf, close });
  };
  Object.assign(view, { agendaOf, agendaSnapshot });
}

/** Asks for an agenda and never reads a byte of it. */
async function askAndStop(token: string): Promise<Socket> {
  const wanted = open + 1;
  const socket = connect(Number(new URL(apis.node(0).origin).port), '127.0.0.1').pause();
  sockets.push(socket);
  socket.write(`GET ${AGENDA} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await eventually('an open agenda', () => (open === wanted ? true : null));
  return socket;
}

const metrics = async (): Promise<string> => (await apis.call('GET', '/metrics')).text;

test('who stops reading is cut off: the state they held is let go, and operators see it', async () => {
  const token = await apis.register('ana');
  await makeLarge(token);
  const socket = await askAndStop(token);
  expect(await metrics()).toContain('agenda_http_streams 1');
  await clock.until('the agenda is let go', () => open === 0, 10 * limits.stream_ms_max);
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  const now = await metrics();
  expect(now).toContain('agenda_http_streams 0');
  expect(now).toMatch(/agenda_http_streams_cut_off_total\{reason="(stalled|too_long)"\} 1/);
  expect(apis.log_lines.some((line) => line.includes('its answer was cut off'))).toBe(true);
});

test('the first bytes come before all rows are read, and no more are read for who is gone', async () => {
  const token = await apis.register('ana');
  await makeLarge(token);
  const socket = await askAndStop(token);
  const [first] = (await once(socket.resume(), 'data')) as [Buffer];
  const read = slices_read;
  expect(first.toString('latin1')).toMatch(/^HTTP\/1.1 200 /);
  const all = limits.agenda_items_max / limits.agenda_slice;
  expect(read).toBeLessThan(all);
  expect(open).toBe(1);
  socket.destroy();
  await eventually('the agenda is let go', () => (open === 0 ? true : null));
  expect(slices_read).toBeLessThan(all);
});

test('so many of one person at once and no more: others still read theirs', async () => {
  const token = await apis.register('ana');
  await makeLarge(token);
  for (let at = 0; at < limits.agenda_snapshots_per_person_max; at += 1) await askAndStop(token);
  const refused = await apis.call('GET', AGENDA, { token });
  expect([refused.status, refused.body['code']]).toEqual([503, 'overloaded']);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  await askAndStop(await apis.register('bruno'));
  await clock.until('the agendas are let go', () => open === 0, 10 * limits.stream_ms_max);
  await askAndStop(token);
});
