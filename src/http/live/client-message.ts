import { z } from 'zod';
import { limits } from '../../limits.ts';

const CURSOR_CHARACTERS_MAX = 300;

const channels = z
  .array(z.string('must be the name of a channel'), 'must be a list of channels')
  .min(1, 'must name a channel')
  .max(limits.live_channels_max, `must name at most ${limits.live_channels_max} channels`);

/** What a client may say. */
export const client_message_schema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('subscribe'),
      channels,
      after: z.string('must be a cursor').max(CURSOR_CHARACTERS_MAX, 'is no cursor').optional(),
    }),
    z.strictObject({ type: z.literal('unsubscribe'), channels }),
    z.strictObject({ type: z.literal('ping') }),
  ],
  { error: 'must be "subscribe", "unsubscribe" or "ping"' },
);

export type ClientMessage = z.infer<typeof client_message_schema>;
