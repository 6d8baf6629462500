import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { AgendaEvent } from '../event.ts';
import type { Key, Notification } from '../model.ts';
import type { RulesView } from '../view.ts';
import type { DecideContext, Told } from './decision.ts';

export interface Telling {
  readonly changes: readonly RowChange[];
  readonly events: readonly AgendaEvent[];
}

/**
 * The notifications of a command: a row first, of which the event is the push. Never one for one's own
 * act. What is too many for a person goes, oldest first.
 */
export function tell(view: RulesView, told: readonly Told[], context: DecideContext): Telling {
  const changes: RowChange[] = [];
  const events: AgendaEvent[] = [];
  const counts = new Map<Key, { newest: number; added: number; had: number }>();
  for (const one of told) {
    const { user_key } = one;
    if (user_key === one.actor_key) continue;
    let count = counts.get(user_key);
    if (count === undefined) {
      const span = view.notifications.notificationSpan(user_key);
      const had = span === null ? 0 : span.newest_number - span.oldest_number + 1;
      count = { newest: span?.newest_number ?? 0, added: 0, had };
      counts.set(user_key, count);
    }
    count.newest += 1;
    count.added += 1;
    const row = notificationOf(one, count.newest, context);
    changes.push({ op: 'insert', table: 'notifications', row });
    events.push({
      kind: 'notification.created',
      key: row.key,
      version: row.version,
      group_key: null,
      appointment_key: null,
      audience: [user_key],
    });
  }
  for (const [user_key, { added, had }] of counts) {
    const too_many = Math.min(had, had + added - limits.notifications_max);
    if (too_many <= 0) continue;
    for (const { key } of view.notifications.oldestNotifications(user_key, too_many)) {
      changes.push({ op: 'delete', table: 'notifications', row: { key } });
    }
  }
  return { changes, events };
}

function notificationOf(told: Told, number: number, context: DecideContext): Notification {
  return {
    key: context.nextKey(),
    user_key: told.user_key,
    number,
    type: told.type,
    actor_key: told.actor_key,
    subject_key: told.subject_key,
    group_key: told.group_key,
    appointment_key: told.appointment_key,
    proposal_key: told.proposal_key,
    post_key: told.post_key,
    read_at: null,
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
  };
}
