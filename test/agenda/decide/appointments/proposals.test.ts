import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProposeTime } from '../../../../src/agenda/command.ts';
import type { Key } from '../../../../src/agenda/model.ts';
import { standingOf } from '../../../../src/agenda/proposal.ts';
import { limits } from '../../../../src/limits.ts';
import { appointmentBody, DAY_MS, HOUR_MS } from '../../../support/agenda-fixture.ts';
import { codeOf, named, Story } from '../../../support/story.ts';

const { start, end } = appointmentBody();
const later = { start: start + 3 * HOUR_MS, end: end + 3 * HOUR_MS };

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;
/** Ana's: Ben and Zoe are asked, Eva is placed. */
let key: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, zoe] = story.people('ana', 'ben', 'eva', 'zoe');
  const group_key = story.group(ana, 'hierarchical', [[eva, 3]]);
  key = story.book(ana, { group_key, participants: [named(ben), named(zoe)] });
});
afterEach(() => story.close());

function body(changes: Partial<ProposeTime> = {}): ProposeTime {
  const { time_zone, start_offset_s, end_offset_s, all_day } = appointmentBody();
  const about = { kind: 'appointment.propose', appointment_key: key, note: null } as const;
  return { ...about, ...later, time_zone, start_offset_s, end_offset_s, all_day, ...changes };
}

const propose = (by: Key, changes: Partial<ProposeTime> = {}, at?: number): Key =>
  story.do(by, body(changes), at).key;

const judge = (kind: 'accept' | 'reject', proposal_key: Key, by = ana, allow_conflict = false) =>
  story.run(
    by,
    kind === 'accept'
      ? {
          kind: 'appointment.accept_proposal',
          appointment_key: key,
          proposal_key,
          allow_conflict,
        }
      : { kind: 'appointment.reject_proposal', appointment_key: key, proposal_key },
  );

function standing(proposal_key: Key): string {
  const found = story.view.participation.proposalByKey(proposal_key);
  return found === null ? 'gone' : standingOf(found, story.appointment(key));
}

describe('proposing', () => {
  test('of who is on it, placed or asked; the owner is told; nothing moves', () => {
    const before = story.appointment(key);
    const of_eva = propose(eva, { note: 'Better for me' });
    expect(story.told()).toEqual(['ana: appointment_updated']);
    expect(story.view.participation.proposalByKey(of_eva)).toMatchObject({
      ...later,
      user_key: eva,
      note: 'Better for me',
      status: 'open',
      version: 1,
    });
    propose(ben);
    expect(story.appointment(key)).toEqual(before);
    expect(standing(of_eva)).toBe('open');
  });

  test('the next of a person supersedes the one before, and that of nobody else', () => {
    const of_zoe = propose(zoe);
    const first = propose(ben);
    const second = propose(ben, { end: later.end + HOUR_MS });
    expect([of_zoe, first, second].map(standing)).toEqual(['open', 'superseded', 'open']);
  });

  test('not of the owner, of who is not on it, of what began or is cancelled', () => {
    expect(story.code(ana, body())).toBe('forbidden');
    expect(story.code(story.person('stranger'), body())).toBe('not_found');
    expect(story.code(ben, body(), start)).toBe('forbidden');
    expect(story.view.participation.proposalsOf(key)).toEqual([]);
  });

  test.each<[Partial<ProposeTime>, string, string]>([
    [{ end: later.start }, 'end', 'must be after start'],
    [{ start, end }, 'start', 'must be another time: this is the present one'],
    [{ start_offset_s: 100_000 }, 'time_zone', 'must be a time zone of this world'],
  ])('what is wrong is named: %j', (changes, field, detail) => {
    expect(story.refusal(ben, body(changes))).toMatchObject({
      code: 'invalid_request',
      errors: [{ field, detail }],
    });
  });

  test('days end later than they begin', () => {
    const days = { all_day: true, busy: false, start: start - 9 * HOUR_MS - 10 * HOUR_MS };
    const zoned = { time_zone: 'UTC', start_offset_s: 0, end_offset_s: 0 };
    story.update(ana, key, { ...zoned, ...days, end: days.start + DAY_MS });
    const same_day = { ...zoned, all_day: true, start: days.start + 2 * DAY_MS };
    expect(story.refusal(ben, body({ ...same_day, end: same_day.start + HOUR_MS }))).toMatchObject({
      errors: [{ field: 'end', detail: 'must be a date after start' }],
    });
  });

  test.each([{ all_day: true }, { time_zone: 'UTC' }])(
    'what was worked out for another kind or zone is worked out again: %j',
    (changes) => {
      expect(story.code(ben, body(changes))).toBe('outdated');
    },
  );

  test('so many and no more: what is open no longer makes room', () => {
    const others = Array.from({ length: limits.proposals_max }, () => propose(ben));
    expect(story.view.participation.proposalsOf(key)).toHaveLength(limits.proposals_max);
    const last = propose(zoe);
    expect(story.view.participation.proposalsOf(key)).toHaveLength(limits.proposals_max);
    expect([others[0] ?? 0, others.at(-1) ?? 0, last].map(standing)).toEqual([
      'gone',
      'open',
      'open',
    ]);
    // What was answered of it can still be told again.
    expect(story.view.earlierRow('proposal', others[0] ?? 0, 1)).not.toBeNull();
  });
});

describe('judging', () => {
  test('accepted: the appointment moves there, who proposed it has accepted, others are asked again', () => {
    story.answer(zoe, key, 'accepted');
    const proposal = propose(ben);
    expect(judge('accept', proposal)).toMatchObject({ answer: { kind: 'proposal', version: 2 } });
    expect(story.appointment(key)).toMatchObject({ ...later, version: 2, sequence: 1 });
    expect(story.statuses(key)).toEqual({ ben: 'accepted', eva: 'auto', zoe: 'pending' });
    expect(story.told()).toEqual(['ben', 'eva', 'zoe'].map((name) => `${name}: appointment_moved`));
    expect(standing(proposal)).toBe('accepted');
  });

  test('who declined and proposed it has accepted, and is told; who is placed stays so', () => {
    const of_ben = propose(ben);
    story.answer(ben, key, 'declined');
    judge('accept', of_ben);
    expect(story.part(key, ben)?.status).toBe('accepted');
    expect(story.told()).toContain('ben: appointment_moved');
    judge('accept', propose(eva, { start, end }));
    expect(story.part(key, eva)?.status).toBe('auto');
  });

  test('all others are superseded by the move', () => {
    const [of_ben, of_zoe] = [propose(ben), propose(zoe)];
    judge('accept', of_ben);
    expect([of_ben, of_zoe].map(standing)).toEqual(['accepted', 'superseded']);
    expect(codeOf(judge('accept', of_zoe))).toBe('stale');
    expect(codeOf(judge('reject', of_zoe))).toBe('stale');
  });

  test('refused: nothing moves, and who proposed it is told', () => {
    const before = story.appointment(key);
    const proposal = propose(ben);
    expect(judge('reject', proposal)).toMatchObject({ answer: { version: 2 } });
    expect(story.told()).toEqual(['ben: appointment_updated']);
    expect([standing(proposal), story.appointment(key)]).toEqual(['rejected', before]);
  });

  test('again it is a success; the other judgement has lost the race: stale', () => {
    const proposal = propose(ben);
    judge('accept', proposal);
    expect(judge('accept', proposal)).toMatchObject({ answer: { version: 2 } });
    expect(story.appointment(key).version).toBe(2);
    expect(codeOf(judge('reject', proposal))).toBe('stale');
    const refused = propose(zoe, { start, end });
    judge('reject', refused);
    expect(judge('reject', refused)).toMatchObject({ answer: { version: 2 } });
    expect(codeOf(judge('accept', refused))).toBe('stale');
  });

  test('only by the owner, only of that appointment, not once it is cancelled', () => {
    const proposal = propose(ben);
    expect(codeOf(judge('accept', proposal, zoe))).toBe('forbidden');
    expect(codeOf(judge('accept', proposal, story.person('stranger')))).toBe('not_found');
    expect(codeOf(judge('accept', proposal + 1))).toBe('not_found');
    const of_here = key;
    key = story.book(ana, { start: start + 9 * HOUR_MS, end: end + 9 * HOUR_MS });
    expect(codeOf(judge('accept', proposal))).toBe('not_found');
    key = of_here;
    story.do(ana, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
    expect(codeOf(judge('accept', proposal))).toBe('forbidden');
    expect(standing(proposal)).toBe('superseded');
  });

  test('a move onto something busy of the owner is a conflict, unless that is allowed', () => {
    const other = story.book(ana, later);
    const proposal = propose(ben);
    expect(judge('accept', proposal)).toMatchObject({
      refusal: { code: 'conflict', overlaps: [other] },
    });
    expect(standing(proposal)).toBe('open');
    expect(codeOf(judge('accept', proposal, ana, true))).toBeNull();
  });

  test('who proposed it and is off it by now is not told, and not put on it again', () => {
    const proposal = propose(ben);
    story.update(ana, key, {}, [named(zoe)]);
    expect(codeOf(judge('accept', proposal))).toBeNull();
    expect(story.statuses(key)).toEqual({ eva: 'auto', zoe: 'pending' });
    expect(story.told()).toEqual(['eva: appointment_moved', 'zoe: appointment_moved']);
  });
});

test.each<[string, () => unknown, string]>([
  ['another text', () => story.update(ana, key, { title: 'Other' }), 'open'],
  [
    'another zone of the same time',
    () => story.update(ana, key, { time_zone: 'UTC' }),
    'superseded',
  ],
  ['another time', () => story.update(ana, key, { end: end + HOUR_MS }), 'superseded'],
  ['days', () => story.update(ana, key, { all_day: true, end: start + DAY_MS }), 'superseded'],
  ['an answer', () => story.answer(zoe, key, 'accepted'), 'open'],
])('after %s a proposal is %s', (_, change, expected) => {
  const proposal = propose(ben);
  change();
  expect(standing(proposal)).toBe(expected);
});
