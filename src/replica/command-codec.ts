import { CodecError } from '../base/codec.ts';
import type {
  AppointmentFields,
  CancelAppointment,
  ChangePassword,
  Command,
  LogOut,
  UpdateProfile,
  CreateAppointment,
  RegisterUser,
  RequestKey,
  RestoreAppointment,
  UpdateAppointment,
} from '../agenda/command.ts';
import type { FieldError } from '../agenda/refusal.ts';
import { limits } from '../limits.ts';

/**
 * A well-formed command of a kind, version or field that this program does not know: a newer program
 * wrote it. Applying stops here until this one is upgraded.
 */
export class UnknownCommandError extends Error {
  override name = 'UnknownCommandError';
}

/** Throws {@link CodecError} unless the value is what the field holds. */
type Check = (value: unknown, name: string) => void;
/** Every field of a type with its check: the compiler refuses a field that is missing here. */
type Shape<T> = Readonly<Record<keyof T & string, Check>>;
type AnyShape = Readonly<Record<string, Check>>;

function text(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new CodecError(`${name} is not text`);
}

function boolean(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw new CodecError(`${name} is not a boolean`);
}

function integer(value: unknown, name: string): asserts value is number {
  if (!Number.isSafeInteger(value)) throw new CodecError(`${name} is not an integer`);
}

function positive(value: unknown, name: string): void {
  integer(value, name);
  if (value < 1) throw new CodecError(`${name} is below 1`);
}

/** An instant of the log's own time, which never runs backwards and never before 1970. */
function timestamp(value: unknown, name: string): void {
  integer(value, name);
  if (value < 0) throw new CodecError(`${name} is before 1970`);
}

/** A keyed hash of 8 to 64 bytes. */
function hexadecimal(value: unknown, name: string): void {
  text(value, name);
  if (!/^(?:[0-9a-f]{2}){8,64}$/.test(value)) throw new CodecError(`${name} is not a hash`);
}

function oneOf(...wanted: readonly unknown[]): Check {
  return (value, name) => {
    if (!wanted.includes(value)) throw new CodecError(`${name} is none of ${wanted.join(', ')}`);
  };
}

function nullable(check: Check): Check {
  return (value, name) => {
    if (value !== null) check(value, name);
  };
}

function listOf(check: Check, items_max: number): Check {
  return (value, name) => {
    if (!Array.isArray(value)) throw new CodecError(`${name} is not a list`);
    if (value.length > items_max) throw new CodecError(`${name} is too long a list`);
    for (const item of value) check(item, name);
  };
}

function object(shape: AnyShape): Check {
  const fields = Object.entries(shape);
  return (value, name) => {
    assertRecord(value, name);
    for (const [field, check] of fields) check(value[field], field);
    // All fields are there; one more was added by a newer program, and to ignore it would apply
    // another command than was meant.
    if (Object.keys(value).length !== fields.length) {
      throw new UnknownCommandError(`${name} has fields that this program does not know`);
    }
  };
}

type Fields = Readonly<Record<string, unknown>>;

function assertRecord(value: unknown, name: string): asserts value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodecError(`${name} is not an object`);
  }
}

const request_key_shape: Shape<RequestKey> = {
  scope_hash: hexadecimal,
  fingerprint: hexadecimal,
  ttl_ms: positive,
};

const register_user_shape: Shape<RegisterUser> = {
  kind: oneOf('user.register'),
  username: text,
  username_folded: text,
  email: text,
  email_folded: text,
  display_name: text,
  display_name_folded: text,
  password_hash: text,
  time_zone: text,
  locale: text,
};

const update_profile_shape: Shape<UpdateProfile> = {
  kind: oneOf('user.update_profile'),
  if_match: nullable(listOf(positive, limits.if_match_versions_max)),
  display_name: nullable(text),
  display_name_folded: nullable(text),
  email: nullable(text),
  email_folded: nullable(text),
  time_zone: nullable(text),
  locale: nullable(text),
  share_busy: nullable(boolean),
};

const change_password_shape: Shape<ChangePassword> = {
  kind: oneOf('user.change_password'),
  if_match: nullable(listOf(positive, limits.if_match_versions_max)),
  password_hash: text,
};

const log_out_shape: Shape<LogOut> = { kind: oneOf('user.log_out') };

const appointment_fields_shape: Shape<AppointmentFields> = {
  title: text,
  description: text,
  start: integer,
  end: integer,
  all_day: boolean,
  time_zone: text,
  start_offset_s: integer,
  end_offset_s: integer,
  privacy: oneOf('full', 'freebusy'),
  busy: boolean,
  calendar_key: nullable(positive),
};

const create_appointment_shape: Shape<CreateAppointment> = {
  kind: oneOf('appointment.create'),
  ...appointment_fields_shape,
  allow_conflict: boolean,
};

const field_error_shape: Shape<FieldError> = { field: text, detail: text };
const changed_appointment_shape = {
  appointment_key: positive,
  if_match: nullable(listOf(positive, limits.if_match_versions_max)),
};

const update_appointment_shape: Shape<UpdateAppointment> = {
  kind: oneOf('appointment.update'),
  ...changed_appointment_shape,
  computed_from: nullable(positive),
  fields: nullable(object(appointment_fields_shape)),
  wrong: listOf(object(field_error_shape), limits.problem_errors_max),
  allow_conflict: boolean,
};

const cancel_appointment_shape: Shape<CancelAppointment> = {
  kind: oneOf('appointment.cancel'),
  ...changed_appointment_shape,
};

const restore_appointment_shape: Shape<RestoreAppointment> = {
  kind: oneOf('appointment.restore'),
  ...changed_appointment_shape,
  allow_conflict: boolean,
};

/** The kinds that may be proposed; a consequence alone is never in the log. */
const body_shapes = {
  'user.register': register_user_shape,
  'user.update_profile': update_profile_shape,
  'user.change_password': change_password_shape,
  'user.log_out': log_out_shape,
  'appointment.create': create_appointment_shape,
  'appointment.update': update_appointment_shape,
  'appointment.cancel': cancel_appointment_shape,
  'appointment.restore': restore_appointment_shape,
} as const;

const body_checks: Readonly<Record<keyof typeof body_shapes, Check>> = {
  'user.register': object(register_user_shape),
  'user.update_profile': object(update_profile_shape),
  'user.change_password': object(change_password_shape),
  'user.log_out': object(log_out_shape),
  'appointment.create': object(create_appointment_shape),
  'appointment.update': object(update_appointment_shape),
  'appointment.cancel': object(cancel_appointment_shape),
  'appointment.restore': object(restore_appointment_shape),
};

function isProposable(kind: string): kind is keyof typeof body_shapes {
  return Object.hasOwn(body_shapes, kind);
}

function body(value: unknown, name: string): void {
  assertRecord(value, name);
  const { kind } = value as { readonly kind?: unknown };
  text(kind, 'kind');
  if (!isProposable(kind)) throw new UnknownCommandError(`a command of kind ${kind}`);
  body_checks[kind](value, kind);
}

const command_shape: Shape<Command> = {
  version: oneOf(1),
  at: timestamp,
  by: nullable(positive),
  token_version: nullable(integer),
  origin_node: text,
  request_id: text,
  remember: nullable(object(request_key_shape)),
  body,
};

const checkCommand = object(command_shape);

/**
 * The bytes of a log entry: compact JSON with exactly the fields of the command. What this encodes,
 * {@link decodeCommand} decodes.
 *
 * @throws {CodecError} the value is not a command, or it is too large
 * @throws {UnknownCommandError} its kind is one that nobody proposes
 */
export function encodeCommand(command: Command): Buffer {
  const { kind } = command.body;
  if (!isProposable(kind)) throw new UnknownCommandError(`a command of kind ${kind}`);
  const { remember } = command;
  const exact = {
    ...pick(command, command_shape),
    remember: remember === null ? null : pick(remember, request_key_shape),
    body: pick(command.body, body_shapes[kind]),
  };
  checkCommand(exact, 'command');
  const bytes = Buffer.from(JSON.stringify(exact), 'utf8');
  if (bytes.length > limits.command_bytes_max) throw new CodecError('the command is too large');
  return bytes;
}

/** Types do not forbid more fields than they name; the log must not have them. */
function pick(value: object, shape: AnyShape): Fields {
  const fields = value as Fields;
  const picked: Record<string, unknown> = {};
  for (const field of Object.keys(shape)) picked[field] = fields[field];
  return picked;
}

/**
 * @throws {UnknownCommandError} a newer program wrote it
 * @throws {CodecError} garbage
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const value = parse(bytes);
  assertRecord(value, 'command');
  const { version } = value as { readonly version?: unknown };
  if (version !== 1) {
    positive(version, 'version');
    throw new UnknownCommandError(`a command of version ${String(version)}`);
  }
  checkCommand(value, 'command');
  return value as unknown as Command;
}

function parse(bytes: Uint8Array): unknown {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new CodecError('the command is not JSON', { cause: error });
  }
}
