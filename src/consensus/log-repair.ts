import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { adoptBase } from './adopt-base.ts';
import type { EntryOffer, EntrySource } from './entry-offer.ts';
import { judgeOffer } from './judge-offer.ts';
import type { OfferJudgement, OwnLog } from './judge-offer.ts';
import { LogCorruptError } from './log-corrupt-error.ts';
import { cutDamage } from './cut-damage.ts';
import type { Clock, DamagedEntry, LogStore, StoredLog } from './ports.ts';
import type { Entry, LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';

/** Told about what operators want to see. Must not throw. */
export interface RepairObserver {
  /** After every attempt in vain: the first damaged entry, and why it is not repaired yet. */
  waiting(index: LogIndex, why: string, attempt: number): void;
  repaired(index: LogIndex): void;
  /** What could never have been committed was deleted from here on. */
  cut(from: LogIndex): void;
  /** Nobody has them any more, and the state stands for them: the log was cut through here. */
  covered(through: LogIndex): void;
  /** Nobody has them any more, nor does the state stand for them: it must come as a snapshot. */
  adopted(through: LogIndex): void;
}

export interface LogRepairOptions {
  readonly store: LogStore;
  readonly source: EntrySource;
  readonly clock: Clock;
  readonly observer: RepairObserver;
  /** What the state machine has applied was committed, even if the hint on disk is older. */
  readonly applied_index: LogIndex;
  /** Where the state stands, whatever power cut follows; null: nowhere. */
  readonly durableBase: () => Promise<LogBase | null>;
}

const NOBODY_TO_ASK = 'damaged, and there is no other replica to fetch it from';

/** The first entry that is still damaged. */
interface Left {
  readonly index: LogIndex;
  readonly what: string;
  /** Of it, from all that answer. */
  readonly offers: readonly EntryOffer[];
}

interface Attempt {
  /** The log is another than before: time to look again. */
  readonly has_changed: boolean;
  readonly left: Left | null;
}

/**
 * Makes a damaged log whole before the replica takes part in anything (docs/decisions/0012): what it
 * promised to keep it has again, so it forgets nothing that it acknowledged. While the entries cannot be
 * had it waits, and asks again; but what nobody has any more it lets go.
 *
 * @throws {LogCorruptError} there is nobody to ask
 */
export async function repairLog(options: LogRepairOptions): Promise<StoredLog> {
  const { store, source, clock, observer } = options;
  let pause_ms: number = limits.log_repair_pause_ms_min;
  for (let attempt = 1; ;) {
    const stored = await store.load();
    const [first_damaged] = stored.damaged;
    if (first_damaged === undefined) return stored;
    const attempted = source.hasOthers() ? await attemptAll(options, stored) : null;
    if (attempted?.has_changed === true) continue;
    const left = attempted?.left ?? null;
    if (await letGo(options, stored, left)) continue;
    if (attempted === null) throw new LogCorruptError(first_damaged, NOBODY_TO_ASK);
    assert(left !== null, 'a damaged log, and nothing left to repair');
    observer.waiting(left.index, `${left.what}; ${whyNot(left.offers)}`, attempt);
    await new Promise<void>((resolve) => {
      clock.after(pause_ms, resolve);
    });
    pause_ms = Math.min(pause_ms * 2, limits.log_repair_pause_ms_max);
    attempt += 1;
  }
}

/** What nobody has any more need not be had again. `left` is null where there is nobody to ask. */
async function letGo(
  options: LogRepairOptions,
  stored: StoredLog,
  left: Left | null,
): Promise<boolean> {
  const { store, observer } = options;
  if (left !== null && !isCutAway(left)) return false;
  const covered = await cutDamage(store, stored, await options.durableBase());
  if (covered !== null) observer.covered(covered);
  if (covered !== null || left === null) return covered !== null;
  const adopted = await adoptBase(options, stored, left.offers);
  if (adopted !== null) observer.adopted(adopted);
  return adopted !== null;
}

async function attemptAll(options: LogRepairOptions, stored: StoredLog): Promise<Attempt> {
  const { store, source, observer, applied_index } = options;
  const own: OwnLog = {
    committed_through: Math.max(stored.commit_index, applied_index),
    term: stored.hard_state.term,
  };
  let has_changed = false;
  let left: Left | null = null;
  let tail: Entry[] = [];
  for (const index of stored.damaged) {
    const damaged = await store.inspect(index);
    assert(damaged !== null, 'repaired by somebody else');
    const offers = await askAll(source, damaged);
    const judged = judgeOffers(damaged, offers, own);
    if (judged.kind === 'stale') {
      await cut(options, own, judged.from);
      return { has_changed: true, left: null };
    }
    if (judged.kind === 'same') {
      await store.repair([judged.entry]);
      observer.repaired(index);
      has_changed = true;
      // It is followed by something undamaged now.
      tail = [];
      continue;
    }
    if (judged.kind === 'committed_tail') tail.push(judged.entry);
    left ??= { index, what: damaged.what, offers };
    // Nothing starts without this one: no reason to ask for thousands that follow.
    if (judged.kind === 'unproven' && offers.every(({ entry }) => entry === null)) break;
  }
  if (has_changed || !(await isWholeTail(store, tail, stored.last_index))) {
    return { has_changed, left };
  }
  await store.repair(tail);
  for (const { index } of tail) observer.repaired(index);
  return { has_changed: true, left };
}

/**
 * Whether these are all the entries from the last undamaged one to the end. If they were not what stood
 * here, whatever they left behind them would be of another history.
 */
async function isWholeTail(
  store: LogStore,
  tail: readonly Entry[],
  last_index: LogIndex,
): Promise<boolean> {
  const first = tail[0];
  if (first === undefined || first.index + tail.length - 1 !== last_index) return false;
  const damaged = await store.inspect(first.index);
  return damaged !== null && damaged.after === null && damaged.before.index === first.index - 1;
}

async function cut(
  { store, observer }: LogRepairOptions,
  own: OwnLog,
  from: LogIndex,
): Promise<void> {
  assert(from > own.committed_through, 'what is committed is never cut');
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      hard_state: null,
      truncate_from: from,
      base: null,
      entries: [],
      commit_index: 0,
    },
  ]);
  observer.cut(from);
}

function askAll(source: EntrySource, damaged: DamagedEntry): Promise<readonly EntryOffer[]> {
  const { index, before, after } = damaged;
  return source.ask({ index, before_index: before.index, after_index: after?.index ?? 0 });
}

/** The best of them; no two proofs can contradict each other. */
function judgeOffers(
  damaged: DamagedEntry,
  offers: readonly EntryOffer[],
  own: OwnLog,
): OfferJudgement {
  const judgements = offers.map((offer) => judgeOffer(damaged, offer, own));
  for (const kind of ['same', 'stale', 'committed_tail'] as const) {
    const found = judgements.find((judgement) => judgement.kind === kind);
    if (found !== undefined) return found;
  }
  return { kind: 'unproven' };
}

/** All that answer have it in their states, and in their logs no more. */
function isCutAway({ index, offers }: Left): boolean {
  return (
    offers.length > 0 &&
    offers.every(({ entry, committed_through }) => entry === null && committed_through >= index)
  );
}

function whyNot(offers: readonly EntryOffer[]): string {
  if (offers.length === 0) return 'no other replica answers';
  if (offers.every(({ entry }) => entry === null)) return 'no replica that answers has it';
  return 'no replica that answers knows it to be committed or can show that it has the same';
}
