import { formatId, parseId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';

/** What one can subscribe to. */
export type Channel =
  /** All that one is told. */
  | { readonly kind: 'me' }
  | { readonly kind: 'group'; readonly key: Key }
  | { readonly kind: 'appointment'; readonly key: Key };

const GROUP = 'group:';
const APPOINTMENT = 'appointment:';

/** `nowhere`: a name of the right form whose id nothing can have; null: no name of a channel. */
export function parseChannel(name: string): Channel | 'nowhere' | null {
  if (name === 'me') return { kind: 'me' };
  if (name.startsWith(GROUP)) {
    const key = parseId('grp', name.slice(GROUP.length));
    return key === null ? 'nowhere' : { kind: 'group', key };
  }
  if (!name.startsWith(APPOINTMENT)) return null;
  const key = parseId('apt', name.slice(APPOINTMENT.length));
  return key === null ? 'nowhere' : { kind: 'appointment', key };
}

export function groupChannel(key: Key): string {
  return GROUP + formatId('grp', key);
}

export function appointmentChannel(key: Key): string {
  return APPOINTMENT + formatId('apt', key);
}
