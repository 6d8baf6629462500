import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CommandBody, CreateAppointment } from '../../../../src/agenda/command.ts';
import type { Key } from '../../../../src/agenda/model.ts';
import {
  appointmentBody,
  fieldsOf,
  HOUR_MS,
  same_people,
} from '../../../support/agenda-fixture.ts';
import { codeOf, named, Story } from '../../../support/story.ts';

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let max: Key;
/** In the group, not on it, and below its owner: sees the times alone. */
let zoe: Key;
let group_key: Key;
/** Ben's, of the group: Ana is asked, Eva is placed. Those who see all of it. */
let key: Key;
let seeing: readonly Key[];

beforeEach(() => {
  story = new Story();
  [ana, ben, eva, max, zoe] = story.people('ana', 'ben', 'eva', 'max', 'zoe');
  group_key = story.group(ana, 'hierarchical', [
    [ben, 5],
    [eva, 3],
  ]);
  key = story.book(ben, { group_key, follow_group: false, privacy: 'freebusy' });
  story.join(ana, group_key, zoe, 1);
  seeing = [ana, ben, eva];
});
afterEach(() => story.close());

/** Whom the last command told of the times alone; null: nobody. */
function toldOfTimes(): readonly Key[] | null {
  const found = story.events().filter(({ kind }) => kind === 'group.busy_changed');
  expect(found.length).toBeLessThanOrEqual(1);
  if (found[0] !== undefined) expect(found[0]).toMatchObject({ key: group_key, group_key });
  return found[0]?.audience ?? null;
}

/** Whom the last command told what of the appointment itself. */
const toldOfIt = () =>
  story.events().flatMap((event) => (event.key === key ? [[event.kind, event.audience]] : []));

const about = () => ({ appointment_key: key, if_match: null });

function updating(changes: Partial<CreateAppointment>): void {
  expect(codeOf(story.update(ben, key, { allow_conflict: true, ...changes }))).toBeNull();
}

function proposing(by: Key): Key {
  const { start, end, all_day, time_zone, start_offset_s, end_offset_s } = appointmentBody();
  return story.do(by, {
    kind: 'appointment.propose',
    appointment_key: key,
    note: null,
    start: start + HOUR_MS,
    end: end + HOUR_MS,
    all_day,
    time_zone,
    start_offset_s,
    end_offset_s,
  }).key;
}

function judging(kind: 'appointment.accept_proposal' | 'appointment.reject_proposal'): CommandBody {
  const { key: proposal_key } = story.view.participation.proposalsOf(key)[0] ?? { key: 0 };
  const judgement = { appointment_key: key, proposal_key };
  return kind === 'appointment.accept_proposal'
    ? { kind, ...judgement, allow_conflict: false }
    : { kind, ...judgement };
}

describe('who sees the times alone is told nothing of', () => {
  test.each<[string, string, () => unknown]>([
    ['an answer', 'answered', () => story.answer(ana, key, 'accepted')],
    ['a refusal', 'answered', () => story.answer(ana, key, 'declined')],
    ['a note', 'answered', () => story.answer(eva, key, 'accepted', { note: 'Must I?' })],
    [
      'an objection',
      'discussed',
      () => story.do(eva, { kind: 'appointment.object', appointment_key: key, note: 'No' }),
    ],
    ['a proposal', 'discussed', () => proposing(eva)],
    [
      'a proposal that is refused',
      'discussed',
      () => {
        proposing(eva);
        story.do(ben, judging('appointment.reject_proposal'));
      },
    ],
    [
      'a release',
      'answered',
      () => story.do(ben, { kind: 'appointment.release', appointment_key: key, user_key: eva }),
    ],
    ['other texts', 'updated', () => updating({ title: 'Other', description: 'Texts' })],
    [
      'another time zone at the same time',
      'updated',
      () => updating({ time_zone: 'Europe/Lisbon', start_offset_s: 0, end_offset_s: 0 }),
    ],
  ])('%s', (_, kind, act) => {
    act();
    expect(toldOfIt()).toEqual([[`appointment.${kind}`, seeing]]);
    expect(toldOfTimes()).toBeNull();
  });

  test('somebody who leaves the group, or joins it', () => {
    story.run(ben, {
      kind: 'appointment.update',
      ...about(),
      computed_from: null,
      ...same_people,
      follow_group: true,
      fields: fieldsOf({ ...appointmentBody(), ...story.appointment(key), calendar_key: null }),
      wrong: [],
      allow_conflict: true,
    });
    expect(toldOfTimes()).toBeNull();
    story.join(ana, group_key, max, 2);
    expect(story.part(key, max)?.status).toBe('auto');
    expect([toldOfIt(), toldOfTimes()]).toEqual([
      [['appointment.answered', [...seeing, max]]],
      null,
    ]);
    story.leave(group_key, max);
    expect([toldOfIt(), toldOfTimes()]).toEqual([
      [
        ['appointment.answered', seeing],
        ['appointment.gone', [max]],
      ],
      null,
    ]);
  });
});

describe('who sees the times alone is told, and not of what, of', () => {
  const { start, end } = appointmentBody();
  test.each<[string, () => unknown]>([
    ['another start', () => updating({ start: start - HOUR_MS })],
    ['another end', () => updating({ end: end + HOUR_MS })],
    [
      'days instead of hours',
      () => updating({ all_day: true, start: start - 11 * HOUR_MS, end: end + 12 * HOUR_MS }),
    ],
    ['a time that is free', () => updating({ busy: false })],
    [
      'a proposal that is accepted',
      () => {
        proposing(eva);
        story.do(ben, judging('appointment.accept_proposal'));
      },
    ],
    ['cancelling', () => story.do(ben, { kind: 'appointment.cancel', ...about() })],
    [
      'restoring',
      () => {
        story.do(ben, { kind: 'appointment.cancel', ...about() });
        story.do(ben, { kind: 'appointment.restore', ...about(), allow_conflict: false });
      },
    ],
  ])('%s', (_, act) => {
    act();
    expect(toldOfTimes()).toEqual([zoe]);
    expect(toldOfIt()).toEqual([[expect.any(String), seeing]]);
  });

  test('being shown all of it, and no longer', () => {
    updating({ privacy: 'full' });
    expect(toldOfTimes()).toEqual([zoe]);
    expect(toldOfIt()).toEqual([['appointment.updated', [...seeing, zoe]]]);
    updating({ title: 'For everybody' });
    expect(toldOfTimes()).toBeNull();
    updating({ privacy: 'freebusy' });
    expect(toldOfTimes()).toEqual([zoe]);
    expect(toldOfIt()).toEqual([
      ['appointment.updated', seeing],
      ['appointment.gone', [zoe]],
    ]);
  });

  test('being on it, and no longer; nobody else is', () => {
    story.join(ana, group_key, max, 2);
    const invite = (people: readonly Key[]) =>
      expect(
        codeOf(
          story.update(
            ben,
            key,
            {},
            people.map((one) => named(one)),
          ),
        ),
      ).toBeNull();
    invite([zoe]);
    expect(toldOfTimes()).toEqual([zoe]);
    expect(toldOfIt()).toEqual([['appointment.updated', [...seeing, zoe]]]);
    invite([]);
    expect(toldOfTimes()).toEqual([zoe]);
    expect(toldOfIt()).toEqual([
      ['appointment.updated', seeing],
      ['appointment.gone', [zoe]],
    ]);
  });
});

test('nothing of what becomes of a cancelled one', () => {
  story.do(ben, { kind: 'appointment.cancel', ...about() });
  expect(toldOfTimes()).toEqual([zoe]);
  story.leave(group_key, eva);
  expect(toldOfIt()).toEqual([['appointment.answered', [ana, ben, eva]]]);
  expect(toldOfTimes()).toBeNull();
});
