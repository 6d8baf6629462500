import { describe, expect, test } from '@jest/globals';
import { CodecError } from '../../src/base/codec.ts';
import type { Command, CommandBody, UpdateAppointment } from '../../src/agenda/command.ts';
import { limits } from '../../src/limits.ts';
import { UnknownCommandError } from '../../src/replica/command-checks.ts';
import { decodeCommand, encodeCommand } from '../../src/replica/command-codec.ts';
import {
  appointmentBody,
  profileBody,
  registerBody,
  requestKey,
  fieldsOf,
  same_people,
} from '../support/agenda-fixture.ts';

function commandOf(body: CommandBody): Command {
  return {
    version: 1,
    at: 1_000,
    by: 4096,
    token_version: 1,
    origin_node: 'agenda-1',
    request_id: 'request-1',
    remember: requestKey('key'),
    body,
  };
}

const field_error = { field: 'end', detail: 'must be after start' };

const judged = { appointment_key: 8192, proposal_key: 8200 };
const proposed = {
  kind: 'appointment.propose',
  appointment_key: 8192,
  all_day: false,
  time_zone: 'UTC',
  start: 1,
  end: 2,
  start_offset_s: 0,
  end_offset_s: 0,
  note: null,
} as const;
/** Kinds that were there before they had `if_match`. */
const without_version: readonly CommandBody[] = [
  {
    kind: 'appointment.answer',
    appointment_key: 8192,
    answer: 'accepted',
    sequence: 0,
    note: null,
  },
  { kind: 'appointment.object', appointment_key: 8192, note: 'No' },
  proposed,
  { kind: 'appointment.accept_proposal', ...judged, allow_conflict: false },
  { kind: 'appointment.reject_proposal', ...judged },
  { kind: 'appointment.release', appointment_key: 8192, user_key: 4096 },
];

function updateBody(changes: Partial<UpdateAppointment> = {}): UpdateAppointment {
  return {
    kind: 'appointment.update',
    appointment_key: 8192,
    if_match: null,
    computed_from: null,
    fields: fieldsOf(appointmentBody()),
    ...same_people,
    wrong: [],
    allow_conflict: false,
    ...changes,
  };
}

/** The bytes of a command after a change to its JSON. */
function altered(change: (value: Record<string, unknown>) => unknown): Uint8Array {
  const value = JSON.parse(encodeCommand(commandOf(appointmentBody())).toString()) as Record<
    string,
    unknown
  >;
  return Buffer.from(JSON.stringify(change(value)));
}

describe('a command', () => {
  test.each<CommandBody>([
    registerBody('Zoë 😀'),
    profileBody(),
    profileBody({ if_match: [1, 2], email: 'Ana@x', email_folded: 'ana@x', share_busy: false }),
    { kind: 'user.change_password', if_match: [], password_hash: '$argon2id$' },
    { kind: 'user.log_out' },
    appointmentBody({ calendar_key: 4097 }),
    updateBody(),
    updateBody({ if_match: [2, 3], computed_from: 3, fields: null, wrong: [field_error] }),
    { kind: 'appointment.cancel', appointment_key: 8192, if_match: [] },
    { kind: 'appointment.restore', appointment_key: 8192, if_match: null, allow_conflict: true },
    ...without_version,
    ...without_version.map((body) => ({ ...body, if_match: [2, 3] }) as CommandBody),
  ])('comes back as it was: $kind', (body) => {
    const command = commandOf(body);
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
    const without_key = { ...command, remember: null, by: null, token_version: null };
    expect(decodeCommand(encodeCommand(without_key))).toEqual(without_key);
  });

  test('is encoded with its own fields only, whatever else the object holds', () => {
    const command = commandOf(appointmentBody());
    const extra = { ...command, later: 1, body: { ...command.body, later: 2 } };
    expect(decodeCommand(encodeCommand(extra))).toEqual(command);
  });

  test('has a bound', () => {
    const description = 'x'.repeat(limits.command_bytes_max);
    expect(() => encodeCommand(commandOf(appointmentBody({ description })))).toThrow(CodecError);
  });

  test('that is none is not encoded', () => {
    expect(() => encodeCommand(commandOf(appointmentBody({ start: Number.NaN })))).toThrow(
      CodecError,
    );
    expect(() =>
      encodeCommand(commandOf({ kind: 'calendar.create_default', owner_key: 1 })),
    ).toThrow(UnknownCommandError);
  });
});

describe('written before a field was there', () => {
  test.each(without_version)('it is read, and written alike: $kind', (body) => {
    const old = JSON.stringify(commandOf(body));
    expect(decodeCommand(Buffer.from(old))).toEqual(commandOf(body));
    const any = { ...body, if_match: undefined } as CommandBody;
    for (const same of [body, any]) {
      const written = JSON.parse(encodeCommand(commandOf(same)).toString()) as unknown;
      expect(written).toEqual(JSON.parse(old));
      expect(written).not.toHaveProperty('body.if_match');
    }
  });

  test.each(without_version)('what the field holds is looked at: $kind', (body) => {
    for (const if_match of [null, [0], ['1'], 1, Array(limits.if_match_versions_max + 1).fill(1)]) {
      const wrong = { ...commandOf(body), body: { ...body, if_match } };
      expect(() => decodeCommand(Buffer.from(JSON.stringify(wrong)))).toThrow(CodecError);
    }
  });

  test('a field that was always there is still required, beside one too many as well', () => {
    const { note: _note, ...rest } = proposed;
    const wrong = { ...commandOf(proposed), body: { ...rest, if_match: [1] } };
    expect(() => decodeCommand(Buffer.from(JSON.stringify(wrong)))).toThrow(CodecError);
    const more = { ...commandOf(proposed), body: { ...proposed, if_match: [1], later: 1 } };
    expect(() => decodeCommand(Buffer.from(JSON.stringify(more)))).toThrow(UnknownCommandError);
  });
});

describe('written by a newer program', () => {
  test.each<[string, (value: Record<string, unknown>) => unknown]>([
    ['another version', (value) => ({ ...value, version: 2 })],
    ['another kind', (value) => ({ ...value, body: { kind: 'calendar.import', name: 'x' } })],
    ['another field', (value) => ({ ...value, later: 1 })],
    ['another field of the body', (value) => ({ ...value, body: { ...appointmentBody(), x: 1 } })],
    ['another field of the key', (value) => ({ ...value, remember: { ...requestKey('k'), x: 1 } })],
    [
      'a consequence',
      (value) => ({ ...value, body: { kind: 'calendar.create_default', owner_key: 1 } }),
    ],
    ['a kind named like a method', (value) => ({ ...value, body: { kind: 'toString' } })],
  ])('%s is unknown', (_, change) => {
    expect(() => decodeCommand(altered(change))).toThrow(UnknownCommandError);
  });
});

describe('garbage', () => {
  test.each<[string, (value: Record<string, unknown>) => unknown]>([
    ['no object', () => [1]],
    ['null', () => null],
    ['no version', (value) => ({ ...value, version: undefined })],
    ['a version that is text', (value) => ({ ...value, version: '1' })],
    ['no kind', (value) => ({ ...value, body: {} })],
    ['a missing field', (value) => ({ ...value, at: undefined })],
    ['a fraction', (value) => ({ ...value, at: 1.5 })],
    ['a time before 1970', (value) => ({ ...value, at: -1 })],
    ['a number beyond 2^53', (value) => ({ ...value, by: 2 ** 60 })],
    ['a wrong type', (value) => ({ ...value, body: { ...appointmentBody(), busy: 1 } })],
    ['a wrong privacy', (value) => ({ ...value, body: { ...appointmentBody(), privacy: 'no' } })],
    [
      'a scope that is no hash',
      (value) => ({ ...value, remember: { ...requestKey('k'), scope_hash: 'abc' } }),
    ],
  ])('%s is refused', (_, change) => {
    expect(() => decodeCommand(altered(change))).toThrow(CodecError);
  });

  test('bytes that are not JSON are refused', () => {
    const bytes = encodeCommand(commandOf(appointmentBody()));
    expect(() => decodeCommand(bytes.subarray(0, -1))).toThrow(CodecError);
    expect(() => decodeCommand(new Uint8Array(0))).toThrow(CodecError);
  });
});
