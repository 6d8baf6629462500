import { afterEach, expect, test } from '@jest/globals';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import { STORAGE_ID } from '../support/agenda-fixture.ts';
import { newPath } from '../support/store-fixture.ts';
import { audit_token, FakeApis, meeting } from './api-fixture.ts';
import { MachineReplica } from './machine-replica.ts';

let apis: FakeApis | null = null;
afterEach(() => apis?.stop());

test('tickets are in no entry of the audit, of what was done or of what was refused', async () => {
  const { store } = openAgendaStore({ path: newPath(), storage_id: STORAGE_ID });
  try {
    const replica = new MachineReplica(store);
    apis = await FakeApis.start(1, { replica });
    const token = await apis.register('ana');
    const told_before = apis.audit.told.length;
    const location = await redirectToItself(apis, replica, token);
    for (const [method, path, body, status] of [
      ['POST', location.pathname, meeting(1), 201],
      // Used for another body, path or method.
      ['POST', location.pathname, meeting(2), 401],
      ['DELETE', '/api/appointments/apt_00zzz', undefined, 401],
      ['GET', '/api/me', undefined, 401],
      ['POST', '/nowhere', meeting(1), 404],
      ['POST', location.pathname, { title: 7 }, 400],
    ] as const) {
      const reply = await apis.call(method, `${path}${location.search}`, { body });
      expect([method, path, reply.status]).toEqual([method, path, status]);
    }
    expect(apis.audit.told.length).toBeGreaterThan(told_before);
    const headers = { 'x-audit-token': audit_token };
    const logs = await apis.call('GET', '/api/admin/audit/logs', { token, headers });
    expect(logs.text).toContain('"appointment.create"');
    const ticket = String(location.searchParams.get('ticket'));
    for (const hidden of ['ticket=', ...ticket.split('.')]) {
      expect(hidden.length).toBeGreaterThan(5);
      expect(logs.text).not.toContain(hidden);
      expect(JSON.stringify(apis.audit.told)).not.toContain(hidden);
    }
  } finally {
    store.close();
  }
});

/** Where a follower would send the first meeting, for this replica to serve it. */
async function redirectToItself(
  at: FakeApis,
  replica: MachineReplica,
  token: string,
): Promise<URL> {
  const address_url = at.node(0).origin;
  const { node_id } = replica;
  const follower = { node_id: 'agenda-2', address_url, public_url: null, last_seen_ms: null };
  at.addresses.push(follower);
  Object.assign(replica, { node_id: follower.node_id });
  const reply = await at.call('POST', '/api/appointments', { token, body: meeting(1) });
  Object.assign(replica, { node_id });
  expect(reply.status).toBe(307);
  return new URL(String(reply.headers.get('location')));
}
