import type { LogStore } from '../../src/consensus/ports.ts';
import type { Effect } from '../../src/consensus/raft/effect.ts';
import { quorumValue } from '../../src/consensus/raft/quorum.ts';
import { termAt } from '../../src/consensus/raft/log.ts';
import { isJoint } from '../../src/consensus/raft/membership.ts';
import { memberKey } from '../../src/consensus/raft/configuration.ts';
import type { RaftState } from '../../src/consensus/raft/state.ts';
import { advanceCommit, currentConfiguration } from '../../src/consensus/raft/state.ts';
import { step } from '../../src/consensus/raft/step.ts';
import type { Step } from '../../src/consensus/raft/step.ts';
import type { AgendaStore, StateMeta } from '../../src/replica/agenda-store.ts';

/** Where a replica of the simulation can be made to misbehave. */
export interface Sabotage {
  readonly step: Step;
  logStore(store: LogStore): LogStore;
  agendaStore(store: AgendaStore): AgendaStore;
}

/** The product as it is. */
const none: Sabotage = {
  step,
  logStore: (store) => store,
  agendaStore: (store) => store,
};

/**
 * Known mistakes put back, each by the number of its scenario: they show that the simulation would find
 * them. Whoever adds a check here tries it on them.
 */
const sabotages = {
  none,
  /** A follower commits up to the end of its log, not up to what the request vouched for. */
  'scenario-1': { ...none, step: commitsUnvouched },
  /** A leader commits entries of earlier terms by counting (Figure 8). */
  'scenario-5': { ...none, step: countsEarlierTerms },
  /** While joint, the new voters alone commit. */
  'scenario-14': { ...none, step: ignoresOutgoingVoters },
  /** Acknowledges what is not on its disk. */
  'scenario-6': { ...none, logStore: acknowledgesEarly },
  /** A leader answers reads without asking whether it still leads. */
  'scenario-9': { ...none, step: readsUnconfirmed },
  /** A leader that hears nobody leads on. */
  'scenario-16': { ...none, step: leadsUnheard },
  /** The applied index goes to the disk after the state it belongs to. */
  'scenario-18': { ...none, agendaStore: writesMetaLater },
} as const satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof sabotages;

export const sabotage_names = Object.keys(sabotages) as readonly SabotageName[];

export function sabotageOf(name: SabotageName): Sabotage {
  return sabotages[name];
}

/** What `advanceCommit` adds after a step is over. */
function collect(state: RaftState, effects: readonly Effect[]): readonly Effect[] {
  const more = state.effects;
  state.effects = [];
  return [...effects, ...more];
}

function commitsUnvouched(...[state, input, now_ms]: Parameters<Step>): readonly Effect[] {
  const effects = step(state, input, now_ms);
  if (input.kind !== 'request' || input.message.kind !== 'append') return effects;
  const is_accepted = effects.some(
    (effect) =>
      effect.kind === 'reply_after_persist' &&
      effect.message.kind === 'append_response' &&
      effect.message.success,
  );
  if (!is_accepted) return effects;
  advanceCommit(state, Math.min(input.message.leader_commit, state.log.last_index));
  return collect(state, effects);
}

function countsEarlierTerms(...[state, input, now_ms]: Parameters<Step>): readonly Effect[] {
  const effects = step(state, input, now_ms);
  const configuration = currentConfiguration(state);
  const { leading } = state;
  if (leading === null || configuration === null) return effects;
  const self_key = memberKey(state.options.self);
  const index = quorumValue(configuration, (key) =>
    key === self_key ? state.log.persisted_index : (leading.progress.get(key)?.match_index ?? 0),
  );
  if (index > state.commit_index && index < leading.first_index_of_term) {
    advanceCommit(state, index);
  }
  return collect(state, effects);
}

function ignoresOutgoingVoters(...[state, input, now_ms]: Parameters<Step>): readonly Effect[] {
  const effects = step(state, input, now_ms);
  const configuration = currentConfiguration(state);
  const { leading } = state;
  if (leading === null || configuration === null || !isJoint(configuration)) return effects;
  const self_key = memberKey(state.options.self);
  const index = quorumValue({ ...configuration, outgoing_voters: [] }, (key) =>
    key === self_key ? state.log.persisted_index : (leading.progress.get(key)?.match_index ?? 0),
  );
  const is_own_term = termAt(state.log, index) === state.term;
  if (index > state.commit_index && is_own_term) advanceCommit(state, index);
  return collect(state, effects);
}

function readsUnconfirmed(...[state, input, now_ms]: Parameters<Step>): readonly Effect[] {
  if (input.kind !== 'read' || state.role !== 'leader') return step(state, input, now_ms);
  return [{ kind: 'read_ready', token: input.token, index: state.commit_index }];
}

function leadsUnheard(...[state, input, now_ms]: Parameters<Step>): readonly Effect[] {
  if (state.leading !== null) state.leading.quorum_check_elapsed = 0;
  return step(state, input, now_ms);
}

function acknowledgesEarly(store: LogStore): LogStore {
  return {
    load: () => store.load(),
    read: (from, through, bytes_max) => store.read(from, through, bytes_max),
    inspect: (index) => store.inspect(index),
    repair: (entries) => store.repair(entries),
    close: () => store.close(),
    write(writes) {
      void store.write(writes);
      return Promise.resolve();
    },
  };
}

function writesMetaLater(store: AgendaStore): AgendaStore {
  let late: StateMeta | null = null;
  return {
    get view() {
      return store.view;
    },
    get requests() {
      return store.requests;
    },
    get expiry() {
      return store.expiry;
    },
    readMeta: () => late ?? store.readMeta(),
    writeMeta: (meta) => {
      late = meta;
    },
    readPlace: () => store.readPlace(),
    writePlace: (place) => store.writePlace(place),
    readAuditChain: () => store.readAuditChain(),
    writeAuditChain: (chain) => store.writeAuditChain(chain),
    write: (changes) => store.write(changes),
    transaction(body) {
      const before = late;
      if (before !== null) store.transaction(() => store.writeMeta(before));
      return store.transaction(body);
    },
    isStorageFailure: (error) => store.isStorageFailure(error),
  };
}
