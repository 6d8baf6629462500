import { unreachable } from '../base/assert.ts';
import type { Applier } from './applier.ts';
import { Compactor } from './compactor.ts';
import type { Persister } from './persister.ts';
import type { Clock, Observer, SnapshotStore, StateMachine, Transport } from './ports.ts';
import type { Effect } from './raft/effect.ts';
import type { LogIndex } from './raft/entry.ts';
import type { Input, Token } from './raft/input.ts';
import type { Response } from './raft/message.ts';
import type { RaftState } from './raft/state.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';

/** How a group's log is cut, and what helps a member that lacks what was cut. */
export interface SnapshotOptions {
  readonly store: SnapshotStore;
  /** What a power cut can no longer take from the state. */
  readonly durableIndex: () => LogIndex;
  /** `SNAPSHOT_ENTRIES`: log entries kept behind that. */
  readonly kept_entries: number;
}

interface Surroundings {
  readonly snapshots?: SnapshotOptions;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly state_machine: StateMachine;
}

interface GroupParts {
  readonly state: Readonly<RaftState>;
  readonly applier: Applier;
  readonly persister: Persister;
  readonly input: (input: Input) => void;
  /** The state is that of this index now. */
  readonly onInstalled: (index: LogIndex) => void;
  readonly reply: (token: Token, message: Response) => void;
  readonly onBroken: (error: unknown) => void;
}

type SnapshotEffect = Extract<Effect, { kind: 'send_snapshot' | 'receive_snapshot' }>;

/** Null when the log is never cut. */
export function openSnapshots(
  surroundings: Surroundings,
  parts: GroupParts,
): GroupSnapshots | null {
  const { snapshots } = surroundings;
  return snapshots === undefined ? null : new GroupSnapshots(snapshots, surroundings, parts);
}

/** The part of a group's driver that deals with cut logs. */
export class GroupSnapshots {
  readonly #compactor: Compactor;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;

  constructor(options: SnapshotOptions, surroundings: Surroundings, parts: GroupParts) {
    const { store, durableIndex, kept_entries } = options;
    const { clock, observer, transport, state_machine } = surroundings;
    const { state, persister, input } = parts;
    const afterPersisted = (callback: () => void): void => persister.afterPersisted(callback);
    this.#compactor = new Compactor({
      clock,
      state,
      durableIndex,
      kept_entries,
      cut: (index) => input({ kind: 'compact', index }),
      afterPersisted,
    });
    this.#sender = new SnapshotSender({
      store,
      transport,
      clock,
      state,
      observer,
      onResponse: (from, message) => input({ kind: 'response', from, message }),
      onEnded: (outcome) => input({ kind: 'snapshot_ended', outcome }),
    });
    this.#receiver = new SnapshotReceiver({
      store,
      state_machine,
      applier: parts.applier,
      clock,
      observer,
      afterPersisted,
      reply: (token, { manifest: { snapshot_id } }, progress, offset) => {
        // The term of now, which may be later than the one in which it was asked; not that of the moment in
        // which the disk has it, which may be later still and not on the disk.
        const { term } = state;
        const kind = 'install_snapshot_response';
        afterPersisted(() => parts.reply(token, { kind, term, snapshot_id, progress, offset }));
      },
      onInstalled: (base) => {
        input({ kind: 'snapshot_installed', base });
        parts.onInstalled(base.index);
      },
      onBroken: parts.onBroken,
    });
  }

  start(): void {
    this.#compactor.start();
  }

  stop(): void {
    this.#compactor.stop();
    this.#sender.stop();
    this.#receiver.stop();
  }

  perform(effect: SnapshotEffect): void {
    switch (effect.kind) {
      case 'send_snapshot':
        return this.#sender.send(effect.to, effect.term, effect.min_index);
      case 'receive_snapshot':
        return this.#receiver.receive(effect.token, effect.message);
      default:
        return unreachable(effect);
    }
  }
}
