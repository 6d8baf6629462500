import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/agenda/model.ts';
import { limits } from '../../../../src/limits.ts';
import { adding, AgendaWorld, ranking, removing } from '../../../support/agenda-world.ts';

let world: AgendaWorld;
let ana: Key;
let ben: Key;
let carla: Key;
let dora: Key;
let eva: Key;

beforeEach(() => {
  world = new AgendaWorld();
  [ana, ben, carla, dora, eva] = world.registerAll('Ana', 'Ben', 'Carla', 'Dora', 'Eva');
});
afterEach(() => world.close());

/** Ana created it and has 10, Ben 7, Carla 7, Dora 3; Eva is outside. */
function hierarchy(): Key {
  return world.group(ana, 'hierarchical', [
    [ben, 7],
    [carla, 7],
    [dora, 3],
  ]);
}

/** Ana created it, Ben and Carla are in it; Dora and Eva are outside. */
function circle(): Key {
  return world.group(ana, 'non_hierarchical', [
    [ben, null],
    [carla, null],
  ]);
}

const people = ['ana', 'ben', 'carla', 'dora', 'eva'] as const;
type Name = (typeof people)[number];

function keyOf(name: Name): Key {
  return { ana, ben, carla, dora, eva }[name];
}

describe('adding to a hierarchical group: below oneself', () => {
  test.each<[Name, number | null, string]>([
    ['ana', 9, 'done'],
    ['ana', 0, 'done'],
    ['ana', 10, 'forbidden'],
    ['ana', 11, 'forbidden'],
    ['ana', null, 'invalid_request'],
    ['ana', limits.rank_max + 1, 'invalid_request'],
    ['ben', 6, 'done'],
    ['ben', 7, 'forbidden'],
    ['dora', 2, 'done'],
    ['dora', 3, 'forbidden'],
  ])('%s gives rank %s: %s', (by, rank, code) => {
    const group = hierarchy();
    expect(world.codeOf(keyOf(by), adding(group, eva, rank))).toBe(code);
    expect(world.member(group, eva)?.rank ?? null).toBe(code === 'done' ? rank : null);
  });

  test('who is not in it finds no group', () => {
    expect(world.codeOf(eva, adding(hierarchy(), eva, 1))).toBe('not_found');
  });

  test('what the row tells', () => {
    const group = hierarchy();
    world.time += 5_000;
    world.does(ben, adding(group, eva, 1));
    expect(world.member(group, eva)).toMatchObject({
      group_key: group,
      user_key: eva,
      rank: 1,
      added_by: ben,
      joined_at: world.time,
      version: 1,
    });
  });

  test('a rank that is missing, or too high for any, is named as the field', () => {
    const group = hierarchy();
    for (const rank of [null, limits.rank_max + 1]) {
      expect(world.refusalOf(ana, adding(group, eva, rank))?.errors).toMatchObject([
        { field: 'rank' },
      ]);
    }
  });
});

describe('adding to a group without hierarchy: the creator alone', () => {
  test.each<[Name, number | null, string]>([
    ['ana', null, 'done'],
    ['ana', 0, 'invalid_request'],
    ['ana', 5, 'invalid_request'],
    ['ben', null, 'forbidden'],
    ['eva', null, 'not_found'],
  ])('%s gives rank %s: %s', (by, rank, code) => {
    const group = circle();
    expect(world.codeOf(keyOf(by), adding(group, dora, rank))).toBe(code);
    expect(world.member(group, dora)?.rank ?? null).toBe(code === 'done' ? 0 : null);
  });
});

describe('adding', () => {
  test('by folded username', () => {
    const group = circle();
    const person = { user_key: null, username_folded: 'eva' };
    const body = { kind: 'group.add_member', group_key: group, person, rank: null } as const;
    expect(world.codeOf(ana, body)).toBe('done');
    expect(world.member(group, eva)).not.toBeNull();
  });

  test('nobody, and somebody who is a member', () => {
    const group = circle();
    expect(world.codeOf(ana, adding(group, 77))).toBe('not_found');
    const nobody = { user_key: null, username_folded: 'nobody' };
    const body = {
      kind: 'group.add_member',
      group_key: group,
      person: nobody,
      rank: null,
    } as const;
    expect(world.codeOf(ana, body)).toBe('not_found');
    expect(world.codeOf(ana, adding(group, ben))).toBe('already_member');
    expect(world.codeOf(ana, adding(group, ana))).toBe('already_member');
  });

  test('more than a group can have', () => {
    const group = world.group(ana, 'non_hierarchical');
    for (let at = 1; at < limits.group_members_max; at += 1) {
      world.does(ana, adding(group, world.register(`Member${at}`)));
    }
    expect(world.codeOf(ana, adding(group, ben))).toBe('too_large');
    world.does(ana, removing(group, world.view.groups.membersOf(group).at(-1)?.user_key ?? 0));
    expect(world.codeOf(ana, adding(group, ben))).toBe('done');
    expect(world.failures).toEqual([]);
  });

  test('to more groups than others can add a person to: not told how many those are', () => {
    const { added_memberships_max } = limits;
    const groups = Array.from({ length: added_memberships_max + 1 }, (_, at) =>
      world.group(at % 2 === 0 ? ana : carla, 'non_hierarchical'),
    );
    const last = groups.pop() ?? 0;
    groups.forEach((group, at) => world.does(at % 2 === 0 ? ana : carla, adding(group, ben)));
    expect(world.refusalOf(ana, adding(last, ben))).toEqual({
      code: 'too_large',
      detail: 'This person cannot be added to more groups now.',
    });
    // What others did takes nothing from what they create.
    world.group(ben, 'non_hierarchical');
    expect(world.codeOf(ana, adding(last, ben))).toBe('too_large');
    world.does(ben, removing(groups[0] ?? 0, ben));
    expect(world.codeOf(ana, adding(last, ben))).toBe('done');
  });

  test('also who created as many as one can; those are none that others added them to', () => {
    const { created_memberships_max } = limits;
    const groups = Array.from({ length: created_memberships_max }, () =>
      world.group(ben, 'non_hierarchical'),
    );
    const body = { kind: 'group.create', name: 'One more', description: '' } as const;
    const creating = { ...body, group_type: 'hierarchical' } as const;
    expect(world.codeOf(ben, creating)).toBe('too_large');
    expect(world.codeOf(ana, adding(world.group(ana, 'non_hierarchical'), ben))).toBe('done');
    // Who leaves one has room again, and takes none of who follows as its creator.
    const [first = 0] = groups;
    world.does(ben, adding(first, carla));
    world.does(ben, removing(first, ben));
    expect(world.codeOf(ben, creating)).toBe('done');
    expect(world.codeOf(ben, creating)).toBe('too_large');
    const { groups: seen } = world.view;
    expect(seen.groupByKey(first)?.creator_key).toBe(carla);
    expect(seen.createdMembershipCount(carla)).toBe(0);
  });
});

describe('changing a rank: of who is below oneself, to what is below oneself', () => {
  test.each<[Name, Name, number, string]>([
    ['ana', 'ben', 9, 'done'],
    ['ana', 'ben', 10, 'forbidden'],
    ['ana', 'ana', 9, 'forbidden'],
    ['ana', 'dora', 0, 'done'],
    ['ben', 'dora', 6, 'done'],
    ['ben', 'dora', 7, 'forbidden'],
    ['ben', 'carla', 1, 'forbidden'],
    ['ben', 'ana', 1, 'forbidden'],
    ['ben', 'ben', 6, 'forbidden'],
    ['dora', 'ben', 1, 'forbidden'],
    ['ana', 'eva', 1, 'not_found'],
    ['eva', 'dora', 1, 'not_found'],
    ['ana', 'ben', limits.rank_max + 1, 'invalid_request'],
  ])('%s, of %s, to %i: %s', (by, of, rank, code) => {
    const group = hierarchy();
    const before = world.member(group, keyOf(of));
    expect(world.codeOf(keyOf(by), ranking(group, keyOf(of), rank))).toBe(code);
    const after = world.member(group, keyOf(of));
    if (code === 'done') expect(after).toMatchObject({ rank, version: 2 });
    else expect(after).toEqual(before);
  });

  test('to the one they have changes nothing', () => {
    const group = hierarchy();
    const told = world.told(ben);
    expect(world.codeOf(ana, ranking(group, ben, 7))).toBe('done');
    expect(world.member(group, ben)?.version).toBe(1);
    expect(world.told(ben)).toEqual(told);
  });

  test('is refused where there are none, and the field is named', () => {
    const refusal = world.refusalOf(ana, ranking(circle(), ben, 0));
    expect(refusal).toMatchObject({ code: 'invalid_request', errors: [{ field: 'rank' }] });
  });

  test('in another version than If-Match names', () => {
    const group = hierarchy();
    const body = { kind: 'group.change_rank', group_key: group, user_key: ben, rank: 1 } as const;
    expect(world.codeOf(ana, { ...body, if_match: [2] })).toBe('precondition_failed');
    expect(world.codeOf(ana, { ...body, if_match: [1, 2] })).toBe('done');
    expect(world.codeOf(ana, { ...body, if_match: [1] })).toBe('precondition_failed');
  });
});

describe('removing', () => {
  test.each<[Name, Name, string]>([
    ['ana', 'ben', 'done'],
    ['ben', 'dora', 'done'],
    ['ben', 'carla', 'forbidden'],
    ['ben', 'ana', 'forbidden'],
    ['dora', 'ben', 'forbidden'],
    ['dora', 'dora', 'done'],
    ['ben', 'ben', 'done'],
    ['ana', 'eva', 'not_found'],
    ['eva', 'dora', 'not_found'],
    ['eva', 'eva', 'not_found'],
  ])('from a hierarchical group who is below, or oneself: %s removes %s: %s', (by, of, code) => {
    const group = hierarchy();
    const was_there = world.member(group, keyOf(of)) !== null;
    expect(world.codeOf(keyOf(by), removing(group, keyOf(of)))).toBe(code);
    expect(world.member(group, keyOf(of)) !== null).toBe(was_there && code !== 'done');
  });

  test.each<[Name, Name, string]>([
    ['ana', 'ben', 'done'],
    ['ben', 'carla', 'forbidden'],
    ['ben', 'ana', 'forbidden'],
    ['ben', 'ben', 'done'],
    ['eva', 'ben', 'not_found'],
  ])(
    'from a group without hierarchy the creator, and anyone leaves: %s, %s: %s',
    (by, of, code) => {
      const group = circle();
      expect(world.codeOf(keyOf(by), removing(group, keyOf(of)))).toBe(code);
      expect(world.member(group, keyOf(of)) === null).toBe(code === 'done');
    },
  );

  test('in another version than If-Match names', () => {
    const group = hierarchy();
    world.does(ana, ranking(group, ben, 1));
    const body = { kind: 'group.remove_member', group_key: group, user_key: ben } as const;
    expect(world.codeOf(ana, { ...body, if_match: [1] })).toBe('precondition_failed');
    expect(world.codeOf(ana, { ...body, if_match: [2] })).toBe('done');
  });

  test('and coming back begins anew', () => {
    const group = circle();
    world.does(ana, removing(group, ben));
    world.time += 1_000;
    world.does(ana, adding(group, ben));
    expect(world.member(group, ben)).toMatchObject({ version: 1, joined_at: world.time });
    expect(world.view.groups.membersOf(group).map(({ user_key }) => user_key)).toEqual([
      ana,
      carla,
      ben,
    ]);
  });
});

test('members learn of it, whoever was or is one, and nobody else', () => {
  const group = hierarchy();
  const audienceOf = (act: () => unknown): readonly Key[] | null | undefined => {
    world.events.length = 0;
    act();
    return world.events.find(({ kind }) => kind === 'group.members_changed')?.audience;
  };
  expect(audienceOf(() => world.does(ana, ranking(group, ben, 8)))).toEqual([
    ana,
    ben,
    carla,
    dora,
  ]);
  expect(audienceOf(() => world.does(ana, adding(group, eva, 1)))).toEqual([
    ana,
    ben,
    carla,
    dora,
    eva,
  ]);
  expect(audienceOf(() => world.does(ana, removing(group, ben)))).toEqual([
    ana,
    ben,
    carla,
    dora,
    eva,
  ]);
});
