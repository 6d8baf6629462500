import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/agenda/model.ts';
import { limits } from '../../../../src/limits.ts';
import {
  continuationOf,
  appointmentBody,
  DAY_MS,
  HOUR_MS,
  MIDNIGHT,
} from '../../../support/agenda-fixture.ts';
import {
  adding,
  AgendaWorld,
  deleting,
  handingOver,
  ranking,
  removing,
  renaming,
} from '../../../support/agenda-world.ts';

let world: AgendaWorld;
let ana: Key;
let ben: Key;
let carla: Key;
let dora: Key;

beforeEach(() => {
  world = new AgendaWorld();
  [ana, ben, carla, dora] = world.registerAll('Ana', 'Ben', 'Carla', 'Dora');
});
afterEach(() => world.close());

const creation = {
  kind: 'group.create',
  name: 'Team',
  description: 'Those who do it',
  group_type: 'hierarchical',
} as const;

describe('creating', () => {
  test.each([
    ['hierarchical', 10],
    ['non_hierarchical', 0],
  ] as const)('a %s one: the creator is its first member, with rank %i', (group_type, rank) => {
    const key = world.does(ana, { ...creation, group_type });
    expect(world.view.groups.groupByKey(key)).toMatchObject({
      name: 'Team',
      description: 'Those who do it',
      group_type,
      creator_key: ana,
      version: 1,
      deleted_at: null,
    });
    const members = world.view.groups.membersOf(key);
    expect(members).toMatchObject([{ user_key: ana, rank, added_by: ana, version: 1 }]);
    expect(world.told(ana)).toEqual([]);
  });

  test('it has a calendar from the first day', () => {
    const key = world.does(ana, creation);
    expect(world.view.defaultCalendarOf(key)).toMatchObject({ owner_key: key, is_default: true });
  });

  test.each([
    ['name', '', 'x'.repeat(limits.group_name_characters_max + 1)],
    ['description', null, 'x'.repeat(limits.group_description_characters_max + 1)],
  ])('a %s that is too short or too long is named', (field, short, long) => {
    for (const wrong of [short, long]) {
      if (wrong === null) continue;
      const refusal = world.refusalOf(ana, { ...creation, [field]: wrong });
      expect(refusal).toMatchObject({ code: 'invalid_request', errors: [{ field }] });
    }
    // Characters, however many bytes they take.
    const longest = '😀'.repeat(long.length - 1);
    expect(world.codeOf(ana, { ...creation, [field]: longest })).toBe('done');
  });

  test('needs somebody who is logged in', () => {
    expect(world.codeOf(null, creation)).toBe('unauthenticated');
  });
});

describe('renaming and deleting: the creator alone', () => {
  test.each([
    ['hierarchical', 9],
    ['non_hierarchical', null],
  ] as const)('of a %s group', (group_type, rank) => {
    const group = world.group(ana, group_type, [[ben, rank]]);
    for (const body of [renaming(group, 'Other'), deleting(group), handingOver(group, ben)]) {
      expect(world.codeOf(ben, body)).toBe('forbidden');
      expect(world.codeOf(carla, body)).toBe('not_found');
    }
    expect(world.codeOf(ana, renaming(group, 'Other'))).toBe('done');
    expect(world.view.groups.groupByKey(group)).toMatchObject({ name: 'Other', version: 2 });
    expect(world.codeOf(ana, deleting(group))).toBe('done');
  });

  test('to what it is called already makes no version', () => {
    const group = world.group(ana, 'hierarchical');
    expect(world.codeOf(ana, renaming(group, 'Team'))).toBe('done');
    expect(world.view.groups.groupByKey(group)?.version).toBe(1);
  });

  test('its type never changes', () => {
    const group = world.group(ana, 'hierarchical');
    const body = { kind: 'group.update', group_key: group, if_match: null } as const;
    const texts = { name: 'Team', description: '' };
    const wrong = { ...body, ...texts, group_type: 'non_hierarchical' } as const;
    const refusal = world.refusalOf(ana, wrong);
    expect(refusal).toMatchObject({ code: 'invalid_request', errors: [{ field: 'group_type' }] });
    expect(world.codeOf(ana, { ...body, ...texts, group_type: 'hierarchical' })).toBe('done');
  });

  test('in another version than If-Match names, told before who may', () => {
    const group = world.group(ana, 'hierarchical', [[ben, 1]]);
    const wrong = { if_match: [2, 3] };
    for (const body of [
      { ...renaming(group, 'Other'), ...wrong },
      { ...deleting(group), ...wrong },
      { ...handingOver(group, ben), ...wrong },
    ]) {
      expect(world.codeOf(ana, body)).toBe('precondition_failed');
      expect(world.codeOf(ben, body)).toBe('precondition_failed');
      expect(world.codeOf(carla, body)).toBe('not_found');
    }
    expect(world.codeOf(ana, { ...deleting(group), if_match: [1] })).toBe('done');
  });
});

describe('handing over', () => {
  test('makes a member the creator; everybody keeps their rank', () => {
    const group = world.group(ana, 'hierarchical', [[ben, 3]]);
    expect(world.codeOf(ana, handingOver(group, carla))).toBe('not_found');
    expect(world.codeOf(ana, handingOver(group, ben))).toBe('done');
    expect(world.view.groups.groupByKey(group)).toMatchObject({ creator_key: ben, version: 2 });
    expect(world.member(group, ana)?.rank).toBe(10);
    expect(world.member(group, ben)?.rank).toBe(3);
    expect(world.codeOf(ana, renaming(group, 'Other'))).toBe('forbidden');
    expect(world.codeOf(ben, renaming(group, 'Other'))).toBe('done');
    expect(world.told(ben)).toEqual(['group_member_added', 'rank_changed']);
    expect(world.told(ana)).toEqual([]);
  });

  test('to oneself changes nothing', () => {
    const group = world.group(ana, 'hierarchical');
    expect(world.codeOf(ana, handingOver(group, ana))).toBe('done');
    expect(world.view.groups.groupByKey(group)?.version).toBe(1);
  });

  test('without hierarchy who adds members is another one then', () => {
    const group = world.group(ana, 'non_hierarchical', [[ben, null]]);
    world.does(ana, handingOver(group, ben));
    expect(world.codeOf(ana, adding(group, carla))).toBe('forbidden');
    expect(world.codeOf(ben, adding(group, carla))).toBe('done');
  });
});

describe('a creator who leaves', () => {
  test('hands it to the highest-ranked member', () => {
    const group = world.group(ana, 'hierarchical', [
      [ben, 2],
      [carla, 5],
      [dora, 4],
    ]);
    world.does(ana, removing(group, ana));
    expect(world.view.groups.groupByKey(group)).toMatchObject({ creator_key: carla, version: 2 });
    expect(world.member(group, ana)).toBeNull();
    expect(world.member(group, carla)?.rank).toBe(5);
    expect(world.told(carla)).toContain('rank_changed');
    expect(world.told(dora)).not.toContain('rank_changed');
  });

  test('on a tie to the longest in it, whatever ranks they had before', () => {
    const group = world.group(ana, 'hierarchical', [
      [ben, 1],
      [dora, 4],
      [carla, 4],
    ]);
    world.does(ana, ranking(group, dora, 3));
    world.does(ana, ranking(group, dora, 4));
    world.does(ana, removing(group, ana));
    expect(world.view.groups.groupByKey(group)?.creator_key).toBe(dora);
  });

  test('without hierarchy to the longest in it', () => {
    const group = world.group(ana, 'non_hierarchical', [
      [carla, null],
      [ben, null],
    ]);
    world.does(ana, removing(group, ana));
    expect(world.view.groups.groupByKey(group)?.creator_key).toBe(carla);
  });

  test('alone deletes it', () => {
    const group = world.group(ana, 'hierarchical', [[ben, 1]]);
    world.does(ben, removing(group, ben));
    const outcome = world.outcomeOf(ana, removing(group, ana));
    expect(outcome).toMatchObject({ kind: 'done', answer: { kind: 'member' } });
    expect(world.view.groups.groupByKey(group)?.deleted_at).not.toBeNull();
    expect(world.view.groups.membersOf(group)).toEqual([]);
  });

  test('or is removed by who is above, is followed in the same way', () => {
    const group = world.group(ana, 'hierarchical', [
      [ben, 2],
      [carla, 5],
    ]);
    world.does(ana, handingOver(group, ben));
    world.does(carla, removing(group, ben));
    expect(world.view.groups.groupByKey(group)?.creator_key).toBe(ana);
  });
});

const SMALL_APPOINTMENTS = 99;

describe('deleting', () => {
  test('leaves nobody in it, and nothing to see; its name stays for a time', () => {
    const group = world.group(ana, 'hierarchical', [[ben, 1]]);
    world.events.length = 0;
    world.does(ana, deleting(group));
    expect(world.events.find(({ kind }) => kind === 'group.deleted')?.audience).toEqual([ana, ben]);
    expect(world.view.groups.membersOf(group)).toEqual([]);
    expect(world.told(ben)).toEqual(['group_member_added', 'group_member_removed']);
    expect(world.told(ana)).toEqual([]);
    for (const body of [renaming(group, 'Other'), deleting(group), adding(group, carla, 1)]) {
      expect(world.codeOf(ana, body)).toBe('not_found');
    }
    expect(world.view.groups.groupByKey(group)?.name).toBe('Team');
    world.time += limits.deleted_group_kept_ms;
    world.register('Late');
    world.does(ana, creation);
    expect(world.view.groups.groupByKey(group)).toBeNull();
  });

  test('cancels what is to come and leaves what has begun, and tells those on it', () => {
    const group = world.group(ana, 'hierarchical', [[ben, 1]]);
    world.time = MIDNIGHT + 12 * HOUR_MS;
    const book = (start: number): Key =>
      world.does(
        ana,
        appointmentBody({ group_key: group, start, end: start + HOUR_MS, allow_conflict: true }),
      );
    const [begun, to_come] = [book(world.time - 1), book(world.time + 1)];
    world.does(ana, deleting(group));
    expect(world.view.appointmentByKey(begun)?.status).toBe('accepted');
    expect(world.view.appointmentByKey(to_come)?.status).toBe('cancelled');
    expect(world.told(ben).filter((type) => type === 'appointment_cancelled')).toHaveLength(1);
  });

  test('a full one with appointments of everybody is done within the bounds of a command', () => {
    const group = world.group(ana, 'non_hierarchical', [[ben, null]]);
    const book = (by: Key, hour: number, follow_group: boolean): Key => {
      const start = MIDNIGHT + hour * HOUR_MS;
      const times = { start, end: start + HOUR_MS };
      return world.does(by, appointmentBody({ ...times, group_key: group, follow_group }));
    };
    // What nearly fills a slice, and then one that is as large as there are.
    for (let hour = 1; hour <= SMALL_APPOINTMENTS; hour += 1) book(ben, hour, false);
    const members = Array.from({ length: limits.group_members_max - 2 }, (_, at) =>
      world.register(`Member${at}`),
    );
    for (const member of members) world.does(ana, adding(group, member));
    const large = book(ben, SMALL_APPOINTMENTS + 1, true);
    const answer = { kind: 'appointment.answer', answer: 'accepted', sequence: null } as const;
    for (const member of [ana, ...members]) {
      world.does(member, { ...answer, appointment_key: large, note: null });
    }
    expect(world.codeOf(ana, deleting(group))).toBe('done');
    let slices = 0;
    for (let work = world.view.firstWork(); work !== null; work = world.view.firstWork()) {
      world.does(null, continuationOf(work));
      slices += 1;
      expect(slices).toBeLessThan(10);
    }
    const range = { start: MIDNIGHT, end: MIDNIGHT + 9 * DAY_MS, after: null, limit: 200 };
    const all = { ...range, with_cancelled: true, with_declined: true };
    const statuses = world.view.agendaOf(group, all).map(({ appointment }) => appointment.status);
    expect(statuses).toEqual(Array.from({ length: SMALL_APPOINTMENTS + 1 }, () => 'cancelled'));
    expect(world.failures).toEqual([]);
  });
});
