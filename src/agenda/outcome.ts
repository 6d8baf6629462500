import type { Key } from './model.ts';
import type { Refusal } from './refusal.ts';

/**
 * What a success is rebuilt from: compact, because it is kept for a day under a request key. The version
 * is the one the command made; the answer shows the thing as it was then.
 */
export type Answer =
  | { readonly kind: 'user'; readonly key: Key; readonly version: number }
  | { readonly kind: 'appointment'; readonly key: Key; readonly version: number };

/** What apply says of a command; equal on every replica. */
export type CommandOutcome =
  | { readonly kind: 'done'; readonly answer: Answer; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };
