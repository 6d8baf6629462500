import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CommandBody } from '../../../src/agenda/command.ts';
import type { Key, Notification } from '../../../src/agenda/model.ts';
import { limits } from '../../../src/limits.ts';
import { DAY_MS } from '../../support/agenda-fixture.ts';
import {
  adding,
  AgendaWorld,
  handingOver,
  posting,
  ranking,
  removing,
  renaming,
} from '../../support/agenda-world.ts';

let world: AgendaWorld;
let ana: Key;
let ben: Key;
let carla: Key;
let dora: Key;
/** Ana created it and has 10, Ben 5, Carla 3. */
let group: Key;

beforeEach(() => {
  world = new AgendaWorld();
  [ana, ben, carla, dora] = world.registerAll('Ana', 'Ben', 'Carla', 'Dora');
  group = world.group(ana, 'hierarchical', [
    [ben, 5],
    [carla, 3],
  ]);
});
afterEach(() => world.close());

function all(user_key: Key, unread_only = false): readonly Notification[] {
  const page = { before_key: Number.MAX_SAFE_INTEGER, unread_only, limit: 2_000 };
  return world.view.notifications.notificationsOf(user_key, page);
}

function reading(notification_key: Key): CommandBody {
  return { kind: 'notification.read', notification_key };
}

const reading_all: CommandBody = { kind: 'notification.read_all' };

describe('each change of a group tells exactly those concerned, never who did it', () => {
  test.each<[string, () => readonly [Key, CommandBody], readonly string[]]>([
    [
      'somebody is added: they, and who is in it',
      () => [ben, adding(group, dora, 1)],
      ['ana group_member_added', 'carla group_member_added', 'dora group_member_added'],
    ],
    [
      'somebody is removed: they, and who stays',
      () => [ana, removing(group, carla)],
      ['ben group_member_removed', 'carla group_member_removed'],
    ],
    [
      'somebody leaves: who stays',
      () => [carla, removing(group, carla)],
      ['ana group_member_removed', 'ben group_member_removed'],
    ],
    [
      'the creator leaves: who follows learns that too',
      () => [ana, removing(group, ana)],
      ['ben group_member_removed', 'ben rank_changed', 'carla group_member_removed'],
    ],
    ['a rank changes: whose it is', () => [ana, ranking(group, carla, 4)], ['carla rank_changed']],
    ['it is handed over: to whom', () => [ana, handingOver(group, ben)], ['ben rank_changed']],
    ['it is renamed: nobody', () => [ana, renaming(group, 'Other')], []],
    [
      'something is posted: the others',
      () => [ben, posting('Hello', group)],
      ['ana post_created', 'carla post_created'],
    ],
    ['it is refused: nobody', () => [carla, ranking(group, ben, 1)], []],
  ])('%s', (_, act, expected) => {
    const people = { ana, ben, carla, dora };
    const before = new Set(Object.values(people).flatMap((key) => all(key).map((one) => one.key)));
    world.events.length = 0;
    const [by, body] = act();
    world.outcomeOf(by, body);
    const told = Object.entries(people).flatMap(([name, key]) =>
      all(key)
        .filter((one) => !before.has(one.key))
        .map((one) => ({ name, ...one })),
    );
    expect(told.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual(expected);
    for (const one of told) expect(one).toMatchObject({ actor_key: by, group_key: group });
    // A row first and a push second: one event for each, to that person alone.
    const pushed = world.events.filter(({ kind }) => kind === 'notification.created');
    const order = (rows: readonly (readonly [Key, unknown])[]) =>
      rows.toSorted(([one], [other]) => one - other);
    expect(order(pushed.map(({ key, audience }) => [key, audience]))).toEqual(
      order(told.map(({ key, user_key }) => [key, [user_key]])),
    );
  });

  test('it says whom it is about', () => {
    world.does(ana, adding(group, dora, 1));
    expect(all(dora)).toMatchObject([{ subject_key: dora, actor_key: ana, number: 1 }]);
    expect(all(ben)[0]).toMatchObject({ subject_key: dora, actor_key: ana });
  });
});

describe('reading', () => {
  test('once; again it stays as it was', () => {
    const [told] = all(carla);
    const key = told?.key ?? 0;
    world.time += 1_000;
    const read_at = world.time;
    const outcome = world.outcomeOf(carla, reading(key));
    expect(outcome).toMatchObject({
      answer: {
        kind: 'notification',
        key,
        version: 2,
        notification: { ...told, read_at, version: 2 },
      },
    });
    expect(world.events.at(-1)).toMatchObject({
      kind: 'notification.read',
      key,
      version: 2,
      audience: [carla],
    });
    world.time += 1_000;
    world.events.length = 0;
    expect(world.outcomeOf(carla, reading(key))).toEqual(outcome);
    expect(world.events).toEqual([]);
    expect(all(carla)).toMatchObject([{ key, read_at, version: 2 }]);
  });

  test('what is remembered of it fits under a key, and is the same after all of it is gone', () => {
    const body = reading(all(carla)[0]?.key ?? 0);
    const first = world.outcomeOf(carla, body, 'reading');
    world.time += 1_000;
    for (let at = 0; at < limits.notifications_max; at += 1) {
      world.does(ana, posting(`Number ${at}`, group));
    }
    expect(world.outcomeOf(carla, body, 'reading')).toEqual({ ...first, replayed: true });
    expect(world.codeOf(carla, body)).toBe('not_found');
    const answer = first.kind === 'done' ? first.answer : null;
    if (answer?.kind !== 'notification') throw new Error('not read');
    const largest = Object.entries(answer.notification).map(([name, value]) => {
      if (name === 'type') return [name, 'group_member_removed'];
      if (name === 'origin_node') return [name, 'x'.repeat(limits.rpc_identifier_characters_max)];
      return [name, value === null || typeof value === 'number' ? Number.MAX_SAFE_INTEGER : value];
    });
    const text = JSON.stringify({ ...answer, notification: Object.fromEntries(largest) });
    expect(text.length).toBeLessThanOrEqual(limits.stored_answer_bytes_max);
  });

  test("another person's is not there", () => {
    const [told] = all(carla);
    expect(world.codeOf(ana, reading(told?.key ?? 0))).toBe('not_found');
    expect(world.codeOf(null, reading(told?.key ?? 0))).toBe('unauthenticated');
    expect(world.codeOf(carla, reading(77))).toBe('not_found');
    expect(all(carla)).toMatchObject([{ read_at: null }]);
  });

  test('all at once, which tells how many', () => {
    for (let at = 0; at < 5; at += 1) world.does(ana, posting(`Number ${at}`, group));
    world.does(carla, reading(all(carla)[2]?.key ?? 0));
    expect(world.view.notifications.unreadCount(carla)).toBe(5);
    const before = world.told(carla).length;
    world.time += 1_000;
    expect(world.outcomeOf(carla, reading_all)).toMatchObject({
      answer: { kind: 'notifications', version: 5 },
    });
    expect(all(carla, true)).toEqual([]);
    expect(world.view.notifications.unreadCount(carla)).toBe(0);
    expect(world.told(carla)).toHaveLength(before);
    expect(world.view.notifications.unreadCount(ben)).toBeGreaterThan(0);
    expect(world.outcomeOf(carla, reading_all)).toMatchObject({ answer: { version: 0 } });
  });
});

describe('they are bounded', () => {
  test('1 000 a person: the oldest go', () => {
    expect(limits.notifications_max).toBe(1_000);
    for (let at = 0; at < 1_000; at += 1) world.does(ana, posting(`Number ${at}`, group));
    const kept = all(carla);
    expect(kept).toHaveLength(1_000);
    // Carla was told first that she was added, and that is gone.
    expect(kept.every(({ type }) => type === 'post_created')).toBe(true);
    expect(kept.map(({ number }) => number)).toEqual(
      Array.from({ length: 1_000 }, (_, at) => 1_001 - at),
    );
    // All of them can be read at once.
    expect(world.outcomeOf(carla, reading_all)).toMatchObject({ answer: { version: 1_000 } });
    expect(world.failures).toEqual([]);
  });

  test('90 days', () => {
    expect(limits.notification_kept_ms).toBe(90 * DAY_MS);
    const told_at = world.time;
    world.time = told_at + limits.notification_kept_ms - 1;
    world.does(dora, posting('To everyone'));
    expect(world.told(carla)).toEqual(['group_member_added']);
    world.time += 1;
    world.does(dora, posting('To everyone'));
    expect(world.told(carla)).toEqual([]);
    world.does(ana, posting('Hello', group));
    expect(all(carla)).toMatchObject([{ type: 'post_created', number: 1 }]);
  });
});
