import { ProcessCluster } from '../process-cluster.ts';
import { NamespaceNetwork } from './namespace-network.ts';

export interface NamespaceCluster {
  readonly cluster: ProcessCluster;
  readonly network: NamespaceNetwork;
  /** Ends the replicas and removes the network. */
  dispose(): Promise<void>;
}

/** Replicas, started, each in a network namespace of its own. */
export async function startNamespaceCluster(size: number): Promise<NamespaceCluster> {
  const network = await NamespaceNetwork.create(size);
  const cluster = await ProcessCluster.create({
    size,
    ports: network.ports,
    launcher: (position) => network.launcher(position),
    environment: (position) => network.environment(position),
  });
  cluster.startAll();
  return {
    cluster,
    network,
    async dispose() {
      await cluster.dispose();
      await network.dispose();
    },
  };
}
