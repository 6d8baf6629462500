import { assert } from '../../base/assert.ts';
import type { AgendaEvent } from '../../agenda/event.ts';
import { formatId } from '../../agenda/id.ts';
import type { IdPrefix } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import { appointmentChannel, groupChannel } from './channel.ts';
import type { LiveConnection } from './connection.ts';
import { formatCursor } from './cursor.ts';
import type { Lineage } from './cursor.ts';
import { positionAfter, positionIn } from './position.ts';
import type { Position } from './position.ts';
import { encodeMessage } from './server-message.ts';

const RANKS = [0, 1, 2] as const;
type Rank = (typeof RANKS)[number];

const prefixes = {
  user: 'usr',
  appointment: 'apt',
  group: 'grp',
  notification: 'ntf',
  post: 'pst',
} as const satisfies Readonly<Record<string, IdPrefix>>;

/** An event on its way to clients; its texts are made once for all of them. */
export class Telling {
  readonly after: Position;
  readonly event: AgendaEvent;
  readonly #lineage: Lineage;
  readonly #index: LogIndex;
  readonly #at: number;
  readonly #texts: (Buffer | null)[] = [null, null, null];

  /** `at`: the place of the event among those of its entry. */
  constructor(lineage: Lineage, index: LogIndex, at: number, event: AgendaEvent) {
    this.#lineage = lineage;
    this.#index = index;
    this.#at = at;
    this.event = event;
    this.after = positionAfter(index, at);
  }

  concerns(user_key: Key): boolean {
    const { audience } = this.event;
    return audience === null || hasKey(audience, user_key);
  }

  /** Sends it on those channels that are live, or those that are behind; how many messages that were. */
  tell(connection: LiveConnection, to: 'live' | 'behind'): number {
    let sent = 0;
    const channels = connection.channelsOf(this.event);
    for (const rank of RANKS) {
      const subscription = channels[rank];
      if (subscription === null || subscription.is_live !== (to === 'live')) continue;
      const position = positionIn(this.#index, this.#at, rank);
      if (subscription.next > position) continue;
      connection.socket.send(this.#text(rank));
      sent += 1;
    }
    if (sent > 0 && to === 'live') {
      assert(this.after > connection.told_through, 'events are told in order, and once');
      connection.told_through = this.after;
    }
    return sent;
  }

  #text(rank: Rank): Buffer {
    const made = this.#texts[rank] ?? this.#encode(rank);
    this.#texts[rank] = made;
    return made;
  }

  #encode(rank: Rank): Buffer {
    const { kind, key, version } = this.event;
    const [subject = ''] = kind.split('.');
    const prefix = prefixes[subject as keyof typeof prefixes];
    return encodeMessage({
      type: 'event',
      channel: this.#channel(rank),
      cursor: formatCursor(this.#lineage, positionIn(this.#index, this.#at, rank) + 1),
      event: { kind, id: formatId(prefix, key), version },
    });
  }

  #channel(rank: Rank): string {
    const { group_key, appointment_key } = this.event;
    if (rank === 1 && group_key !== null) return groupChannel(group_key);
    if (rank === 2 && appointment_key !== null) return appointmentChannel(appointment_key);
    assert(rank === 0, 'an event that belongs to no such channel');
    return 'me';
  }
}

/** In an ascending list. */
function hasKey(keys: readonly Key[], wanted: Key): boolean {
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((keys[middle] ?? wanted) < wanted) from = middle + 1;
    else to = middle;
  }
  return keys[from] === wanted;
}
