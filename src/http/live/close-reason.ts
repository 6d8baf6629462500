/** Why this replica closes a WebSocket: the code (RFC 6455, section 7.4.1; IANA) and a word for its client. */
export const close_reasons = {
  draining: { code: 1012, text: 'this replica is stopping: go on at another one with your cursor' },
  slow: { code: 1013, text: 'too slow: connect again and go on with your cursor' },
  faults: { code: 1008, text: 'too many messages that are wrong or too many' },
  failed: { code: 1011, text: 'an error of the server: connect again with your cursor' },
  /** Of the application's own range: to connect again is no use, to log in is. */
  session_ended: { code: 4401, text: 'the session has ended: log in again' },
  token_expired: { code: 4401, text: 'the token has expired: log in again' },
} as const;

export type CloseReason = keyof typeof close_reasons;

/** All that metrics tell apart: also those that this replica did not choose. */
export type EndReason = CloseReason | 'client' | 'protocol' | 'silent';
