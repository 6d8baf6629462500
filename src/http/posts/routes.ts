import { parseId } from '../../agenda/id.ts';
import type { Key, Post, User } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { seenGroup } from '../groups/see.ts';
import { parseKeyCursor } from '../key-cursor.ts';
import { pageOf } from '../page.ts';
import { presentPost } from '../present/post.ts';
import { post_list_schema, post_out_schema } from '../present/post-schema.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import { callerOf, defineRoute, parameterOf } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import { rowAsWritten } from '../row-as-written.ts';
import type { ApiServices } from '../services.ts';
import { newestPosts } from './newest-posts.ts';
import { post_query_schema, post_schema } from './schema.ts';
import type { PostBody, PostQuery } from './schema.ts';

const COLLECTION = '/api/posts';
const ONE = '/api/posts/:id';

export function postRoutes(services: ApiServices): readonly Route[] {
  const read = { kind: 'read', access: 'user' } as const;
  const write = { kind: 'write', access: 'user' } as const;
  return [
    defineRoute({
      ...read,
      method: 'GET',
      path: COLLECTION,
      query: post_query_schema,
      description: {
        summary: "What was posted to everyone and to one's groups, or to one group; newest first.",
        success: { status: 200, body: post_list_schema },
        refusals: ['not_found'],
      },
      handle: (context) => listPosts(services, context),
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: ONE,
      description: { summary: 'A post.', success: { status: 200, body: post_out_schema } },
      handle: (context) => {
        const { view } = services.replica;
        const post = seenPost(view, callerOf(context).user, parameterOf(context, 'id'));
        return { status: 200, body: presentPost(view, post) };
      },
    }),
    defineRoute({
      ...write,
      method: 'POST',
      path: COLLECTION,
      body: post_schema,
      description: {
        summary: 'Say something to a group, or to everyone.',
        success: { status: 201, body: post_out_schema, headers: ['Location'] },
        refusals: ['not_found'],
      },
      handle: (context) => createPost(services, context),
    }),
    defineRoute({
      ...write,
      method: 'DELETE',
      path: ONE,
      description: {
        summary: "Delete a post of one's own, or any to a group that one created.",
        success: { status: 204 },
        refusals: ['forbidden'],
      },
      handle: (context) => deletePost(services, context),
    }),
  ];
}

function listPosts(
  { replica: { view } }: ApiServices,
  context: RouteContext<unknown, PostQuery>,
): Answer {
  const { limit, cursor, group_id } = context.query;
  const before = parseKeyCursor(cursor, Number.MAX_SAFE_INTEGER);
  const { user } = callerOf(context);
  const audiences =
    group_id === undefined ? audiencesOf(view, user) : [seenGroup(view, user, group_id).group.key];
  const body = pageOf(newestPosts(view, audiences, before, limit + 1), {
    limit,
    keyOf: ({ key }) => key,
    present: (post) => presentPost(view, post),
    charactersOf: ({ content }) => content.length,
  });
  return { status: 200, body };
}

/** Everyone, and the groups that somebody is in. */
function audiencesOf(view: AgendaView, { key }: User): readonly (Key | null)[] {
  const memberships = view.groups.membershipsOf(key, 0, limits.memberships_max);
  return [null, ...memberships.map(({ group_key }) => group_key)];
}

async function createPost(services: ApiServices, context: RouteContext<PostBody>): Promise<Answer> {
  const { content, group_id } = context.body;
  const group_key = group_id === undefined ? null : parseId('grp', group_id);
  if (group_id !== undefined && group_key === null) {
    throw new ProblemError({ code: 'not_found', detail: 'There is no such group.' });
  }
  const applied = await propose(services, context, {
    kind: 'post.create',
    content,
    group_key,
  });
  const { view } = services.replica;
  const present = view.posts.postByKey(applied.answer.key);
  const body = presentPost(view, rowAsWritten(view, 'post', applied.answer, present));
  return writtenAnswer(applied, { status: 201, location: `/api/posts/${body.id}`, body });
}

async function deletePost(services: ApiServices, context: RouteContext): Promise<Answer> {
  const post_key = parseId('pst', parameterOf(context, 'id'));
  if (post_key === null) throw noSuchPost();
  const applied = await propose(services, context, {
    kind: 'post.delete',
    post_key,
  });
  return writtenAnswer(applied, { status: 204 });
}

/** Posts to a group are seen by its members. Throws `not_found`. */
function seenPost(view: AgendaView, viewer: User, id: string): Post {
  const key = parseId('pst', id);
  const post = key === null ? null : view.posts.postByKey(key);
  if (post === null) throw noSuchPost();
  const { group_key } = post;
  const is_seen = group_key === null || view.groups.memberOf(group_key, viewer.key) !== null;
  if (!is_seen) throw noSuchPost();
  return post;
}

function noSuchPost(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such post.' });
}
