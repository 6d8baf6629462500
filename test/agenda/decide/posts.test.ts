import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CommandBody } from '../../../src/agenda/command.ts';
import type { Key } from '../../../src/agenda/model.ts';
import { limits } from '../../../src/limits.ts';
import { AgendaWorld, deleting, posting, removing } from '../../support/agenda-world.ts';

let world: AgendaWorld;
let ana: Key;
let ben: Key;
let carla: Key;
let dora: Key;
/** Ana created it; Ben and Carla are in it. */
let group: Key;

beforeEach(() => {
  world = new AgendaWorld();
  [ana, ben, carla, dora] = world.registerAll('Ana', 'Ben', 'Carla', 'Dora');
  group = world.group(ana, 'non_hierarchical', [
    [ben, null],
    [carla, null],
  ]);
});
afterEach(() => world.close());

function deletingPost(post_key: Key): CommandBody {
  return { kind: 'post.delete', post_key };
}

describe('posting', () => {
  test('to a group: its members do, and the others of them are told', () => {
    const post = world.does(ben, posting('Hello', group));
    expect(world.view.posts.postByKey(post)).toMatchObject({
      author_key: ben,
      group_key: group,
      content: 'Hello',
      created_at: world.time,
    });
    expect(world.told(ana)).toContain('post_created');
    expect(world.told(carla)).toContain('post_created');
    expect(world.told(ben)).not.toContain('post_created');
    expect(world.told(dora)).toEqual([]);
    const event = world.events.find(({ kind }) => kind === 'post.created');
    expect(event).toMatchObject({ key: post, group_key: group, audience: [ana, ben, carla] });
    expect(world.codeOf(dora, posting('Hello', group))).toBe('not_found');
    expect(world.codeOf(ben, posting('Hello', 77))).toBe('not_found');
  });

  test('to everyone: it is seen by all, and no notification of its own', () => {
    world.does(dora, posting('Hello'));
    for (const one of [ana, ben, carla]) expect(world.told(one)).not.toContain('post_created');
    const event = world.events.find(({ kind }) => kind === 'post.created');
    expect(event).toMatchObject({ group_key: null, audience: null });
  });

  test('1 to 5 000 characters', () => {
    expect(limits.post_characters_max).toBe(5_000);
    expect(world.codeOf(ana, posting('😀'.repeat(5_000)))).toBe('done');
    for (const content of ['', 'x'.repeat(5_001)]) {
      const refusal = world.refusalOf(ana, posting(content));
      expect(refusal).toMatchObject({ code: 'invalid_request', errors: [{ field: 'content' }] });
    }
  });
});

describe('deleting', () => {
  test.each([
    ['its author', () => ben, 'done'],
    ['the creator of the group', () => ana, 'done'],
    ['another member', () => carla, 'forbidden'],
    ['somebody outside', () => dora, 'not_found'],
    ['nobody', () => null, 'unauthenticated'],
  ])('one to a group, by %s', (_, by, code) => {
    const post = world.does(ben, posting('Hello', group));
    expect(world.codeOf(by(), deletingPost(post))).toBe(code);
    expect(world.view.posts.postByKey(post) === null).toBe(code === 'done');
  });

  test('one to everyone: its author alone', () => {
    const post = world.does(ben, posting('Hello'));
    expect(world.codeOf(ana, deletingPost(post))).toBe('forbidden');
    expect(world.codeOf(ben, deletingPost(post))).toBe('done');
    expect(world.codeOf(ben, deletingPost(post))).toBe('not_found');
  });

  test('who has left sees it no more', () => {
    const post = world.does(ben, posting('Hello', group));
    world.does(ben, removing(group, ben));
    expect(world.codeOf(ben, deletingPost(post))).toBe('not_found');
  });
});

test('what was posted to a deleted group is seen by nobody, and goes with its name', () => {
  const posts = Array.from({ length: limits.rows_expired_per_command + 2 }, (_, at) =>
    world.does(ben, posting(`Number ${at}`, group)),
  );
  const to_all = world.does(ben, posting('To everyone'));
  world.does(ana, deleting(group));
  expect(world.codeOf(ben, deletingPost(posts[0] ?? 0))).toBe('not_found');
  world.time += limits.deleted_group_kept_ms - 1;
  world.does(ana, posting('Later'));
  expect(world.view.posts.postByKey(posts[0] ?? 0)).not.toBeNull();
  world.time += 1;
  for (let command = 0; command < 8; command += 1) world.does(ana, posting('Later still'));
  expect(posts.filter((key) => world.view.posts.postByKey(key) !== null)).toEqual([]);
  expect(world.view.groups.groupByKey(group)).toBeNull();
  expect(world.view.posts.postByKey(to_all)).not.toBeNull();
});
