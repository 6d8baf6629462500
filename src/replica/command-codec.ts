import { CodecError } from '../base/codec.ts';
import type { Command } from '../agenda/command.ts';
import { limits } from '../limits.ts';
import {
  assertRecord,
  integer,
  nullable,
  object,
  oneOf,
  positive,
  text,
  timestamp,
  UnknownCommandError,
} from './command-checks.ts';
import type { AnyShape, Check, Fields, Shape } from './command-checks.ts';
import { body_shapes, request_key_shape } from './command-shapes.ts';

function isProposable(kind: string): kind is keyof typeof body_shapes {
  return Object.hasOwn(body_shapes, kind);
}

const body_checks = new Map<string, Check>(
  Object.entries(body_shapes).map(([kind, shape]) => [kind, object(shape)]),
);

function body(value: unknown, name: string): void {
  assertRecord(value, name);
  const { kind } = value as { readonly kind?: unknown };
  text(kind, 'kind');
  const check = body_checks.get(kind);
  if (check === undefined) throw new UnknownCommandError(`a command of kind ${kind}`);
  check(value, kind);
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
  for (const [field, check] of Object.entries(shape)) {
    if (check.is_optional === true && fields[field] === undefined) continue;
    picked[field] = fields[field];
  }
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
