import type { Command } from '../../src/agenda/command.ts';
import { must } from '../../src/base/assert.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import type { AgendaStore, RememberedRequest } from '../../src/replica/agenda-store.ts';
import { encodeCommand } from '../../src/replica/command-codec.ts';
import type { ProposeResult } from '../../src/replica/replica.ts';
import type { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { machineOn } from '../support/agenda-fixture.ts';
import { FakeReplica, FakeState } from './fake-replica.ts';

/**
 * A cluster of one whose log is applied at once by the real state machine: what is kept, forgotten and
 * pruned is so as on every replica.
 */
export class MachineReplica extends FakeReplica {
  readonly #machine: AgendaStateMachine;

  constructor(store: AgendaStore) {
    super('agenda-1', new FakeState(['agenda-1']));
    this.view = store.view;
    this.#machine = machineOn(store);
  }

  override propose(command: Command): Promise<ProposeResult> {
    const index = this.#machine.applied_index + 1;
    const { request_id } = command;
    const payload = encodeCommand(command);
    const entry = sealEntry({ index, term: 1, kind: 'command', request_id, payload });
    const [outcome] = this.#machine.apply([entry]);
    this.state.index = index;
    return Promise.resolve({
      kind: 'applied',
      index,
      outcome: must(outcome, 'a command without an outcome'),
    });
  }

  override remembered(scope_hash: string): RememberedRequest | null {
    return this.#machine.remembered(scope_hash);
  }
}
