import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Key, ParticipantStatus } from '../../../../src/agenda/model.ts';
import { appointmentBody, HOUR_MS, MIDNIGHT } from '../../../support/agenda-fixture.ts';
import { codeOf, named, Story } from '../../../support/story.ts';

const START = appointmentBody().start;

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;
let group_key: Key;
/** Ana's, in the group: Ben is asked, Eva is placed; Zoe sees it as a member who is not on it. */
let key: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, zoe] = story.people('ana', 'ben', 'eva', 'zoe');
  group_key = story.group(ana, 'hierarchical', [[eva, 3]]);
  key = story.book(ana, { group_key, follow_group: false, participants: [named(ben)] });
  story.join(ana, group_key, zoe, 5);
});
afterEach(() => story.close());

describe('status × answer × role', () => {
  const table: readonly (readonly [
    ParticipantStatus,
    'accepted' | 'declined',
    ParticipantStatus | 'imposed',
  ])[] = [
    ['pending', 'accepted', 'accepted'],
    ['pending', 'declined', 'declined'],
    ['accepted', 'accepted', 'accepted'],
    ['accepted', 'declined', 'declined'],
    ['declined', 'accepted', 'accepted'],
    ['declined', 'declined', 'declined'],
    ['auto', 'accepted', 'auto'],
    ['auto', 'declined', 'imposed'],
  ];
  test.each(table)('%s, answers %s: %s', (status, answer, expected) => {
    const who = status === 'auto' ? eva : ben;
    if (status === 'accepted' || status === 'declined') story.answer(ben, key, status);
    const before = story.part(key, who);
    const outcome = story.answer(who, key, answer);
    if (expected === 'imposed') {
      expect(codeOf(outcome)).toBe('imposed');
      expect(story.part(key, who)).toEqual(before);
      return;
    }
    const changes = expected !== status;
    const version = (before?.version ?? 0) + (changes ? 1 : 0);
    expect(outcome).toMatchObject({ kind: 'done', answer: { kind: 'participant', version } });
    expect(story.part(key, who)).toMatchObject({ status: expected, version });
    const type = answer === 'accepted' ? 'invitation_accepted' : 'invitation_declined';
    expect(story.told()).toEqual(changes ? [`ana: ${type}`] : []);
  });

  test('the owner has accepted, and does not decline', () => {
    expect(story.answer(ana, key, 'accepted')).toMatchObject({
      answer: { kind: 'participant', key: key + 1, version: 1 },
    });
    expect(codeOf(story.answer(ana, key, 'declined'))).toBe('forbidden');
  });

  test('who sees it and is not on it may not: forbidden; to others it is not there', () => {
    const stranger = story.person('stranger');
    expect(codeOf(story.answer(zoe, key, 'accepted'))).toBe('forbidden');
    expect(codeOf(story.answer(stranger, key, 'accepted'))).toBe('not_found');
    expect(codeOf(story.answer(ben, key + 7, 'accepted'))).toBe('not_found');
    expect(
      codeOf(
        story.run(0, {
          kind: 'appointment.answer',
          appointment_key: key,
          answer: 'accepted',
          sequence: null,
          note: null,
        }),
      ),
    ).toBe('unauthenticated');
  });
});

describe('what an answer does', () => {
  test('it raises the version of the participant, never that of the appointment', () => {
    const before = story.appointment(key);
    expect(before.status).toBe('pending');
    story.answer(ben, key, 'accepted');
    const after = story.appointment(key);
    expect(after).toEqual({ ...before, status: 'accepted', changed_index: story.index });
    expect(story.part(key, eva)).toMatchObject({ version: 1 });
    expect(story.view.appointmentAt(key, 1)?.status).toBe('pending');
  });

  test('it takes the time of who accepts or is placed, of nobody else', () => {
    const busy = (who: Key): number =>
      story.view.busyOverlapping(who, { start: START, end: START + 1, except_key: 0 }, 9).length;
    expect([ana, ben, eva, zoe].map(busy)).toEqual([1, 0, 1, 0]);
    story.answer(ben, key, 'accepted');
    expect(busy(ben)).toBe(1);
    story.answer(ben, key, 'declined');
    expect(busy(ben)).toBe(0);
  });

  test('it is told to everybody who sees it', () => {
    story.answer(ben, key, 'accepted');
    const audience = [ana, ben, eva, zoe];
    const answered = story.events().filter(({ kind }) => kind === 'appointment.answered');
    expect(answered).toEqual([expect.objectContaining({ key, version: 1, audience })]);
  });

  test('a note stays until there is another; who is placed may leave one', () => {
    story.answer(ben, key, 'accepted', { note: 'Late' });
    story.answer(ben, key, 'declined');
    expect(story.part(key, ben)).toMatchObject({ status: 'declined', note: 'Late', version: 3 });
    story.answer(ben, key, 'declined', { note: 'Away' });
    expect(story.part(key, ben)).toMatchObject({ note: 'Away', version: 4 });
    expect(story.told()).toEqual([]);
    story.answer(eva, key, 'accepted', { note: 'Must I?' });
    expect(story.part(key, eva)).toMatchObject({ status: 'auto', note: 'Must I?', version: 2 });
    expect(codeOf(story.answer(eva, key, 'declined', { note: 'No' }))).toBe('imposed');
    expect(story.part(key, eva)).toMatchObject({ note: 'Must I?', version: 2 });
  });
});

describe('the sequence that is answered', () => {
  test('the present one, or none; an older one is stale, one that never was is wrong', () => {
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 0 }))).toBeNull();
    story.update(ana, key, { start: START + HOUR_MS, end: START + 2 * HOUR_MS });
    expect(story.part(key, ben)?.status).toBe('pending');
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 0 }))).toBe('stale');
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 2 }))).toBe('invalid_request');
    expect(story.part(key, ben)?.status).toBe('pending');
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 1 }))).toBeNull();
  });

  test('is stale for what was cancelled, too', () => {
    story.do(ana, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 0 }))).toBe('stale');
    expect(codeOf(story.answer(ben, key, 'accepted', { sequence: 1 }))).toBe('forbidden');
  });
});

describe('until the start', () => {
  test('one may change one’s answer, then no more', () => {
    story.answer(ben, key, 'accepted');
    expect(codeOf(story.answer(ben, key, 'declined', { at: START - 1 }))).toBeNull();
    expect(codeOf(story.answer(ben, key, 'accepted', { at: START }))).toBe('forbidden');
    expect(story.part(key, ben)?.status).toBe('declined');
  });

  test('what is so already is a success after it', () => {
    story.answer(ben, key, 'accepted');
    expect(codeOf(story.answer(ben, key, 'accepted', { at: START + 1 }))).toBeNull();
    const more = { at: START + 2, note: 'I was there' };
    expect(codeOf(story.answer(ben, key, 'accepted', more))).toBe('forbidden');
  });
});

describe('objections', () => {
  const object = (by: Key, note: string, at?: number) =>
    story.run(by, { kind: 'appointment.object', appointment_key: key, note }, at);

  test('of who is on it; it stays on the agenda, and the owner is told', () => {
    expect(object(eva, 'Too early')).toMatchObject({ answer: { kind: 'objection', version: 1 } });
    expect(story.told()).toEqual(['ana: appointment_updated']);
    expect(story.part(key, eva)).toMatchObject({ status: 'auto', version: 1 });
    expect(story.view.participation.objectionOf(key, eva)).toMatchObject({ note: 'Too early' });
    expect(codeOf(object(ben, 'Why me'))).toBeNull();
    expect(story.view.participation.objectionsOf(key).map(({ user_key }) => user_key)).toEqual([
      eva,
      ben,
    ]);
  });

  test('the last one counts; the same again changes nothing and tells nobody', () => {
    object(eva, 'Too early');
    expect(object(eva, 'Too late')).toMatchObject({ answer: { version: 2 } });
    expect(story.view.participation.objectionsOf(key)).toMatchObject([{ note: 'Too late' }]);
    expect(object(eva, 'Too late')).toMatchObject({ answer: { version: 2 } });
    expect(story.told()).toEqual([]);
  });

  test('not of its owner, of who is not on it, or after its start', () => {
    expect(codeOf(object(ana, 'No'))).toBe('forbidden');
    expect(codeOf(object(zoe, 'No'))).toBe('forbidden');
    expect(codeOf(object(story.person('stranger'), 'No'))).toBe('not_found');
    expect(codeOf(object(eva, 'No', START))).toBe('forbidden');
    expect(story.view.participation.objectionsOf(key)).toEqual([]);
  });
});

describe('release', () => {
  const release = (by: Key, user_key: Key) =>
    story.run(by, { kind: 'appointment.release', appointment_key: key, user_key });

  /** Eva owns it, and placed Ben; Ana is above her, Zoe is her peer, Max below both and not on it. */
  function placed(): Key {
    const max = story.person('max');
    const team = story.group(ana, 'hierarchical', [
      [eva, 5],
      [zoe, 5],
      [ben, 3],
    ]);
    const times = { start: MIDNIGHT + 15 * HOUR_MS, end: MIDNIGHT + 16 * HOUR_MS };
    key = story.book(eva, { ...times, group_key: team, follow_group: false });
    story.join(ana, team, max, 1);
    return max;
  }

  test('by the owner: the participant is declined then, and told', () => {
    placed();
    expect(release(eva, ben)).toMatchObject({ answer: { kind: 'participant', version: 2 } });
    expect(story.part(key, ben)?.status).toBe('declined');
    expect(story.told()).toEqual(['ben: appointment_updated']);
  });

  test('by somebody ranked above the owner, who is told as well', () => {
    placed();
    expect(codeOf(release(ana, ben))).toBeNull();
    expect(story.told()).toEqual(['ben: appointment_updated', 'eva: invitation_declined']);
  });

  test('by nobody else', () => {
    const max = placed();
    expect(codeOf(release(zoe, ben))).toBe('forbidden');
    expect(codeOf(release(ben, ben))).toBe('forbidden');
    expect(codeOf(release(max, ben))).toBe('forbidden');
    expect(codeOf(release(story.person('stranger'), ben))).toBe('not_found');
    expect(story.part(key, ben)).toMatchObject({ status: 'auto', version: 1 });
  });

  test('only who was placed; again it is a success', () => {
    const max = placed();
    expect(codeOf(release(eva, zoe))).toBe('forbidden');
    expect(codeOf(release(eva, eva))).toBe('forbidden');
    expect(codeOf(release(eva, max))).toBe('not_found');
    release(eva, ben);
    expect(release(eva, ben)).toMatchObject({ answer: { version: 2 } });
    expect(story.told()).toEqual([]);
  });

  test('who was released may come all the same; a change of rank re-decides nothing', () => {
    placed();
    const group = story.appointment(key).group_key ?? 0;
    const ranked = { kind: 'group.change_rank', group_key: group, if_match: null } as const;
    story.do(ana, { ...ranked, user_key: ben, rank: 8 });
    expect(story.part(key, ben)?.status).toBe('auto');
    expect(codeOf(story.answer(ben, key, 'declined'))).toBe('imposed');
    release(eva, ben);
    expect(codeOf(story.answer(ben, key, 'accepted'))).toBeNull();
    expect(story.part(key, ben)?.status).toBe('accepted');
  });
});
