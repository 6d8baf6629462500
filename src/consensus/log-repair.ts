import { assert, must } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { cutAtBase } from './cut-at-base.ts';
import type { EntryOffer, EntrySource, Standing } from './entry-offer.ts';
import { fetchDamaged } from './fetch-damaged.ts';
import type { FetchObserver, Left } from './fetch-damaged.ts';
import type { OwnLog } from './judge-offer.ts';
import { LogCorruptError } from './log-corrupt-error.ts';
import { basesBehind, letGo } from './let-go.ts';
import type { LetGo } from './let-go.ts';
import type { Clock, LogStore, StoredLog } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';

/** Told about what operators want to see. Must not throw. */
export interface RepairObserver extends FetchObserver {
  /** After every attempt in vain: the first damaged entry, and why it is not repaired yet. */
  waiting(index: LogIndex, why: string, attempt: number): void;
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
  /** Told what may be said to others, each time it has changed. */
  readonly onStanding?: (standing: Standing) => void;
}

const NOBODY_TO_ASK = 'damaged, and there is no other replica to fetch it from';

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
    const base = await options.durableBase();
    const own = await ownLog(options, stored, base);
    if (own === null) continue;
    options.onStanding?.(standingIn(options, stored, own));
    const attempted = source.hasOthers() ? await fetchDamaged(options, stored, own) : null;
    if (attempted?.has_changed === true) continue;
    const left = attempted?.left ?? null;
    if (await letGoOf(options, { stored, base, left, attempt })) continue;
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

/**
 * What is known of this log. A crash may have left a state that was replaced by a snapshot beside the log of
 * before: where the two part, the log is brought along first, as the start of a whole one does
 * (`finish-install.ts`), and null returned. Where it cannot be seen whether they do, the state tells nothing
 * of the log.
 */
async function ownLog(
  { store, observer, applied_index }: LogRepairOptions,
  stored: StoredLog,
  base: LogBase | null,
): Promise<OwnLog | null> {
  const { commit_index, last_index, before_first, hard_state } = stored;
  const trusting = {
    committed_through: Math.max(commit_index, applied_index),
    term: hard_state.term,
  };
  if (base === null || base.index <= before_first.index) return trusting;
  const is_beyond = base.index > last_index;
  if (!is_beyond && (await store.inspect(base.index)) !== null) {
    return { ...trusting, committed_through: commit_index };
  }
  const [entry] = is_beyond ? [] : await store.read(base.index, base.index, 0);
  if (entry?.term === base.term) return trusting;
  await cutAtBase(store, stored, base, false);
  observer.covered(base.index);
  return null;
}

/** What this replica answers to the same questions of others meanwhile. */
function standingIn(
  { applied_index }: LogRepairOptions,
  { before_first, base_configuration: configuration }: StoredLog,
  { committed_through }: OwnLog,
): Standing {
  const holds_it = configuration !== null && applied_index >= before_first.index;
  return { committed_through, base: holds_it ? { ...before_first, configuration } : null };
}

interface Plight {
  readonly stored: StoredLog;
  /** Where the own state stands, durably. */
  readonly base: LogBase | null;
  /** Null: there is nobody to ask. */
  readonly left: Left | null;
  readonly attempt: number;
}

/** What nobody has any more need not be had again. Returns whether the log is another now. */
async function letGoOf(
  options: LogRepairOptions,
  { stored, base, left, attempt }: Plight,
): Promise<boolean> {
  const { observer } = options;
  const is_late = attempt > limits.log_repair_attempts_before_snapshot;
  if (left !== null && !isCutAway(left, is_late)) return false;
  const first_damaged = must(stored.damaged[0], 'nothing is damaged');
  if (base !== null && base.index >= first_damaged) {
    const gone = await letGo(options, stored, base);
    if (gone !== null) return tell(gone, (through) => observer.covered(through));
  }
  // Somebody who has the entry may be about to answer, and a whole state costs more.
  if (left === null || !is_late) return false;
  for (const other of basesBehind(first_damaged, left.offers)) {
    const gone = await letGo(options, stored, other);
    if (gone !== null) return tell(gone, (through) => observer.adopted(through));
  }
  return false;

  function tell({ kind, index }: LetGo, onThrough: (through: LogIndex) => void): true {
    if (kind === 'from') observer.cut(index);
    else onThrough(index);
    return true;
  }
}

/**
 * Somebody holds it in the state, and nobody has it in the log; or, after a while, nobody has one that can be
 * shown to be this one.
 */
function isCutAway({ index, offers }: Left, is_late: boolean): boolean {
  const is_in_a_state = offers.some(({ committed_through }) => committed_through >= index);
  return is_in_a_state && (is_late || offers.every(({ entry }) => entry === null));
}

function whyNot(offers: readonly EntryOffer[]): string {
  if (offers.length === 0) return 'no other replica answers';
  if (offers.every(({ entry }) => entry === null)) return 'no replica that answers has it';
  return 'no replica that answers knows it to be committed or can show that it has the same';
}
