import { limits } from '../../limits.ts';
import type { ReadNotification } from '../command.ts';
import type { AgendaEvent } from '../event.ts';
import type { Notification } from '../model.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';

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
  const is_read = found.read_at !== null;
  const notification = is_read ? found : read(found, context);
  const { key, version } = notification;
  return {
    kind: 'done',
    changes: is_read ? [] : [{ op: 'update', table: 'notifications', row: notification }],
    answer: { kind: 'notification', key, version, notification },
    consequences: [],
    events: is_read ? [] : [readEvent(notification)],
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
  const rows = unread.map((one) => read(one, context));
  const [newest] = rows;
  return {
    kind: 'done',
    changes: rows.map((row) => ({ op: 'update', table: 'notifications', row })),
    answer: { kind: 'notifications', key: context.by.key, version: rows.length },
    consequences: [],
    events: newest === undefined ? [] : [readEvent(newest)],
  };
}

function read(
  notification: Notification,
  { origin_node, state_time }: DecideContext,
): Notification {
  const version = notification.version + 1;
  return { ...notification, read_at: state_time, version, origin_node };
}

function readEvent({ key, version, user_key }: Notification): AgendaEvent {
  return {
    kind: 'notification.read',
    key,
    version,
    group_key: null,
    appointment_key: null,
    audience: [user_key],
  };
}
