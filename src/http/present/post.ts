import { must } from '../../base/assert.ts';
import { formatId } from '../../agenda/id.ts';
import type { Post } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { formatInstant } from '../instant.ts';
import type { PostOut } from './post-schema.ts';

export function presentPost(view: AgendaView, post: Post): PostOut {
  const author = must(view.userByKey(post.author_key), 'a post by nobody');
  return {
    id: formatId('pst', post.key),
    author_id: formatId('usr', author.key),
    author_username: author.username,
    ...(post.group_key === null ? {} : { group_id: formatId('grp', post.group_key) }),
    content: post.content,
    created_at: formatInstant(post.created_at),
  };
}
