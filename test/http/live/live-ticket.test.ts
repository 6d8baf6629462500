import { describe, expect, test } from '@jest/globals';
import { cutLiveTicket, openLiveTicket } from '../../../src/http/live/live-ticket.ts';
import { cutTicketFor } from '../../../src/http/ticket.ts';
import { limits } from '../../../src/limits.ts';

const secret = Buffer.alloc(32, 7);
const session = {
  user_key: 4096,
  token_version: 3,
  token_version_index: 9,
  expires_at_ms: 43_200_000,
};

describe('a ticket for a WebSocket', () => {
  test('stands for a session at whoever has the secret, and any number of times', () => {
    const { ticket } = cutLiveTicket(secret, session, 1_000);
    for (let use = 0; use < 3; use += 1) {
      expect(openLiveTicket(secret, ticket, 1_000)).toEqual({ ok: true, value: session });
    }
  });

  test('is good for thirty seconds, and no longer', () => {
    expect(limits.live_ticket_ttl_ms).toBe(30_000);
    const { ticket, expires_at_ms } = cutLiveTicket(secret, session, 1_000);
    expect(expires_at_ms).toBe(31_000);
    expect(openLiveTicket(secret, ticket, 30_999).ok).toBe(true);
    expect(openLiveTicket(secret, ticket, 31_000)).toMatchObject({
      ok: false,
      error: expect.stringContaining('expired'),
    });
  });

  test('ends with the token at the latest', () => {
    const ending = { ...session, expires_at_ms: 5_000 };
    const { ticket, expires_at_ms } = cutLiveTicket(secret, ending, 1_000);
    expect(expires_at_ms).toBe(5_000);
    expect(openLiveTicket(secret, ticket, 5_000).ok).toBe(false);
  });

  test('is signed: what is changed, of another secret or for another purpose opens nothing', () => {
    const { ticket } = cutLiveTicket(secret, session, 1_000);
    const [payload = '', signature = ''] = ticket.split('.');
    const forged = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace('4096', '8192'),
    ).toString('base64url');
    const redirect = cutTicketFor(
      secret,
      session,
      {
        node_id: 'agenda-1',
        method: 'POST',
        path_and_query: '/api/ws-ticket',
        if_match: null,
        idempotency_key: null,
        body_hash: '',
      },
      1_000,
    );
    for (const wrong of [
      `${forged}.${signature}`,
      `${payload}.`,
      payload,
      '',
      `${ticket}.`,
      redirect,
      cutLiveTicket(Buffer.alloc(32, 8), session, 1_000).ticket,
    ]) {
      expect(openLiveTicket(secret, wrong, 1_000)).toMatchObject({
        ok: false,
        error: expect.stringContaining('not a genuine one'),
      });
    }
  });

  test('has only what a subprotocol may be made of', () => {
    expect(cutLiveTicket(secret, session, 1_000).ticket).toMatch(/^[\w.-]+$/);
  });
});
