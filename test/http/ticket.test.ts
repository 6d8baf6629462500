import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  cutTicketFor,
  isGenuineTicket,
  openTicket,
  ticketBodyHash,
} from '../../src/http/ticket.ts';
import type { TicketedRequest } from '../../src/http/ticket.ts';
import { limits } from '../../src/limits.ts';

const secret = Buffer.alloc(32, 1);
const session = { user_key: 4096, token_version: 3, token_version_index: 7 };
const body = Buffer.from('{"title":"x"}');
const request: TicketedRequest = {
  node_id: 'agenda-1',
  method: 'POST',
  path_and_query: '/api/appointments?x=1',
  if_match: '"1"',
  idempotency_key: 'k',
  body_hash: ticketBodyHash(secret, body),
};
const ticket = cutTicketFor(secret, session, request, 1_000);

describe('the ticket in Location', () => {
  const others: [string, Partial<TicketedRequest>][] = [
    ['the node it names', { node_id: 'agenda-2' }],
    ['method', { method: 'PUT' }],
    ['path', { path_and_query: '/api/groups?x=1' }],
    ['query', { path_and_query: '/api/appointments?x=2' }],
    ['If-Match', { if_match: null }],
    ['Idempotency-Key', { idempotency_key: null }],
    ['SHA-256 of the body', { body_hash: ticketBodyHash(secret, Buffer.from('{"title":"y"}')) }],
  ];
  test.each(others)('is bound to %s', (_what, change) => {
    expect(openTicket(secret, ticket, request, 1_000).ok).toBe(true);
    expect(openTicket(secret, ticket, { ...request, ...change }, 1_000).ok).toBe(false);
  });

  test('is bound to user and token version, which it brings', () => {
    const opened = openTicket(secret, ticket, request, 1_000);
    expect(opened.ok && opened.value.session).toEqual(session);
    const [payload = '', signature = ''] = ticket.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    for (const change of [{ u: 8192 }, { v: 4 }, { e: 9_999_999 }]) {
      const forged = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url');
      expect(isGenuineTicket(secret, `${forged}.${signature}`, 1_000)).toBe(false);
    }
  });

  test('is signed: with another secret it is none', () => {
    const other = Buffer.alloc(32, 2);
    expect(isGenuineTicket(other, ticket, 1_000)).toBe(false);
    expect(openTicket(other, ticket, request, 1_000).ok).toBe(false);
  });

  test('is valid 30 seconds', () => {
    expect(limits.ticket_ttl_ms).toBe(30_000);
    expect(openTicket(secret, ticket, request, 30_999).ok).toBe(true);
    expect(openTicket(secret, ticket, request, 31_000).ok).toBe(false);
  });

  test('body hashes in it are keyed', () => {
    const plain = createHash('sha256').update(body).digest('hex');
    expect(request.body_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(request.body_hash).not.toBe(plain);
    expect(ticketBodyHash(Buffer.alloc(32, 2), body)).not.toBe(request.body_hash);
  });

  test('has an id of its own, each', () => {
    const opened = [ticket, cutTicketFor(secret, session, request, 1_000)].map((one) =>
      openTicket(secret, one, request, 1_000),
    );
    expect(new Set(opened.map((one) => one.ok && one.value.id)).size).toBe(2);
  });
});
