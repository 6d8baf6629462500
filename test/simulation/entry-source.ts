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

/** Asks the other replicas that can be reached for an entry that this one's disk no longer gives back. */
export function createEntrySource(options: EntrySourceOptions): EntrySource {
  const { node_id, process, replicas, isCut } = options;
  const reachable = (): readonly SimulatedReplica[] =>
    replicas().filter(({ member, is_stopped, standing }) => {
      const other = member.node_id;
      if (other === node_id || standing === null || is_stopped) return false;
      return !isCut(node_id, other) && !isCut(other, node_id);
    });
  const ask = async (question: EntryQuestion): Promise<readonly EntryOffer[]> => {
    await new Promise<void>((resolve) => {
      process.after(LATENCY_MS, () => resolve());
    });
    return Promise.all(
      reachable().flatMap(({ log, standing }) =>
        standing === null ? [] : [offerEntry(log, standing, question)],
      ),
    );
  };
  return { hasOthers: () => replicas().length > 1, ask };
}
