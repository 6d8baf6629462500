import type { AgendaEvent } from '../../agenda/event.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import type { ChangeFeed } from '../../replica/change-feed.ts';
import type { LiveConnection, Subscription } from './connection.ts';
import type { Lineage } from './cursor.ts';
import { indexAt, positionAfter } from './position.ts';
import type { Position } from './position.ts';
import { Telling } from './telling.ts';

export interface CatchUpContext {
  readonly feed: Pick<ChangeFeed, 'since'>;
  readonly lineage: Lineage;
  /** What is before this was told to all others, or is being told; it moves. */
  readonly frontier: () => Position;
  /** The client has to take what was sent first. */
  readonly isFull: () => boolean;
  readonly onSent: (events: number) => void;
}

/**
 * - `whole`: its channels are live;
 * - `later`: it goes on another time, from where it is;
 * - `lost`: what it missed is not there any more.
 */
export type CatchUpOutcome = 'whole' | 'later' | 'lost';

/** Events looked at in one step. */
const EVENTS_PER_STEP = 64;

/** Sends a client what its channels that are behind have missed, up to where the live ones are. */
export function* catchUp(
  connection: LiveConnection,
  context: CatchUpContext,
): Generator<void, CatchUpOutcome> {
  const behind = connection.behind();
  if (behind.length === 0) return 'whole';
  const { generation } = connection;
  const first = behind.reduce((least, { next }) => Math.min(least, next), Infinity);
  const items = context.feed.since(indexAt(first) - 1);
  if (items === 'too_old') return 'lost';
  // What comes while this goes on is not among the items.
  const frontier = context.frontier();
  let looked_at = 0;
  for (const { index, event, at } of eventsOf(items)) {
    const after = positionAfter(index, at);
    if (after <= first) continue;
    if (after > frontier) break;
    tell(connection, context, new Telling(context.lineage, index, at, event));
    looked_at += 1;
    if (context.isFull()) {
      moveTo(behind, after);
      return 'later';
    }
    if (looked_at % EVENTS_PER_STEP !== 0) continue;
    yield;
    if (connection.generation !== generation || !connection.is_open) {
      moveTo(behind, after);
      return 'later';
    }
  }
  moveTo(behind, frontier);
  if (context.frontier() > frontier) return 'later';
  for (const subscription of behind) subscription.is_live = true;
  return 'whole';
}

function tell(connection: LiveConnection, context: CatchUpContext, telling: Telling): void {
  if (!telling.concerns(connection.session.user_key)) return;
  const sent = telling.tell(connection, 'behind');
  if (sent > 0) context.onSent(sent);
}

function* eventsOf(
  items: readonly { readonly index: LogIndex; readonly events: readonly AgendaEvent[] }[],
): Generator<{ readonly index: LogIndex; readonly event: AgendaEvent; readonly at: number }> {
  for (const { index, events } of items) {
    for (const [at, event] of events.entries()) yield { index, event, at };
  }
}

function moveTo(subscriptions: readonly Subscription[], position: Position): void {
  for (const subscription of subscriptions) {
    subscription.next = Math.max(subscription.next, position);
  }
}
