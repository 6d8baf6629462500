import { assert, must } from '../../base/assert.ts';
import type { Key, Post } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';

/** Posts to one group, or to everyone, of which some keys are read ahead, newest first. */
interface Source {
  readonly group_key: Key | null;
  readonly ahead: readonly Key[];
  /** The next of them. */
  at: number;
}

/**
 * The newest posts before a key, to any of these (null: to everyone). Each is read when it is asked for, so
 * that what is old, or nobody asks for, costs nothing.
 */
export function* newestPosts(
  view: AgendaView,
  audiences: readonly (Key | null)[],
  before_key: Key,
  limit: number,
): Generator<Post, void> {
  assert(audiences.length >= 1 && limit >= 1, 'posts to nobody');
  const read_at_once = Math.ceil(limit / audiences.length);
  const readFrom = (group_key: Key | null, before: Key): Source => {
    return { group_key, ahead: view.posts.postKeysOf(group_key, before, read_at_once), at: 0 };
  };
  const sources = audiences.map((group_key) => readFrom(group_key, before_key));
  let last_key = before_key;
  for (let count = 0; count < limit; count += 1) {
    const at = newestOf(sources);
    const source = sources[at];
    const key = source?.ahead[source.at];
    if (source === undefined || key === undefined) return;
    assert(key < last_key, 'posts are out of order');
    last_key = key;
    yield must(view.posts.postByKey(key), 'a key of no post');
    source.at += 1;
    if (source.at === read_at_once) sources[at] = readFrom(source.group_key, key);
  }
}

/** Where the source is whose next post is the newest; -1: all are at their end. */
function newestOf(sources: readonly Source[]): number {
  let newest_at = -1;
  let newest_key = 0;
  for (const [at, source] of sources.entries()) {
    const key = source.ahead[source.at] ?? 0;
    if (key > newest_key) [newest_at, newest_key] = [at, key];
  }
  return newest_at;
}
