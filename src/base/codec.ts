import { assert } from './assert.ts';

/** The bytes do not hold what their format promises. Expected of what comes from a network or a disk. */
export class CodecError extends Error {
  override name = 'CodecError';
}

const INITIAL_BYTES = 512;

/** Appends integers, text and bytes to one growing buffer. Little-endian; lengths as u32. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(expected_bytes = INITIAL_BYTES) {
    assert(expected_bytes >= 0, 'negative buffer size');
    this.#buffer = Buffer.allocUnsafe(Math.max(expected_bytes, 16));
  }

  #reserve(bytes: number): number {
    const offset = this.#length;
    const needed = offset + bytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, offset);
      this.#buffer = grown;
    }
    this.#length = needed;
    return offset;
  }

  u8(value: number): this {
    const offset = this.#reserve(1);
    this.#buffer.writeUInt8(value, offset);
    return this;
  }

  u32(value: number): this {
    const offset = this.#reserve(4);
    this.#buffer.writeUInt32LE(value, offset);
    return this;
  }

  /** An integer from 0 to 2^53 − 1, in eight bytes. */
  u53(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `not an unsigned safe integer: ${value}`);
    const offset = this.#reserve(8);
    this.#buffer.writeUInt32LE(value % 2 ** 32, offset);
    this.#buffer.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
    return this;
  }

  f64(value: number): this {
    const offset = this.#reserve(8);
    this.#buffer.writeDoubleLE(value, offset);
    return this;
  }

  boolean(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    const offset = this.#reserve(value.length);
    this.#buffer.set(value, offset);
    return this;
  }

  text(value: string): this {
    const byte_length = Buffer.byteLength(value, 'utf8');
    this.u32(byte_length);
    const offset = this.#reserve(byte_length);
    this.#buffer.write(value, offset, 'utf8');
    return this;
  }

  /** What was written so far, as a view on the writer's own buffer: write nothing afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Reads back what {@link ByteWriter} wrote. Every read is bounds-checked: {@link CodecError}. */
export class ByteReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset;
  }

  #take(bytes: number): number {
    if (bytes > this.remaining) {
      throw new CodecError(`${bytes} bytes wanted at ${this.#offset}, ${this.remaining} left`);
    }
    const offset = this.#offset;
    this.#offset += bytes;
    return offset;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  u53(): number {
    const offset = this.#take(8);
    const value =
      this.#buffer.readUInt32LE(offset) + this.#buffer.readUInt32LE(offset + 4) * 2 ** 32;
    if (!Number.isSafeInteger(value)) throw new CodecError('integer above 2^53 − 1');
    return value;
  }

  f64(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  boolean(): boolean {
    const value = this.u8();
    if (value > 1) throw new CodecError(`not a boolean: ${value}`);
    return value === 1;
  }

  /** A view on the reader's buffer, not a copy. */
  bytes(): Buffer {
    const length = this.u32();
    const offset = this.#take(length);
    return this.#buffer.subarray(offset, offset + length);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** Asserts that all was read: trailing bytes mean another format. */
  end(): void {
    if (this.remaining !== 0) throw new CodecError(`${this.remaining} bytes too many`);
  }
}
