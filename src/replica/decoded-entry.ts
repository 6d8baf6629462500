import { CodecError } from '../base/codec.ts';
import type { Command, CommandKind } from '../agenda/command.ts';
import type { Entry } from '../consensus/raft/entry.ts';
import { decodeCommand } from './command-codec.ts';

/** A defect met at an entry. */
export interface Failure {
  readonly kind: CommandKind | 'undecodable';
  readonly error: unknown;
}

/** An entry with what its payload says; null: it says nothing to the agenda. */
export interface Decoded {
  readonly entry: Entry;
  readonly command: Command | null;
  readonly failure: Failure | null;
}

/** Garbage is a defect of who wrote it, equal on every replica; what is unknown here throws. */
export function decodeEntry(entry: Entry): Decoded {
  if (entry.kind !== 'command') return { entry, command: null, failure: null };
  try {
    return { entry, command: decodeCommand(entry.payload), failure: null };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { entry, command: null, failure: { kind: 'undecodable', error } };
  }
}
