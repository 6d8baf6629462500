import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/agenda/model.ts';
import { appointmentBody, HOUR_MS, MIDNIGHT } from '../../../support/agenda-fixture.ts';
import { codeOf, named, Story } from '../../../support/story.ts';

const { start, end } = appointmentBody();
const later = { start: start + 3 * HOUR_MS, end: end + 3 * HOUR_MS };

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;
let max: Key;
/** Ana's: Ben accepted, Eva is placed, Zoe declined, Max has not answered. */
let key: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, zoe, max] = story.people('ana', 'ben', 'eva', 'zoe', 'max');
  const group_key = story.group(ana, 'hierarchical', [[eva, 3]]);
  key = story.book(ana, { group_key, participants: [named(ben), named(zoe), named(max)] });
  story.answer(ben, key, 'accepted');
  story.answer(zoe, key, 'declined');
});
afterEach(() => story.close());

const cancel = () =>
  story.run(ana, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
const restore = (allow_conflict = false) =>
  story.run(ana, {
    kind: 'appointment.restore',
    appointment_key: key,
    if_match: null,
    allow_conflict,
  });

const answered = { ben: 'accepted', eva: 'auto', zoe: 'declined', max: 'pending' };
const asked_again = { ...answered, ben: 'pending' };
const told_all = (type: string) => ['ben', 'eva', 'max'].map((name) => `${name}: ${type}`);

describe('a significant change', () => {
  test('another time raises sequence, sets accepted back to pending, and auto stays, with a notice', () => {
    story.update(ana, key, later);
    expect(story.appointment(key)).toMatchObject({ version: 2, sequence: 1, status: 'pending' });
    expect(story.statuses(key)).toEqual(asked_again);
    expect(story.told()).toEqual(told_all('appointment_moved'));
  });

  test('another end alone is one', () => {
    story.update(ana, key, { end: end + HOUR_MS });
    expect(story.appointment(key).sequence).toBe(1);
    expect(story.statuses(key)).toEqual(asked_again);
  });

  test('one changed participant raises its own version only', () => {
    story.update(ana, key, later);
    const versions = [ben, eva, zoe, max].map((who) => story.part(key, who)?.version);
    expect(versions).toEqual([3, 1, 2, 1]);
  });

  test('it frees the time of who is asked again, and moves everybody’s agenda', () => {
    story.update(ana, key, later);
    const busy = (who: Key, at: number) =>
      story.view.busyOverlapping(who, { start: at, end: at + 1, except_key: 0 }, 9).length;
    expect([ana, ben, eva].map((who) => busy(who, start))).toEqual([0, 0, 0]);
    expect([ana, ben, eva].map((who) => busy(who, later.start))).toEqual([1, 0, 1]);
    const range = { ...later, after: null, with_cancelled: false, with_declined: true, limit: 9 };
    for (const who of [ana, ben, eva, zoe, max]) {
      expect(story.view.agendaOf(who, range)).toHaveLength(1);
    }
  });
});

test('changing only text keeps every answer; who has not declined is told', () => {
  story.update(ana, key, { title: 'Other', description: 'Text' });
  expect(story.appointment(key)).toMatchObject({ version: 2, sequence: 0 });
  expect(story.statuses(key)).toEqual(answered);
  expect(story.told()).toEqual(told_all('appointment_updated'));
});

describe('cancelling and restoring', () => {
  test('cancelling asks nobody any more, and tells who had not declined', () => {
    cancel();
    expect(story.appointment(key)).toMatchObject({ status: 'cancelled', sequence: 1, version: 2 });
    expect(story.statuses(key)).toEqual(asked_again);
    expect(story.told()).toEqual(told_all('appointment_cancelled'));
    expect(codeOf(story.answer(max, key, 'accepted'))).toBe('forbidden');
  });

  test('restoring asks everybody again', () => {
    cancel();
    expect(codeOf(restore())).toBeNull();
    expect(story.appointment(key)).toMatchObject({ status: 'pending', sequence: 2, version: 3 });
    expect(story.told()).toEqual(told_all('appointment_updated'));
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 2 }))).toBeNull();
  });

  test('only its owner changes, cancels and restores it', () => {
    expect(codeOf(story.update(ben, key, { title: 'Mine' }))).toBe('forbidden');
    const of_ben = { appointment_key: key, if_match: null };
    expect(story.code(ben, { kind: 'appointment.cancel', ...of_ben })).toBe('forbidden');
    cancel();
    const restored = { kind: 'appointment.restore', ...of_ben, allow_conflict: false } as const;
    expect(story.code(ben, restored)).toBe('forbidden');
    expect(story.appointment(key)).toMatchObject({ status: 'cancelled', title: 'Meeting' });
  });
});

describe('conflicts', () => {
  test('are looked for on the agenda of the owner only: an invitation is never refused for one', () => {
    story.book(max, later);
    story.book(eva, later);
    expect(codeOf(story.update(ana, key, later))).toBeNull();
    const participants = [named(max)];
    expect(story.code(zoe, appointmentBody({ ...later, participants }))).toBeNull();
  });

  test('what the owner accepted or was placed on takes their time; what is pending or declined not', () => {
    const of_max = story.book(max, { ...later, participants: [named(ana)] });
    expect(codeOf(story.update(ana, key, later))).toBeNull();
    story.update(ana, key, { start, end });
    story.answer(ana, of_max, 'accepted');
    const refused = story.update(ana, key, later);
    expect(refused).toMatchObject({ refusal: { code: 'conflict', overlaps: [of_max] } });
    story.answer(ana, of_max, 'declined');
    expect(codeOf(story.update(ana, key, later))).toBeNull();
    const at = { start: MIDNIGHT + 20 * HOUR_MS, end: MIDNIGHT + 21 * HOUR_MS };
    const boss = story.person('boss');
    const placed = story.book(boss, {
      ...at,
      group_key: story.group(boss, 'hierarchical', [[ana, 1]]),
    });
    expect(story.update(ana, key, at)).toMatchObject({ refusal: { overlaps: [placed] } });
  });

  test('accepting is never refused for one', () => {
    story.book(ben, { start, end, allow_conflict: true });
    story.answer(ben, key, 'declined');
    expect(codeOf(story.answer(ben, key, 'accepted'))).toBeNull();
  });

  test('restoring is checked for them', () => {
    cancel();
    const other = story.book(ana, { start, end });
    expect(restore()).toMatchObject({ refusal: { code: 'conflict', overlaps: [other] } });
    expect(codeOf(restore(true))).toBeNull();
  });
});
