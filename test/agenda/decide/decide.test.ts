import { describe, expect, test } from '@jest/globals';
import type { Command, CommandBody, CreateAppointment } from '../../../src/agenda/command.ts';
import { authenticate } from '../../../src/agenda/decide/authenticate.ts';
import { decideCommand } from '../../../src/agenda/decide/decide-command.ts';
import type { CommandDecision } from '../../../src/agenda/decide/decide-command.ts';
import { decide } from '../../../src/agenda/decide/decide.ts';
import { keyAt } from '../../../src/agenda/id.ts';
import type { Calendar, Occurrence, User } from '../../../src/agenda/model.ts';
import type { RulesView } from '../../../src/agenda/view.ts';
import { limits } from '../../../src/limits.ts';
import { appointmentBody, HOUR_MS, MIDNIGHT, registerBody } from '../../support/agenda-fixture.ts';
import { empty_view } from '../../support/empty-view.ts';

const place = { index: 7, state_time: 5_000 };

const ana: User = {
  key: 4096,
  username: 'Ana',
  username_folded: 'ana',
  email: 'Ana@example.org',
  email_folded: 'ana@example.org',
  display_name: 'Ana',
  display_name_folded: 'ana',
  password_hash: 'hash',
  token_version: 3,
  token_version_index: 1,
  time_zone: 'Europe/Madrid',
  locale: 'es',
  share_busy: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 1,
  updated_at: 1,
};

const calendar_of_ana: Calendar = {
  key: 4097,
  owner_key: ana.key,
  is_default: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 1,
  updated_at: 1,
};

const calendar_of_ben: Calendar = { ...calendar_of_ana, key: 8193, owner_key: 8192 };

/** A view over rows in memory. */
function viewOf(occurrences: readonly Occurrence[] = []): RulesView {
  const calendars = [calendar_of_ana, calendar_of_ben];
  return {
    userByKey: (key) => (key === ana.key ? ana : null),
    userByFoldedUsername: (folded) => (folded === ana.username_folded ? ana : null),
    userByFoldedEmail: (folded) => (folded === ana.email_folded ? ana : null),
    calendarByKey: (key) => calendars.find((calendar) => calendar.key === key) ?? null,
    defaultCalendarOf: (key) => calendars.find((calendar) => calendar.owner_key === key) ?? null,
    appointmentByKey: () => null,
    busyOverlapping: (agenda_key, { start, end }, limit) =>
      occurrences
        .filter((one) => one.agenda_key === agenda_key && one.busy)
        .filter((one) => one.start < end && one.end > start)
        .map((one) => one.appointment_key)
        .slice(0, limit),
    ...empty_view,
  };
}

function commandOf(body: CommandBody, changes: Partial<Command> = {}): Command {
  return {
    version: 1,
    at: 5_000,
    by: null,
    token_version: null,
    origin_node: 'agenda-2',
    request_id: 'request-1',
    remember: null,
    body,
    ...changes,
  };
}

function decided(body: CommandBody, view = viewOf(), by: User | null = null): CommandDecision {
  return decideCommand(view, commandOf(body, { by: by?.key ?? null }), by, place, decide);
}

function book(changes: Partial<CreateAppointment>, view = viewOf()): CommandDecision {
  return decided(appointmentBody(changes), view, ana);
}

function refusalCode(decision: CommandDecision): string | null {
  return decision.kind === 'refused' ? decision.refusal.code : null;
}

describe('registering', () => {
  test('makes the person, as a consequence their calendar, and one row of audit', () => {
    const decision = decided(registerBody('Ben'));
    expect(decision).toMatchObject({
      kind: 'done',
      answer: expect.objectContaining({ kind: 'profile', key: keyAt(7, 0), version: 1 }),
      changes: [
        {
          table: 'users',
          row: {
            key: keyAt(7, 0),
            token_version: 1,
            token_version_index: 7,
            created_at: 5_000,
            origin_node: 'agenda-2',
          },
        },
        {
          table: 'calendars',
          row: { key: keyAt(7, 1), owner_key: keyAt(7, 0), is_default: true },
        },
        {
          table: 'audit_logs',
          row: {
            key: keyAt(7, 2),
            component: 'users',
            action: 'user.register',
            actor_key: null,
            object_key: keyAt(7, 0),
            request_id: 'request-1',
            origin_node: 'agenda-2',
            occurred_at: 5_000,
          },
        },
      ],
      events: [{ kind: 'user.registered', key: keyAt(7, 0), audience: [keyAt(7, 0)] }],
    });
  });

  test('folded names are compared, so another case is taken as well', () => {
    expect(refusalCode(decided(registerBody('ANA')))).toBe('username_taken');
    const body = { ...registerBody('Ben'), email_folded: ana.email_folded } as CommandBody;
    expect(refusalCode(decided(body))).toBe('email_taken');
  });

  test('the event and the audit hold ids, never what the person typed', () => {
    const decision = decided(registerBody('Ben'));
    if (decision.kind === 'refused') throw new Error('refused');
    const audit = decision.changes.find((change) => change.table === 'audit_logs');
    expect(JSON.stringify([audit, decision.events])).not.toMatch(/ben/i);
  });
});

describe('who it is', () => {
  const body = appointmentBody();

  test('a session of the present token version is the person', () => {
    const command = commandOf(body, { by: ana.key, token_version: 3 });
    expect(authenticate(viewOf(), command)).toEqual({ ok: true, value: ana });
  });

  test.each([
    ['an ended session', ana.key, 2],
    ['a session that is not yet', ana.key, 4],
    ['no token version', ana.key, null],
    ['nobody we know', 999, 1],
  ])('%s is refused', (_, by, token_version) => {
    const answer = authenticate(viewOf(), commandOf(body, { by, token_version }));
    expect(answer).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
  });

  test('an appointment without anybody is refused', () => {
    expect(refusalCode(decided(body))).toBe('unauthenticated');
  });
});

describe('booking', () => {
  test('is accepted at once, on the default calendar, and told to its owner', () => {
    const decision = book({ title: 'Dentist' });
    expect(decision).toMatchObject({
      kind: 'done',
      answer: { kind: 'appointment', key: keyAt(7, 0), version: 1 },
      changes: [
        {
          op: 'insert',
          table: 'appointments',
          row: {
            key: keyAt(7, 0),
            owner_key: ana.key,
            calendar_key: calendar_of_ana.key,
            title: 'Dentist',
            status: 'accepted',
            sequence: 0,
            version: 1,
            changed_index: 7,
            created_at: 5_000,
            updated_at: 5_000,
          },
        },
        { table: 'occurrences', row: { agenda_key: ana.key, appointment_key: keyAt(7, 0) } },
        { table: 'audit_logs', row: { actor_key: ana.key, action: 'appointment.create' } },
      ],
      events: [{ kind: 'appointment.created', audience: [ana.key] }],
    });
  });

  test('ends after it starts', () => {
    const start = MIDNIGHT;
    expect(refusalCode(book({ start, end: start }))).toBe('invalid_request');
    expect(refusalCode(book({ start, end: start - 1 }))).toBe('invalid_request');
    expect(refusalCode(book({ start, end: start + 1 }))).toBeNull();
  });

  test('counts characters, not UTF-16 units', () => {
    const { title_characters_max } = limits;
    expect(refusalCode(book({ title: '' }))).toBe('invalid_request');
    expect(refusalCode(book({ title: '😀'.repeat(title_characters_max) }))).toBeNull();
    const long = '😀'.repeat(title_characters_max + 1);
    expect(refusalCode(book({ title: long }))).toBe('invalid_request');
    const description = 'x'.repeat(limits.description_characters_max + 1);
    expect(refusalCode(book({ description }))).toBe('invalid_request');
  });

  test('is on a calendar of one’s own; another’s is not there', () => {
    expect(refusalCode(book({ calendar_key: calendar_of_ana.key }))).toBeNull();
    expect(refusalCode(book({ calendar_key: calendar_of_ben.key }))).toBe('not_found');
    expect(refusalCode(book({ calendar_key: 12_345 }))).toBe('not_found');
  });
});

describe('conflicts', () => {
  const taken: Occurrence = {
    agenda_key: ana.key,
    start: MIDNIGHT + 10 * HOUR_MS,
    end: MIDNIGHT + 11 * HOUR_MS,
    appointment_key: 77,
    busy: true,
    status: 'accepted',
  };
  const half_past = { start: taken.start + HOUR_MS / 2, end: taken.end + HOUR_MS / 2 };

  test('busy over busy is refused, and says what it overlaps', () => {
    expect(book(half_past, viewOf([taken]))).toMatchObject({
      kind: 'refused',
      refusal: { code: 'conflict', overlaps: [77] },
    });
  });

  test.each([
    ['touching before', { start: taken.start - HOUR_MS, end: taken.start }],
    ['touching after', { start: taken.end, end: taken.end + HOUR_MS }],
    ['when it is wanted so', { ...half_past, allow_conflict: true }],
    ['when it is not busy', { ...half_past, busy: false }],
  ])('none %s', (_, changes) => {
    expect(refusalCode(book(changes, viewOf([taken])))).toBeNull();
  });

  test('none with what is not busy, or on another’s agenda', () => {
    expect(refusalCode(book(half_past, viewOf([{ ...taken, busy: false }])))).toBeNull();
    expect(refusalCode(book(half_past, viewOf([{ ...taken, agenda_key: 8192 }])))).toBeNull();
  });

  test('no more are named than the bound', () => {
    const many = Array.from({ length: 50 }, (_, at) => ({ ...taken, appointment_key: at + 1 }));
    const decision = book(half_past, viewOf(many));
    if (decision.kind !== 'refused') throw new Error('not refused');
    expect(decision.refusal.overlaps).toHaveLength(limits.conflict_overlaps_max);
  });
});

describe('consequences', () => {
  const body: CommandBody = { kind: 'calendar.create_default', owner_key: 1 };

  test('a refused one refuses the whole', () => {
    const decision = decideCommand(
      viewOf(),
      commandOf(registerBody('Ben')),
      null,
      place,
      (...of) =>
        of[1].kind === 'calendar.create_default'
          ? { kind: 'refused', refusal: { code: 'forbidden', detail: 'No.' } }
          : decide(...of),
    );
    expect(refusalCode(decision)).toBe('forbidden');
  });

  test('depth first, each with keys of its own', () => {
    const order: number[] = [];
    decideCommand(viewOf(), commandOf(registerBody('Ben')), null, place, (_, now, context) => {
      const owner_key = now.kind === 'calendar.create_default' ? now.owner_key : 0;
      order.push(owner_key);
      const follows = owner_key === 0 ? [1, 2] : owner_key === 1 ? [11] : [];
      return {
        kind: 'done',
        changes: [],
        answer: { kind: 'user', key: context.nextKey(), version: 1 },
        consequences: follows.map((key) => ({ ...body, owner_key: key })),
        events: [],
      };
    });
    expect(order).toEqual([0, 1, 11, 2]);
  });

  test('without end are a defect', () => {
    const endless = (): CommandDecision =>
      decideCommand(viewOf(), commandOf(registerBody('Ben')), null, place, () => ({
        kind: 'done',
        changes: [],
        answer: null,
        consequences: [body],
        events: [],
      }));
    expect(endless).toThrow('too many consequences');
  });

  test('a second default calendar is a defect', () => {
    const second = (): CommandDecision =>
      decided({ kind: 'calendar.create_default', owner_key: ana.key });
    expect(second).toThrow('a second default calendar');
  });
});
