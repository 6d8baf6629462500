import type { Database } from 'better-sqlite3';
import type { Key, Notification, Post } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { prepareByKey, prepareRaw } from './prepared.ts';
import { rowReader, selectFrom } from './row-reader.ts';

const notificationOf = rowReader<Notification>('notifications');
const postOf = rowReader<Post>('posts');

/** Limits as `+ 0`: see `range-queries.ts`. */
export const notification_queries = {
  oldest: `${selectFrom('notifications')} WHERE user_key = ? ORDER BY "key" LIMIT ? + 0`,
  newest: `${selectFrom('notifications')} WHERE user_key = ? ORDER BY "key" DESC LIMIT 1`,
  page: `${selectFrom('notifications')} WHERE user_key = ? AND "key" < ?
    ORDER BY "key" DESC LIMIT ? + 0`,
  unread_page: `${selectFrom('notifications')}
    WHERE user_key = ? AND read_at IS NULL AND "key" < ? ORDER BY "key" DESC LIMIT ? + 0`,
  unread_count: 'SELECT count(*) FROM notifications WHERE user_key = ? AND read_at IS NULL',
} as const;

export const post_queries = {
  keys: `SELECT "key" FROM posts WHERE group_key IS ? AND "key" < ?
    ORDER BY "key" DESC LIMIT ? + 0`,
} as const;

export function prepareNotificationsView(database: Database): AgendaView['notifications'] {
  const oldest = prepareRaw<[Key, number]>(database, notification_queries.oldest);
  const newest = prepareRaw<[Key]>(database, notification_queries.newest);
  const all_page = prepareRaw<[Key, Key, number]>(database, notification_queries.page);
  const unread_page = prepareRaw<[Key, Key, number]>(database, notification_queries.unread_page);
  const unread_count = database.prepare<[Key], number>(notification_queries.unread_count).pluck();
  return {
    notificationByKey: prepareByKey(database, 'notifications', notificationOf),
    notificationSpan(user_key) {
      const [first, last] = [oldest.get(user_key, 1), newest.get(user_key)];
      if (first === undefined || last === undefined) return null;
      const { number: oldest_number } = notificationOf(first);
      return { oldest_number, newest_number: notificationOf(last).number };
    },
    oldestNotifications: (user_key, limit) => oldest.all(user_key, limit).map(notificationOf),
    notificationsOf(user_key, { before_key, unread_only, limit }) {
      const page = unread_only ? unread_page : all_page;
      return page.all(user_key, before_key, limit).map(notificationOf);
    },
    unreadCount: (user_key) => unread_count.get(user_key) ?? 0,
  };
}

export function preparePostsView(database: Database): AgendaView['posts'] {
  const keys = database.prepare<[Key | null, Key, number], Key>(post_queries.keys).pluck();
  return {
    postByKey: prepareByKey(database, 'posts', postOf),
    postKeysOf: (group_key, before_key, limit) => keys.all(group_key, before_key, limit),
  };
}
