import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { ReadNotification } from '../command.ts';
import type { AgendaEvent } from '../event.ts';
import type { Notification } from '../model.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';
import { keepEarlier } from './earlier.ts';

const log_in_first: Refusal = { code: 'unauthenticated', detail: 'Log in first.' };

/** Read once; read again it stays as it was. */
export function readNotification(
  view: RulesView,
  body: ReadNotification,
  context: DecideContext,
): Decision {
  if (context.by === null) return refuse(log_in_first);
  const found = view.notifications.notificationByKey(body.notification_key);
  if (found === null || found.user_key !== context.by.key) {
    return refuse({ code: 'not_found', detail: 'There is no such notification.' });
  }
  const { key } = found;
  const is_read = found.read_at !== null;
  return {
    kind: 'done',
    changes: is_read ? [] : [keepEarlier('notification', found, context), read(found, context)],
    answer: { kind: 'notification', key, version: found.version + (is_read ? 0 : 1) },
    consequences: [],
    events: is_read ? [] : [readEvent(found)],
  };
}

/** All that are unread; one event for all of them, with the newest. */
export function readAllNotifications(view: RulesView, context: DecideContext): Decision {
  if (context.by === null) return refuse(log_in_first);
  const page = {
    before_key: Number.MAX_SAFE_INTEGER,
    unread_only: true,
    limit: limits.notifications_max,
  };
  const unread = view.notifications.notificationsOf(context.by.key, page);
  const [newest] = unread;
  return {
    kind: 'done',
    changes: unread.map((one) => read(one, context)),
    answer: { kind: 'notifications', key: context.by.key, version: unread.length },
    consequences: [],
    events: newest === undefined ? [] : [readEvent(newest)],
  };
}

function read(notification: Notification, { origin_node, state_time }: DecideContext): RowChange {
  const version = notification.version + 1;
  const row = { ...notification, read_at: state_time, version, origin_node };
  return { op: 'update', table: 'notifications', row };
}

function readEvent({ key, version, user_key }: Notification): AgendaEvent {
  return {
    kind: 'notification.read',
    key,
    version: version + 1,
    group_key: null,
    appointment_key: null,
    audience: [user_key],
  };
}
