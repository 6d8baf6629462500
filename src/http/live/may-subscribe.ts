import { unreachable } from '../../base/assert.ts';
import { formatId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { seenBy } from '../appointments/see.ts';
import type { Channel } from './channel.ts';

/**
 * Whether a person may see what a channel is about; what one may not see is refused like what is not there.
 * What is told on it is judged again for each event, by its audience.
 */
export function maySubscribe(view: AgendaView, user_key: Key, channel: Channel): boolean {
  switch (channel.kind) {
    case 'me':
      return true;
    case 'appointment': {
      const user = view.userByKey(user_key);
      return user !== null && seenBy(view, user, formatId('apt', channel.key)) !== null;
    }
    case 'group': {
      const group = view.groups.groupByKey(channel.key);
      return group?.deleted_at === null && view.groups.memberOf(channel.key, user_key) !== null;
    }
    default:
      return unreachable(channel);
  }
}
