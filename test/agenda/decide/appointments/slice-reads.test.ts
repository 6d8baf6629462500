import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { followGroup } from '../../../../src/agenda/decide/appointments/follow-group.ts';
import type { Key } from '../../../../src/agenda/model.ts';
import type { RulesView } from '../../../../src/agenda/view.ts';
import { limits } from '../../../../src/limits.ts';
import { HOUR_MS, MIDNIGHT } from '../../../support/agenda-fixture.ts';
import { named, Story } from '../../../support/story.ts';

/** So many that all people on them are more rows than a slice reads. */
const MEETINGS = 12;
/** The last appointment of a slice may go so far beyond its bound: looked for, counted. */
const LAST_ONE = limits.participants_max + 5;

let story: Story;
let ana: Key;
let ben: Key;
let eva: Key;
let zoe: Key;
let group_key: Key;

beforeAll(() => {
  story = new Story();
  [ana, ben, eva, zoe] = story.people('ana', 'ben', 'eva', 'zoe');
  group_key = story.group(ana, 'hierarchical', [[ben, 5]]);
  const others = Array.from({ length: limits.participants_max - 2 }, (_, at) =>
    story.person(`guest-${at}`),
  );
  const participants = [zoe, ...others].map((one) => named(one));
  for (let at = 0; at < MEETINGS; at += 1) {
    const start = MIDNIGHT + at * HOUR_MS;
    story.book(ana, { group_key, start, end: start + HOUR_MS, participants });
  }
}, 120_000);
afterAll(() => story.close());

/** The state, and how many rows were read of it. */
function countingView(): { readonly view: RulesView; readonly rows: () => number } {
  let rows = 0;
  const { view } = story;
  function counted<Found>(found: Found): Found {
    if (typeof found === 'number') rows += found;
    else rows += Array.isArray(found) ? found.length : 1;
    return found;
  }
  return {
    rows: () => rows,
    view: {
      ...view,
      userByKey: (key) => counted(view.userByKey(key)),
      groupAppointmentsAfter: (...place) => counted(view.groupAppointmentsAfter(...place)),
      groups: {
        groupByKey: (key) => counted(view.groups.groupByKey(key)),
        memberOf: (...who) => counted(view.groups.memberOf(...who)),
        membersOf: (key) => counted(view.groups.membersOf(key)),
        memberCount: (key) => counted(view.groups.memberCount(key)),
        createdMembershipCount: (key) => counted(view.groups.createdMembershipCount(key)),
        addedMembershipCount: (key) => counted(view.groups.addedMembershipCount(key)),
      },
      participation: {
        ...view.participation,
        participantOf: (...who) => counted(view.participation.participantOf(...who)),
        participantsOf: (key) => counted(view.participation.participantsOf(key)),
        participantCount: (key) => counted(view.participation.participantCount(key)),
      },
    },
  };
}

/** What the first slice of it reads and writes; `is_done`: it was the only one. */
function sliceOf(body: Parameters<typeof followGroup>[1]) {
  const { view, rows } = countingView();
  let key = 1_000_000_000;
  const decision = followGroup(view, body, {
    index: story.index + 1,
    state_time: MIDNIGHT - HOUR_MS,
    by: null,
    origin_node: 'agenda-1',
    request_id: 'test',
    remembered_until: null,
    nextKey: () => (key += 1),
  });
  if (decision.kind === 'refused') throw new Error(decision.refusal.code);
  const tables = decision.changes.map(({ table }) => table);
  const of_people = decision.changes.filter(
    ({ op, table }) => op !== 'delete' && table === 'participants',
  );
  return { rows: rows(), is_done: !tables.includes('work'), people: of_people.length };
}

const joining = (user_key: Key) =>
  ({ kind: 'appointments.member_joined', group_key, user_key, rank: 1, actor_key: ana }) as const;

describe('a slice is bounded in rows read, also when little or nothing comes of them', () => {
  test('meetings that are full are counted, and who joins stays off them', () => {
    const slice = sliceOf(joining(eva));
    expect(slice).toMatchObject({ is_done: false, people: 0 });
    expect(slice.rows).toBeLessThanOrEqual(limits.work_slice_reads + LAST_ONE);
  });

  test('of those one is on already nobody else is read', () => {
    const by_name = sliceOf(joining(zoe));
    expect(by_name).toMatchObject({ is_done: true, people: MEETINGS });
    const as_member = sliceOf(joining(ben));
    expect(as_member).toMatchObject({ is_done: true, people: 0 });
    for (const { rows } of [by_name, as_member]) expect(rows).toBeLessThan(5 * MEETINGS);
  });

  test('who is to be put on nothing goes through all of it, slice by slice', () => {
    story.join(ana, group_key, eva, 1);
    expect(story.view.firstWork()).not.toBeNull();
    expect(story.finishWork()).toBeGreaterThan(0);
    expect(story.view.firstWork()).toBeNull();
    const meetings = story.view.groupAppointmentsAfter(group_key, 0, MEETINGS);
    expect(meetings.map(({ key }) => story.part(key, eva))).toEqual(meetings.map(() => null));
  });
});
