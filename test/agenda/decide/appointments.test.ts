import type { Occurrence } from '../../../src/agenda/model.ts';
import { describe, expect, test } from '@jest/globals';
import type { RowChange } from '../../../src/agenda/change.ts';
import type { AppointmentFields } from '../../../src/agenda/command.ts';
import { occurrencesOf } from '../../../src/agenda/decide/appointments/occurrence.ts';
import type { CommandDecision } from '../../../src/agenda/decide/decide-command.ts';
import { limits } from '../../../src/limits.ts';
import { appointmentBody, DAY_MS, HOUR_MS } from '../../support/agenda-fixture.ts';
import {
  STATE_TIME,
  ana,
  ben,
  calendar,
  calendar_of_ben,
  cancel,
  cancelledAt,
  changesOf,
  current,
  decided,
  other,
  refusalCode,
  restore,
  rowAfter,
  second,
  update,
} from '../../support/appointment-rules.ts';
import type { Given } from '../../support/appointment-rules.ts';

const [occurrence] = occurrencesOf({ appointment: current, participants: [] }) as [Occurrence];

describe('replacing', () => {
  test('changes what the owner says, and nothing else', () => {
    const wanted: Partial<AppointmentFields> = {
      title: 'Other',
      description: 'Text',
      start: current.start + HOUR_MS / 2,
      privacy: 'freebusy',
      calendar_key: second.key,
      time_zone: 'UTC',
      start_offset_s: 0,
      end_offset_s: 0,
    };
    const decision = update(wanted);
    expect(rowAfter(decision)).toEqual({
      ...current,
      ...wanted,
      version: 4,
      sequence: 2,
      changed_index: 9,
      origin_node: 'agenda-2',
      updated_at: STATE_TIME,
    });
    expect(decision).toMatchObject({
      answer: { kind: 'appointment', key: current.key, version: 4 },
      events: [{ kind: 'appointment.moved', version: 4, audience: [ana.key] }],
    });
  });

  test('moves it on the agenda', () => {
    const start = current.start - HOUR_MS;
    const { agenda_key, appointment_key } = occurrence;
    expect(changesOf(update({ start }))).toEqual(
      expect.arrayContaining([
        {
          op: 'delete',
          table: 'occurrences',
          row: { agenda_key, appointment_key, start: current.start },
        },
        {
          op: 'insert',
          table: 'occurrences',
          row: { ...occurrence, start },
        },
      ]),
    );
    const of_text = changesOf(update({ title: 'Other' }));
    expect(of_text.map((change) => change.table)).toEqual(['appointment_versions', 'appointments']);
  });

  test.each([
    ['another start', { start: current.start - 1 }, 1],
    ['another end', { end: current.end + 1 }, 1],
    ['all-day with other instants', { all_day: true, busy: false, end: current.end + DAY_MS }, 1],
    ['another title', { title: 'Other' }, 0],
    ['another description', { description: 'Other' }, 0],
    ['another zone at the same instants', { time_zone: 'UTC', start_offset_s: 0 }, 0],
    ['not busy', { busy: false }, 0],
  ])('version grows by one, sequence only with the times: %s', (_, changes, growth) => {
    const { version, sequence } = rowAfter(update(changes));
    expect([version, sequence]).toEqual([current.version + 1, current.sequence + growth]);
  });

  test('what is so already keeps its version, and is a success', () => {
    const decision = update({});
    expect(changesOf(decision)).toEqual([]);
    expect(decision).toMatchObject({ answer: { version: 3 }, events: [] });
  });

  test('the default calendar is meant when none is named; another’s is not there', () => {
    const elsewhere = { ...current, calendar_key: second.key };
    const decision = update({ calendar_key: null }, {}, { appointments: [elsewhere] });
    expect(rowAfter(decision).calendar_key).toBe(calendar.key);
    expect(refusalCode(update({ calendar_key: calendar_of_ben.key }))).toBe('not_found');
  });

  test.each<[string, Partial<AppointmentFields>, string]>([
    ['end', { end: current.start }, 'must be after start'],
    ['title', { title: '' }, 'must have 1 to 200 characters'],
    ['time_zone', { start_offset_s: 100_000 }, 'must be a time zone of this world'],
    ['end', { all_day: true }, 'must be a date after start'],
  ])('what is wrong is named: %s', (field, changes, detail) => {
    expect(update(changes)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'invalid_request', errors: [{ field, detail }] },
    });
  });

  test('a cancelled one must be restored first', () => {
    const given = { appointments: [cancelledAt(STATE_TIME - 1)] };
    expect(refusalCode(update({ title: 'Other' }, {}, given))).toBe('forbidden');
  });
});

describe('who may, and which version', () => {
  const all = [
    (given: Given) => update({ title: 'Other' }, { if_match: [9] }, given),
    (given: Given) => cancel(given, [9]),
    (given: Given) => restore(given),
  ];

  test.each(all)('what is not one’s own is not there, whatever version is asked for', (run) => {
    expect(refusalCode(run({ by: ben }))).toBe('not_found');
    expect(refusalCode(run({ appointments: [] }))).toBe('not_found');
    expect(refusalCode(run({ by: null }))).toBe('unauthenticated');
  });

  test('If-Match names the versions it may have; without it any will do', () => {
    expect(refusalCode(update({ title: 'Other' }, { if_match: [2] }))).toBe('precondition_failed');
    expect(refusalCode(update({ title: 'Other' }, { if_match: [] }))).toBe('precondition_failed');
    expect(refusalCode(update({ title: 'Other' }, { if_match: [2, 3] }))).toBeNull();
    expect(refusalCode(update({ title: 'Other' }))).toBeNull();
    expect(refusalCode(cancel({}, [2]))).toBe('precondition_failed');
  });

  test('If-Match is judged before what is wrong, and before what it was computed from', () => {
    const wrong = { fields: null, wrong: [{ field: 'end', detail: 'must be after start' }] };
    const more = { if_match: [2], computed_from: 2, ...wrong };
    expect(refusalCode(update({}, more))).toBe('precondition_failed');
    expect(refusalCode(update({}, { ...more, if_match: null }))).toBe('outdated');
    expect(update({}, { ...more, if_match: null, computed_from: 3 })).toMatchObject({
      refusal: { code: 'invalid_request', detail: 'end: must be after start', errors: wrong.wrong },
    });
  });
});

describe('conflicts of what changes', () => {
  const onto_other = { start: other.start, end: other.end };

  test.each<[string, () => CommandDecision]>([
    ['moved', () => update(onto_other)],
    ['made longer', () => update({ end: other.end })],
    [
      'made busy',
      () =>
        update(
          { busy: true, ...onto_other },
          {},
          {
            appointments: [{ ...current, ...onto_other, busy: false }, other],
          },
        ),
    ],
    [
      'restored',
      () => restore({ appointments: [{ ...cancelledAt(STATE_TIME), ...onto_other }, other] }),
    ],
  ])('%s onto something busy is refused', (_, run) => {
    expect(run()).toMatchObject({ refusal: { code: 'conflict', overlaps: [other.key] } });
  });

  test('unless it is allowed, or not busy, or only touches', () => {
    expect(refusalCode(update(onto_other, { allow_conflict: true }))).toBeNull();
    expect(refusalCode(update({ ...onto_other, busy: false }))).toBeNull();
    expect(refusalCode(update({ end: other.start }))).toBeNull();
    const onto = { ...cancelledAt(STATE_TIME), ...onto_other };
    expect(refusalCode(restore({ appointments: [onto, other] }, true))).toBeNull();
  });

  test('its own slot is no conflict', () => {
    expect(refusalCode(update({ start: current.start + 1 }))).toBeNull();
  });

  test('other texts of what overlaps already are none', () => {
    const both = { ...current, ...onto_other };
    const given = { appointments: [both, other] };
    expect(refusalCode(update({ ...onto_other, title: 'Other' }, {}, given))).toBeNull();
  });

  test('what is cancelled takes no time', () => {
    const cancelled = { ...other, status: 'cancelled' as const, cancelled_at: STATE_TIME };
    const given = { appointments: [current, cancelled] };
    expect(refusalCode(update(onto_other, {}, given))).toBeNull();
  });
});

describe('cancelling and restoring', () => {
  test('cancelling keeps the appointment, raises both counters and frees its time', () => {
    const decision = cancel();
    expect(rowAfter(decision)).toEqual({
      ...current,
      status: 'cancelled',
      version_status: 'cancelled',
      cancelled_at: STATE_TIME,
      version: 4,
      sequence: 2,
      changed_index: 9,
      origin_node: 'agenda-2',
      updated_at: STATE_TIME,
    });
    expect(changesOf(decision)).toContainEqual({
      op: 'insert',
      table: 'occurrences',
      row: { ...occurrence, busy: false },
    });
    expect(decision).toMatchObject({ events: [{ kind: 'appointment.cancelled' }] });
  });

  test('restoring makes it as it was, with both counters raised', () => {
    const decision = restore({ appointments: [cancelledAt(STATE_TIME - DAY_MS)] });
    expect(rowAfter(decision)).toMatchObject({
      status: 'accepted',
      cancelled_at: null,
      version: 4,
      sequence: 2,
    });
    expect(changesOf(decision)).toContainEqual({
      op: 'insert',
      table: 'occurrences',
      row: occurrence,
    });
    expect(decision).toMatchObject({ events: [{ kind: 'appointment.restored' }] });
  });

  test('doing again what is so changes nothing', () => {
    for (const decision of [cancel({ appointments: [cancelledAt(STATE_TIME)] }), restore({})]) {
      expect(changesOf(decision)).toEqual([]);
      expect(decision).toMatchObject({ answer: { version: 3 }, events: [] });
    }
  });

  test('for 30 days of state time, then it is not there', () => {
    const at = (state_time: number) => ({ appointments: [cancelledAt(STATE_TIME)], state_time });
    const gone_at = STATE_TIME + limits.cancelled_kept_ms;
    expect(refusalCode(restore(at(gone_at - 1)))).toBeNull();
    expect(refusalCode(restore(at(gone_at)))).toBe('not_found');
    expect(refusalCode(cancel(at(gone_at)))).toBe('not_found');
  });
});

describe('earlier versions', () => {
  function versionKept(given: Given): RowChange | undefined {
    return changesOf(update({ title: 'Other' }, {}, given)).find(
      (change) => change.table === 'appointment_versions',
    );
  }

  test('what it was is kept for answers on their way', () => {
    expect(versionKept({})).toMatchObject({
      op: 'insert',
      row: {
        appointment_key: current.key,
        version: 3,
        title: current.title,
        start: current.start,
        updated_at: current.updated_at,
        expires_at: STATE_TIME + limits.answer_window_ms,
      },
    });
  });

  test('and as long as a request key can ask for it', () => {
    const remembered = { ...current, remembered_until: STATE_TIME + DAY_MS };
    expect(versionKept({ appointments: [remembered] })).toMatchObject({
      row: { expires_at: STATE_TIME + DAY_MS },
    });
  });

  test('a success with a key says until when, also one that changes nothing', () => {
    const given = { remember_ms: DAY_MS };
    const remembered_until = STATE_TIME + DAY_MS;
    expect(rowAfter(update({ title: 'Other' }, {}, given))).toMatchObject({ remembered_until });
    expect(rowAfter(update({}, {}, given))).toEqual({ ...current, remembered_until });
    const later = { ...current, remembered_until: remembered_until + 1 };
    expect(changesOf(update({}, {}, { ...given, appointments: [later] }))).toEqual([]);
    const created = decided(appointmentBody({ allow_conflict: true }), given);
    expect(changesOf(created)[0]).toMatchObject({ row: { remembered_until } });
  });
});
