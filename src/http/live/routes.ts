import { formatInstant } from '../instant.ts';
import { callerOf, defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { cutLiveTicket } from './live-ticket.ts';
import { live_ticket_schema } from './schema.ts';

/** What of the WebSocket is a call. It is no write: every replica cuts tickets itself. */
export function liveRoutes({ secrets, now_ms }: ApiServices): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/api/ws-ticket',
      kind: 'local',
      access: 'user',
      description: {
        summary: 'A ticket that opens /ws, at any replica, for 30 seconds.',
        success: { status: 200, body: live_ticket_schema },
      },
      handle(context) {
        const { session, expires_at_ms } = callerOf(context);
        const cut = cutLiveTicket(secrets.live_ticket, { ...session, expires_at_ms }, now_ms());
        const expires_at = formatInstant(cut.expires_at_ms);
        return { status: 200, body: { ticket: cut.ticket, expires_at } };
      },
    }),
  ];
}
