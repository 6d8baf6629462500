import { offerEntry } from '../../src/consensus/entry-offer.ts';
import type { EntryOffer, EntryQuestion, EntrySource } from '../../src/consensus/entry-offer.ts';
import type { NodeId } from '../../src/consensus/raft/configuration.ts';
import type { SimulatedProcess } from './process.ts';
import type { SimulatedReplica } from './replica.ts';

export interface EntrySourceOptions {
  readonly node_id: NodeId;
  readonly process: SimulatedProcess;
  readonly replicas: () => readonly SimulatedReplica[];
  readonly isCut: (from: NodeId, to: NodeId) => boolean;
}

const LATENCY_MS = 3;
const TIMEOUT_MS = 1_000;

/** Asks the other replicas that can be reached for an entry that this one's disk no longer gives back. */
export function createEntrySource(options: EntrySourceOptions): EntrySource {
  const { node_id, process, replicas, isCut } = options;
  const reachable = (): readonly SimulatedReplica[] =>
    replicas().filter(({ member, is_stopped, standing }) => {
      const other = member.node_id;
      if (other === node_id || standing === null || is_stopped) return false;
      return !isCut(node_id, other) && !isCut(other, node_id);
    });
  /** Null: who was asked died over it, or its disk did. */
  const inTime = (offer: Promise<EntryOffer>): Promise<EntryOffer | null> =>
    new Promise((resolve) => {
      process.after(TIMEOUT_MS, () => resolve(null));
      offer.then(resolve, () => resolve(null));
    });
  const ask = async (question: EntryQuestion): Promise<readonly EntryOffer[]> => {
    await new Promise<void>((resolve) => {
      process.after(LATENCY_MS, () => resolve());
    });
    const answers = await Promise.all(
      reachable().flatMap(({ log, standing }) =>
        standing === null ? [] : [inTime(offerEntry(log, standing, question))],
      ),
    );
    return answers.filter((answer) => answer !== null);
  };
  return { hasOthers: () => replicas().length > 1, ask };
}
