import { assert } from '../../base/assert.ts';
import { parseId } from '../../agenda/id.ts';
import { parseKeyCursor } from '../key-cursor.ts';
import { pageOf } from '../page.ts';
import type { Page } from '../page.ts';
import { page_schema } from '../page-schema.ts';
import type { PageQuery } from '../page-schema.ts';
import { presentNotification } from '../present/notification.ts';
import {
  notification_list_schema,
  notification_out_schema,
  read_all_schema,
  unread_list_schema,
} from '../present/notification-schema.ts';
import type { NotificationOut } from '../present/notification-schema.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import { callerOf, defineRoute, parameterOf } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';

const COLLECTION = '/api/notifications';

export function notificationRoutes(services: ApiServices): readonly Route[] {
  const read = { kind: 'read', access: 'user', method: 'GET', query: page_schema } as const;
  const write = { kind: 'write', access: 'user', method: 'POST' } as const;
  return [
    defineRoute({
      ...read,
      path: COLLECTION,
      description: {
        summary: 'What one was told, newest first.',
        success: { status: 200, body: notification_list_schema },
      },
      handle: (context) => ({ status: 200, body: listed(services, context, false) }),
    }),
    defineRoute({
      ...read,
      path: `${COLLECTION}/unread`,
      description: {
        summary: 'What one was told and has not read, newest first.',
        success: { status: 200, body: unread_list_schema },
      },
      handle: (context) => {
        const { view } = services.replica;
        const unread_count = view.notifications.unreadCount(callerOf(context).user.key);
        return { status: 200, body: { ...listed(services, context, true), unread_count } };
      },
    }),
    defineRoute({
      ...write,
      path: `${COLLECTION}/:id/read`,
      description: {
        summary: 'Note that one has read it.',
        success: { status: 200, body: notification_out_schema },
      },
      handle: (context) => readOne(services, context),
    }),
    defineRoute({
      ...write,
      path: `${COLLECTION}/read-all`,
      description: {
        summary: 'Note that one has read all there are.',
        success: { status: 200, body: read_all_schema },
      },
      handle: (context) => readAll(services, context),
    }),
  ];
}

function listed(
  { replica: { view } }: ApiServices,
  context: RouteContext<unknown, PageQuery>,
  unread_only: boolean,
): Page<NotificationOut> {
  const { limit, cursor } = context.query;
  const before_key = parseKeyCursor(cursor, Number.MAX_SAFE_INTEGER);
  const wanted = { before_key, unread_only, limit: limit + 1 };
  const found = view.notifications.notificationsOf(callerOf(context).user.key, wanted);
  return pageOf(found, {
    limit,
    keyOf: ({ key }) => key,
    present: (notification) => presentNotification(view, notification),
  });
}

async function readOne(services: ApiServices, context: RouteContext): Promise<Answer> {
  const notification_key = parseId('ntf', parameterOf(context, 'id'));
  if (notification_key === null) {
    throw new ProblemError({ code: 'not_found', detail: 'There is no such notification.' });
  }
  const applied = await propose(services, context, {
    kind: 'notification.read',
    notification_key,
  });
  const { answer } = applied;
  assert(answer.kind === 'notification', 'a notification answers as it was left');
  const body = presentNotification(services.replica.view, answer.notification);
  return writtenAnswer(applied, { status: 200, body });
}

async function readAll(services: ApiServices, context: RouteContext): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'notification.read_all',
  });
  assert(applied.answer.kind === 'notifications', 'how many were read');
  return writtenAnswer(applied, { status: 200, body: { read_count: applied.answer.version } });
}
