import { z } from 'zod';
import { ByteReader, ByteWriter, CodecError } from '../base/codec.ts';
import { readEntry, writeEntry } from '../consensus/entry-codec.ts';
import { offerEntry } from '../consensus/entry-offer.ts';
import type { EntryOffer, EntryQuestion, EntrySource, Standing } from '../consensus/entry-offer.ts';
import type { LogStore } from '../consensus/ports.ts';
import { decodeConfiguration, encodeConfiguration } from '../consensus/raft/configuration-codec.ts';
import { entryBytes } from '../consensus/raft/entry.ts';
import type { Entry } from '../consensus/raft/entry.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';
import type { JsonRoute } from '../consensus/rpc/route.ts';
import { RpcError } from '../consensus/rpc/rpc-error.ts';
import type { RpcTransport } from '../consensus/rpc/transport.ts';
import type { AddressBook } from '../discovery/address-book.ts';
import type { AddressEntry } from '../discovery/address-entry.ts';

/* How replicas ask each other for single entries of the log: only when a disk has lost one. */

const ENTRIES_PATH = '/raft/entries';

const index_schema = z.number().int().nonnegative();
const term_schema = z.number().int().nonnegative().nullable();

const question_schema = z.strictObject({
  group_id: z.string(),
  index: z.number().int().positive(),
  before_index: index_schema,
  after_index: index_schema,
});

const offer_schema = z.strictObject({
  committed_through: index_schema,
  /** As `entry-codec.ts` writes it, in base64. */
  entry: z.string().nullable(),
  before_term: term_schema,
  after_term: term_schema,
  base: z
    .strictObject({
      index: z.number().int().positive(),
      term: z.number().int().nonnegative(),
      configuration_index: z.number().int().positive(),
      /** As `configuration-codec.ts` writes it, in base64. */
      configuration: z.string(),
    })
    .nullable(),
});
type WrittenBase = z.infer<typeof offer_schema>['base'];

export interface EntrySourceOptions {
  readonly transport: Pick<RpcTransport, 'call'>;
  readonly book: Pick<AddressBook, 'entries' | 'dialable'>;
  readonly group_id: string;
  /** Whether this replica was told of any other. */
  readonly is_alone: boolean;
}

/** Asks everybody known. */
export function createEntrySource(options: EntrySourceOptions): EntrySource {
  const { book, is_alone } = options;
  return {
    hasOthers: () => !is_alone || book.entries.length > 0,
    async ask(question) {
      const answers = await Promise.all(
        book.dialable().map((peer) => askOne(options, peer, question)),
      );
      return answers.filter((answer) => answer !== null);
    },
  };
}

/** Null: no answer, or none that makes sense. */
async function askOne(
  { transport, group_id }: EntrySourceOptions,
  { address, node_id, storage_id }: AddressEntry,
  question: EntryQuestion,
): Promise<EntryOffer | null> {
  try {
    const body = { group_id, ...question };
    const destination = { node_id, storage_id };
    const answer = await transport.call(address, 'POST', ENTRIES_PATH, body, { destination });
    const parsed = offer_schema.safeParse(answer.body);
    if (answer.status !== 200 || !parsed.success) return null;
    const entry = parsed.data.entry === null ? null : decodeEntry(parsed.data.entry);
    if (entry !== null && entry.index !== question.index) return null;
    return { ...parsed.data, entry, base: decodeBase(parsed.data) };
  } catch (error) {
    if (error instanceof RpcError || error instanceof CodecError) return null;
    throw error;
  }
}

export interface EntriesRouteOptions {
  readonly group_id: string;
  readonly store: Pick<LogStore, 'read'>;
  readonly standing: () => Standing;
}

/** Answers such questions. */
export function entriesRoute(options: EntriesRouteOptions): JsonRoute {
  return {
    method: 'POST',
    path: ENTRIES_PATH,
    accepts_strangers: false,
    format: 'json',
    async handle({ body }) {
      const parsed = question_schema.safeParse(body);
      if (!parsed.success || parsed.data.group_id !== options.group_id) {
        return { status: 400, body: { reason: 'not a question about an entry' } };
      }
      const offer = await offerEntry(options.store, options.standing(), parsed.data);
      const entry = offer.entry === null ? null : encodeEntry(offer.entry);
      return { status: 200, body: { ...offer, entry, base: encodeBase(offer.base) } };
    },
  };
}

/** In UTF-8, of one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

function encodeEntry(entry: Entry): string {
  const writer = new ByteWriter(entryBytes(entry) + entry.request_id.length * BYTES_PER_UNIT);
  writeEntry(writer, entry);
  return Buffer.from(writer.finish()).toString('base64');
}

/** @throws {CodecError} not an entry, or damaged */
function decodeEntry(text: string): Entry {
  const reader = new ByteReader(Buffer.from(text, 'base64'));
  const entry = readEntry(reader);
  reader.end();
  return entry;
}

function encodeBase(base: LogBase | null): WrittenBase {
  if (base === null) return null;
  const { index, term, configuration: placed } = base;
  const configuration = Buffer.from(encodeConfiguration(placed.configuration)).toString('base64');
  return { index, term, configuration_index: placed.index, configuration };
}

/** @throws {CodecError} it is no place in a log that is committed there */
function decodeBase({
  base: written,
  committed_through,
}: z.infer<typeof offer_schema>): LogBase | null {
  if (written === null) return null;
  const { index, term, configuration_index } = written;
  if (configuration_index > index || index > committed_through) {
    throw new CodecError('no base of a log');
  }
  const configuration = decodeConfiguration(Buffer.from(written.configuration, 'base64'));
  return { index, term, configuration: { index: configuration_index, configuration } };
}
