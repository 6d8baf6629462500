import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/agenda/model.ts';
import { limits } from '../../../../src/limits.ts';
import { appointmentBody, fieldsOf, HOUR_MS, MIDNIGHT } from '../../../support/agenda-fixture.ts';
import { codeOf, named, Story } from '../../../support/story.ts';

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, zoe] = story.people('ana', 'ben', 'eva', 'zoe');
});
afterEach(() => story.close());

const update = (key: Key, people: Parameters<Story['update']>[3]) => {
  expect(codeOf(story.update(ana, key, {}, people))).toBeNull();
};

describe('who is put on it', () => {
  test('group without hierarchy: every member is invited, pending; the owner is no row', () => {
    const group_key = story.group(ana, 'non_hierarchical', [
      [ben, null],
      [eva, null],
    ]);
    const key = story.book(ben, { group_key });
    expect(story.statuses(key)).toEqual({ ana: 'pending', eva: 'pending' });
    expect(story.part(key, ben)).toBeNull();
    expect(story.appointment(key)).toMatchObject({ status: 'pending', group_key });
  });

  test('hierarchical group: below the owner is placed, the same or a higher rank is asked', () => {
    const group_key = story.group(ana, 'hierarchical', [
      [ben, 5],
      [eva, 5],
      [zoe, 3],
    ]);
    expect(story.statuses(story.book(ben, { group_key }))).toEqual({
      ana: 'pending',
      eva: 'pending',
      zoe: 'auto',
    });
    const of_the_top = story.book(ana, { group_key });
    expect(story.statuses(of_the_top)).toEqual({ ben: 'auto', eva: 'auto', zoe: 'auto' });
    expect(story.appointment(of_the_top).status).toBe('accepted');
  });

  test('invited people outside a group: pending, each once; the owner is on it anyway', () => {
    const people = [named(ben), named(eva), named(ben, true), named(ana)];
    const key = story.book(ana, { participants: people });
    expect(story.statuses(key)).toEqual({ ben: 'pending', eva: 'pending' });
    expect(story.part(key, ben)).toMatchObject({
      is_optional: true,
      by_name: true,
      by_group: false,
      version: 1,
    });
  });

  test('with both: the members and the named', () => {
    const group_key = story.group(ana, 'hierarchical', [[ben, 5]]);
    const key = story.book(ana, { group_key, participants: [named(zoe), named(ben, true)] });
    expect(story.statuses(key)).toEqual({ ben: 'auto', zoe: 'pending' });
    expect(story.part(key, ben)).toMatchObject({
      is_optional: true,
      by_name: true,
      by_group: true,
    });
  });

  test('by username, as it is folded; who does not exist is not found, and nothing is left', () => {
    const by_name = { user_key: null, username_folded: 'ben', is_optional: false };
    const key = story.book(ana, { participants: [by_name] });
    expect(story.statuses(key)).toEqual({ ben: 'pending' });
    const start = MIDNIGHT + 20 * HOUR_MS;
    const times = { start, end: start + HOUR_MS };
    for (const stranger of [{ ...by_name, username_folded: 'nobody' }, named(ana + 1)]) {
      const body = appointmentBody({ ...times, participants: [named(eva), stranger] });
      expect(story.refusal(ana, body)).toMatchObject({ code: 'not_found' });
    }
    const range = { ...times, except_key: 0 };
    expect(story.view.busyOverlapping(ana, range, 1)).toEqual([]);
    expect(story.told()).toEqual([]);
  });

  test('a group that is not there, or that one is not in, is not found', () => {
    const group_key = story.group(ana, 'non_hierarchical', [[ben, null]]);
    expect(story.code(zoe, appointmentBody({ group_key }))).toBe('not_found');
    expect(story.code(zoe, appointmentBody({ group_key: group_key + 1 }))).toBe('not_found');
    story.do(ana, { kind: 'group.delete', group_key, if_match: null });
    expect(story.code(ana, appointmentBody({ group_key }))).toBe('not_found');
  });

  test('it is in the calendar of the group', () => {
    const group_key = story.group(ana, 'non_hierarchical', []);
    const { calendar_key } = story.appointment(story.book(ana, { group_key }));
    expect(calendar_key).toBe(story.view.defaultCalendarOf(group_key)?.key);
  });

  test('each is told: invited, or placed; never the owner', () => {
    const group_key = story.group(ana, 'hierarchical', [
      [ben, 5],
      [eva, 3],
    ]);
    story.book(ben, { group_key, participants: [named(zoe)] });
    expect(story.told()).toEqual(['ana: invited', 'eva: placed', 'zoe: invited']);
  });
});

describe('the state of the whole', () => {
  const answers = (key: Key, given: readonly (readonly [Key, 'accepted' | 'declined'])[]) => {
    for (const [who, answer] of given) expect(codeOf(story.answer(who, key, answer))).toBeNull();
    return story.appointment(key).status;
  };

  test('pending until every required person accepted or is placed', () => {
    const key = story.book(ana, { participants: [named(ben), named(eva)] });
    expect(story.appointment(key).status).toBe('pending');
    expect(answers(key, [[ben, 'accepted']])).toBe('pending');
    expect(answers(key, [[eva, 'accepted']])).toBe('accepted');
    expect(answers(key, [[eva, 'declined']])).toBe('pending');
  });

  test('declined if every required person declined', () => {
    const key = story.book(ana, { participants: [named(ben), named(eva), named(zoe, true)] });
    expect(answers(key, [[zoe, 'accepted']])).toBe('pending');
    expect(
      answers(key, [
        [ben, 'declined'],
        [eva, 'declined'],
      ]),
    ).toBe('declined');
  });

  test('optional people never hold it up; with nobody required it is accepted', () => {
    const key = story.book(ana, { participants: [named(ben, true)] });
    expect(story.appointment(key).status).toBe('accepted');
    expect(answers(key, [[ben, 'declined']])).toBe('accepted');
    expect(story.appointment(story.book(eva)).status).toBe('accepted');
  });
});

describe('people named anew', () => {
  test('who is new is asked, who stays keeps the answer, who is not named is off it', () => {
    const key = story.book(ana, { participants: [named(ben), named(eva)] });
    story.answer(ben, key, 'accepted');
    const before = story.part(key, ben);
    update(key, [named(ben), named(zoe)]);
    expect(story.statuses(key)).toEqual({ ben: 'accepted', zoe: 'pending' });
    expect(story.part(key, ben)).toEqual(before);
    expect(story.told()).toEqual(['eva: appointment_cancelled', 'zoe: invited']);
    expect(story.appointment(key)).toMatchObject({ version: 2, sequence: 0, status: 'pending' });
    expect(story.view.agendaOf(eva, whole_day)).toEqual([]);
  });

  test('null: they stay; none: all are off it', () => {
    const key = story.book(ana, { participants: [named(ben)] });
    update(key, null);
    expect(story.appointment(key).version).toBe(1);
    update(key, []);
    expect(story.statuses(key)).toEqual({});
    expect(story.appointment(key)).toMatchObject({ version: 2, status: 'accepted' });
  });

  test('another is_optional raises the version of that participant alone', () => {
    const key = story.book(ana, { participants: [named(ben), named(eva)] });
    update(key, [named(ben, true), named(eva)]);
    expect(story.part(key, ben)).toMatchObject({ is_optional: true, version: 2 });
    expect(story.part(key, eva)).toMatchObject({ version: 1 });
    expect(story.told()).toEqual([]);
  });

  test('members of the group stay, whoever is named', () => {
    const group_key = story.group(ana, 'hierarchical', [[ben, 5]]);
    const key = story.book(ana, { group_key, participants: [named(zoe)] });
    update(key, []);
    expect(story.statuses(key)).toEqual({ ben: 'auto' });
  });

  test('a member who joined later and is named is placed, when below the owner', () => {
    const group_key = story.group(ana, 'hierarchical', []);
    const key = story.book(ana, { group_key, follow_group: false });
    story.join(ana, group_key, ben, 5);
    expect(story.statuses(key)).toEqual({});
    update(key, [named(ben)]);
    expect(story.statuses(key)).toEqual({ ben: 'auto' });
    expect(story.told()).toEqual(['ben: placed']);
  });

  test('who had declined is not told that it is no longer theirs', () => {
    const key = story.book(ana, { participants: [named(ben)] });
    story.answer(ben, key, 'declined');
    update(key, []);
    expect(story.told()).toEqual([]);
  });

  test('the group may be named again, and is never another', () => {
    const group_key = story.group(ana, 'non_hierarchical', []);
    const key = story.book(ana, { group_key });
    const body = {
      kind: 'appointment.update',
      appointment_key: key,
      if_match: null,
      computed_from: null,
      fields: fieldsOf(appointmentBody()),
      participants: null,
      follow_group: null,
      wrong: [],
      allow_conflict: false,
    } as const;
    expect(story.code(ana, { ...body, group_key })).toBeNull();
    expect(story.refusal(ana, { ...body, group_key: group_key + 1 })).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'group_id' }],
    });
    expect(story.code(ana, { ...body, group_key: null, follow_group: false })).toBeNull();
    expect(story.appointment(key).follow_group).toBe(false);
  });
});

test('more people than may be on one appointment are too many', () => {
  const people = Array.from({ length: limits.participants_max }, (_, at) =>
    story.person(`person-${at}`),
  );
  const group_key = story.group(ana, 'non_hierarchical', [[ben, null]]);
  const participants = people.map((key) => named(key));
  expect(story.code(ana, appointmentBody({ group_key, participants }))).toBe('too_large');
  const key = story.book(ana, { participants });
  expect(story.told()).toHaveLength(limits.participants_max);
  expect(Object.keys(story.statuses(key))).toHaveLength(limits.participants_max);
});

const whole_day = {
  start: MIDNIGHT,
  end: MIDNIGHT + 24 * HOUR_MS,
  after: null,
  with_cancelled: true,
  with_declined: true,
  limit: 10,
};
