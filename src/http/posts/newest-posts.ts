import { assert } from '../../base/assert.ts';
import type { Key, Post } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';

/** Posts to one group, or to everyone, of which some are read ahead, newest first. */
interface Source {
  readonly group_key: Key | null;
  readonly ahead: readonly Post[];
  /** The next of them. */
  at: number;
}

/**
 * The newest posts before a key, to any of these (null: to everyone). Each is read by its index and no
 * further than is needed, so that what is old costs nothing.
 */
export function newestPosts(
  view: AgendaView,
  audiences: readonly (Key | null)[],
  before_key: Key,
  limit: number,
): readonly Post[] {
  assert(audiences.length >= 1 && limit >= 1, 'posts to nobody');
  const read_at_once = Math.ceil(limit / audiences.length);
  const readFrom = (group_key: Key | null, before: Key): Source => {
    return { group_key, ahead: view.posts.postsOf(group_key, before, read_at_once), at: 0 };
  };
  const sources = audiences.map((group_key) => readFrom(group_key, before_key));
  const posts: Post[] = [];
  while (posts.length < limit) {
    const at = newestOf(sources);
    const source = sources[at];
    const post = source?.ahead[source.at];
    if (source === undefined || post === undefined) break;
    assert(post.key < (posts.at(-1)?.key ?? before_key), 'posts are out of order');
    posts.push(post);
    source.at += 1;
    if (source.at === read_at_once) sources[at] = readFrom(source.group_key, post.key);
  }
  return posts;
}

/** Where the source is whose next post is the newest; -1: all are at their end. */
function newestOf(sources: readonly Source[]): number {
  let newest_at = -1;
  let newest_key = 0;
  for (const [at, source] of sources.entries()) {
    const key = source.ahead[source.at]?.key ?? 0;
    if (key > newest_key) [newest_at, newest_key] = [at, key];
  }
  return newest_at;
}
