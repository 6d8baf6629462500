import { CodecError } from '../base/codec.ts';

/**
 * A well-formed command of a kind, version or field that this program does not know: a newer program
 * wrote it. Applying stops here until this one is upgraded.
 */
export class UnknownCommandError extends Error {
  override name = 'UnknownCommandError';
}

/** Throws {@link CodecError} unless the value is what the field holds. */
export interface Check {
  (value: unknown, name: string): void;
  /** The field may be absent. */
  readonly is_optional?: true;
}
/** Every field of a type with its check: the compiler refuses a field that is missing here. */
export type Shape<T> = Readonly<Record<keyof T & string, Check>>;
export type AnyShape = Readonly<Record<string, Check>>;

export function text(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new CodecError(`${name} is not text`);
}

export function boolean(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw new CodecError(`${name} is not a boolean`);
}

export function integer(value: unknown, name: string): asserts value is number {
  if (!Number.isSafeInteger(value)) throw new CodecError(`${name} is not an integer`);
}

export function positive(value: unknown, name: string): void {
  integer(value, name);
  if (value < 1) throw new CodecError(`${name} is below 1`);
}

/** An instant of the log's own time, which never runs backwards and never before 1970. */
export function timestamp(value: unknown, name: string): void {
  integer(value, name);
  if (value < 0) throw new CodecError(`${name} is before 1970`);
}

/** A keyed hash of 8 to 64 bytes. */
export function hexadecimal(value: unknown, name: string): void {
  text(value, name);
  if (!/^(?:[0-9a-f]{2}){8,64}$/.test(value)) throw new CodecError(`${name} is not a hash`);
}

export function oneOf(...wanted: readonly unknown[]): Check {
  return (value, name) => {
    if (!wanted.includes(value)) throw new CodecError(`${name} is none of ${wanted.join(', ')}`);
  };
}

export function nullable(check: Check): Check {
  return (value, name) => {
    if (value !== null) check(value, name);
  };
}

/** A field that came later than its command: in an older entry it is absent. */
export function optional(check: Check): Check {
  return Object.assign((value: unknown, name: string) => check(value, name), {
    is_optional: true,
  } as const);
}

export function listOf(check: Check, items_max: number): Check {
  return (value, name) => {
    if (!Array.isArray(value)) throw new CodecError(`${name} is not a list`);
    if (value.length > items_max) throw new CodecError(`${name} is too long a list`);
    for (const item of value) check(item, name);
  };
}

export function object(shape: AnyShape): Check {
  const fields = Object.entries(shape);
  return (value, name) => {
    assertRecord(value, name);
    let present = 0;
    for (const [field, check] of fields) {
      if (check.is_optional === true && !Object.hasOwn(value, field)) continue;
      check(value[field], field);
      present += 1;
    }
    // All fields are there; one more was added by a newer program, and to ignore it would apply
    // another command than was meant.
    if (Object.keys(value).length !== present) {
      throw new UnknownCommandError(`${name} has fields that this program does not know`);
    }
  };
}

export type Fields = Readonly<Record<string, unknown>>;

export function assertRecord(value: unknown, name: string): asserts value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodecError(`${name} is not an object`);
  }
}
