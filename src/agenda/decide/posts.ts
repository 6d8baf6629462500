import { limits } from '../../limits.ts';
import type { CreatePost, DeletePost } from '../command.ts';
import type { AgendaEvent, AgendaEventKind } from '../event.ts';
import type { Post } from '../model.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';
import { keepEarlier } from './earlier.ts';
import { announceGroup, toldOfGroup } from './groups/group.ts';

const log_in_first: Refusal = { code: 'unauthenticated', detail: 'Log in first.' };
const no_such_post: Refusal = { code: 'not_found', detail: 'There is no such post.' };

/** Says something to a group that one is in, or to everyone. */
export function createPost(view: RulesView, body: CreatePost, context: DecideContext): Decision {
  const { by, state_time, origin_node } = context;
  if (by === null) return refuse(log_in_first);
  const characters = Array.from(body.content).length;
  if (characters < 1 || characters > limits.post_characters_max) {
    const detail = `must have 1 to ${limits.post_characters_max} characters`;
    return refuse({
      code: 'invalid_request',
      detail: `content: ${detail}`,
      errors: [{ field: 'content', detail }],
    });
  }
  const { group_key } = body;
  if (group_key !== null && view.groups.memberOf(group_key, by.key) === null) {
    return refuse({ code: 'not_found', detail: 'There is no such group.' });
  }
  const post: Post = {
    key: context.nextKey(),
    author_key: by.key,
    group_key,
    content: body.content,
    version: 1,
    origin_node,
    created_at: state_time,
  };
  const { key, version } = post;
  const readers = group_key === null ? [] : view.groups.membersOf(group_key);
  return {
    kind: 'done',
    changes: [{ op: 'insert', table: 'posts', row: post }],
    answer: { kind: 'post', key, version },
    consequences: [],
    events: [announcePost(view, 'post.created', post)],
    told: readers.map(({ group_key: of_key, user_key }) =>
      toldOfGroup(of_key, user_key, 'post_created', { actor_key: by.key, post_key: key }),
    ),
  };
}

/** By its author, or by the creator of its group. */
export function deletePost(view: RulesView, body: DeletePost, context: DecideContext): Decision {
  const { by } = context;
  if (by === null) return refuse(log_in_first);
  const post = view.posts.postByKey(body.post_key);
  if (post === null) return refuse(no_such_post);
  const { key, version, group_key, author_key } = post;
  if (group_key !== null && view.groups.memberOf(group_key, by.key) === null) {
    return refuse(no_such_post);
  }
  const group = group_key === null ? null : view.groups.groupByKey(group_key);
  if (author_key !== by.key && group?.creator_key !== by.key) {
    const detail = 'Only its author, or the creator of the group, deletes a post.';
    return refuse({ code: 'forbidden', detail });
  }
  return {
    kind: 'done',
    changes: [keepEarlier('post', post, context), { op: 'delete', table: 'posts', row: { key } }],
    answer: { kind: 'post', key, version },
    consequences: [],
    events: [announcePost(view, 'post.deleted', post)],
  };
}

/** To the members of its group, or to everybody. */
function announcePost(view: RulesView, kind: AgendaEventKind, post: Post): AgendaEvent {
  const { key, version, group_key } = post;
  const group = group_key === null ? null : view.groups.groupByKey(group_key);
  if (group === null) {
    return { kind, key, version, group_key, appointment_key: null, audience: null };
  }
  return { ...announceGroup(view, kind, group), key, version };
}
