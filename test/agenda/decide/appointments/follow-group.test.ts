import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/agenda/model.ts';
import { limits } from '../../../../src/limits.ts';
import { DAY_MS, HOUR_MS, MIDNIGHT } from '../../../support/agenda-fixture.ts';
import { named, Story } from '../../../support/story.ts';

const MANY = 60;

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;
let group_key: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, zoe] = story.people('ana', 'ben', 'eva', 'zoe');
  group_key = story.group(ana, 'hierarchical', [[ben, 5]]);
});
afterEach(() => story.close());

const hour = (at: number) => ({
  start: MIDNIGHT + at * HOUR_MS,
  end: MIDNIGHT + (at + 1) * HOUR_MS,
});
const past = { start: MIDNIGHT - 60 * DAY_MS, end: MIDNIGHT - 60 * DAY_MS + HOUR_MS };

describe('who joins gets what is to come of what follows the group', () => {
  test('placed or asked by rank, and told; not what began or does not follow; what is cancelled, untold', () => {
    const of_ana = story.book(ana, { group_key, ...hour(1) });
    const of_ben = story.book(ben, { group_key, ...hour(2) });
    const others = [
      story.book(ana, { group_key, ...past }),
      story.book(ana, { group_key, ...hour(3), follow_group: false }),
      story.book(ana, { group_key, ...hour(4) }),
    ];
    const cancelled = others[2] ?? 0;
    story.do(ana, { kind: 'appointment.cancel', appointment_key: cancelled, if_match: null });
    story.join(ana, group_key, eva, 5);
    expect(story.told()).toEqual([
      'ben: group_member_added',
      'eva: group_member_added',
      'eva: invited',
      'eva: placed',
    ]);
    expect(story.part(of_ana, eva)).toMatchObject({ status: 'auto', by_group: true });
    expect(story.part(of_ben, eva)).toMatchObject({ status: 'pending', by_group: true });
    expect(others.map((key) => story.part(key, eva)?.status ?? null)).toEqual([null, null, 'auto']);
    expect(story.appointment(of_ben)).toMatchObject({ version: 1, status: 'pending' });
  });

  test('who was invited already keeps the answer', () => {
    const key = story.book(ana, { group_key, participants: [named(zoe)] });
    story.answer(zoe, key, 'declined');
    story.join(ana, group_key, zoe, 1);
    expect(story.part(key, zoe)).toMatchObject({
      status: 'declined',
      by_group: true,
      by_name: true,
    });
  });

  test('who joined while it was cancelled is on it when it is restored', () => {
    const key = story.book(ana, { group_key, ...hour(5) });
    story.do(ana, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
    story.join(ana, group_key, eva, 5);
    const restore = { kind: 'appointment.restore', appointment_key: key, if_match: null } as const;
    story.do(ana, { ...restore, allow_conflict: false });
    expect(story.statuses(key)['eva']).toBe('auto');
    expect(story.told()).toContain('eva: appointment_updated');
  });

  test('one’s own stays one’s own', () => {
    story.join(ana, group_key, eva, 4);
    const key = story.book(eva, { group_key });
    story.leave(group_key, eva);
    story.join(ana, group_key, eva, 4);
    expect(story.part(key, eva)).toBeNull();
    expect(story.appointment(key).owner_key).toBe(eva);
  });
});

describe('who leaves loses what is to come', () => {
  test('off it, and off their agenda; what began stays', () => {
    const coming = story.book(ana, { group_key, ...hour(1) });
    const gone = story.book(ana, { group_key, ...past });
    const fixed = story.book(ana, { group_key, ...hour(3), follow_group: false });
    story.leave(group_key, ben);
    expect([coming, gone, fixed].map((key) => story.part(key, ben)?.status ?? null)).toEqual([
      null,
      'auto',
      // Nobody is above them any more, so they are asked, and can decline.
      'pending',
    ]);
    expect(story.view.agendaOf(ben, { ...hour(1), ...all })).toEqual([]);
    const lost = story.events().filter(({ kind }) => kind === 'appointment.gone');
    expect(lost).toEqual([expect.objectContaining({ key: coming, audience: [ben] })]);
    expect(story.appointment(coming)).toMatchObject({ version: 1, status: 'accepted' });
  });

  test('a cancelled one too', () => {
    const key = story.book(ana, { group_key });
    story.do(ana, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
    story.leave(group_key, ben);
    expect(story.part(key, ben)).toBeNull();
  });

  test('the whole follows from who is left', () => {
    story.join(ana, group_key, eva, 5);
    const key = story.book(eva, { group_key });
    expect(story.appointment(key).status).toBe('pending');
    story.answer(ana, key, 'accepted');
    expect(story.appointment(key).status).toBe('pending');
    story.leave(group_key, ben);
    expect(story.appointment(key)).toMatchObject({ status: 'accepted', version_status: 'pending' });
  });

  test('who is named besides stays; placed before, they are asked now', () => {
    const key = story.book(ana, { group_key, participants: [named(ben)] });
    story.leave(group_key, ben, ana);
    expect(story.part(key, ben)).toMatchObject({
      status: 'pending',
      by_group: false,
      by_name: true,
    });
    expect(story.told()).toEqual(['ben: group_member_removed', 'ben: invited']);
  });
});

describe('a group that is deleted', () => {
  test('cancels what is to come, and tells everybody concerned', () => {
    const coming = story.book(ben, { group_key, ...hour(1) });
    const gone = story.book(ben, { group_key, ...past });
    story.do(ana, { kind: 'group.delete', group_key, if_match: null });
    expect(story.appointment(coming)).toMatchObject({
      status: 'cancelled',
      sequence: 1,
      group_key,
    });
    expect(story.appointment(gone).status).not.toBe('cancelled');
    expect(story.told()).toEqual(['ben: appointment_cancelled', 'ben: group_member_removed']);
  });
});

describe('more than one slice of work', () => {
  function bookMany(): Key[] {
    return Array.from({ length: MANY }, (_, at) =>
      story.book(ana, { group_key, ...hour(at), busy: false }),
    );
  }

  function fillGroup(count: number): void {
    for (let at = 0; at < count; at += 1) {
      story.join(ana, group_key, story.person(`member-${at}`), 3);
    }
  }

  test('what is moved to an earlier time meanwhile is not passed by', () => {
    const keys = [...bookMany(), ...bookMany(), ...bookMany()];
    const last = keys.at(-1) ?? 0;
    story.do(ana, { kind: 'group.delete', group_key, if_match: null });
    expect(story.view.firstWork()).not.toBeNull();
    expect(story.appointment(last).status).not.toBe('cancelled');
    story.update(ana, last, { ...hour(0), busy: false });
    story.finishWork();
    expect(keys.filter((key) => story.appointment(key).status !== 'cancelled')).toEqual([]);
  });

  test('no more is begun for a group than can be kept', () => {
    for (let at = 0; at < 3; at += 1) bookMany();
    const people = Array.from({ length: limits.works_per_group_max + 1 }, (_, at) =>
      story.person(`newcomer-${at}`),
    );
    const codes = people.map((user_key) =>
      story.code(ana, {
        kind: 'group.add_member',
        group_key,
        person: { user_key, username_folded: null },
        rank: 3,
      }),
    );
    expect(codes.slice(0, -1)).toEqual(people.slice(1).map(() => null));
    expect(codes.at(-1)).toBe('overloaded');
    story.finishWork();
    const again = people.at(-1) ?? 0;
    story.join(ana, group_key, again, 3);
    story.finishWork();
  });

  test('joining: what does not fit the command goes on, in order, until it is done', () => {
    const keys = [...bookMany(), ...bookMany(), ...bookMany()];
    story.join(ana, group_key, eva, 2);
    const placed = () => keys.filter((key) => story.part(key, eva) !== null).length;
    const first = placed();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(keys.length);
    expect(story.finishWork()).toBeGreaterThan(0);
    expect(placed()).toBe(keys.length);
    expect(story.view.firstWork()).toBeNull();
  });

  test('who left again before it went on, and who came back, ends right', () => {
    const keys = [...bookMany(), ...bookMany(), ...bookMany()];
    story.join(ana, group_key, eva, 2);
    story.leave(group_key, eva);
    story.finishWork();
    expect(keys.filter((key) => story.part(key, eva) !== null)).toEqual([]);
    story.join(ana, group_key, eva, 2);
    story.leave(group_key, eva);
    story.join(ana, group_key, eva, 2);
    story.finishWork();
    expect(keys.filter((key) => story.part(key, eva)?.status === 'auto')).toHaveLength(keys.length);
  });

  test('deleting: everybody is told of everything, in commands that fit', () => {
    fillGroup(20);
    const keys = bookMany();
    story.do(ana, { kind: 'group.delete', group_key, if_match: null });
    expect(story.finishWork()).toBeGreaterThan(1);
    expect(keys.map((key) => story.appointment(key).status)).toEqual(keys.map(() => 'cancelled'));
    const page = { before_key: Number.MAX_SAFE_INTEGER, unread_only: false, limit: 1_000 };
    const told = story.view.notifications
      .notificationsOf(ben, page)
      .filter(({ type }) => type === 'appointment_cancelled')
      .map(({ appointment_key }) => appointment_key);
    expect(told).toHaveLength(keys.length);
    expect(new Set(told)).toEqual(new Set(keys));
  });

  test('deleting the largest group with a meeting of everybody fits', () => {
    const { group_members_max } = limits;
    fillGroup(group_members_max - 2);
    const keys = [1, 2].map((at) => story.book(ana, { group_key, ...hour(at) }));
    story.do(ana, { kind: 'group.delete', group_key, if_match: null });
    story.finishWork();
    expect(keys.map((key) => story.appointment(key).status)).toEqual(['cancelled', 'cancelled']);
  });

  test('nobody who logs in continues it', () => {
    bookMany();
    const code = story.code(ana, {
      kind: 'work.continue',
      work_key: 1,
      group_key: 1,
      user_key: null,
      actor_key: 1,
    });
    expect(code).toBe('forbidden');
  });
});

const all = { after: null, with_cancelled: true, with_declined: true, limit: 10 };
