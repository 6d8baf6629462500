import type { AgendaCluster } from './agenda-cluster.ts';
import { percentile, runLoadWhile } from './load.ts';
import type { LoadResult } from './load.ts';

/** What became of the writes while something went on. */
export interface WriteFigures {
  readonly succeeded: number;
  readonly failed: number;
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** So many bookings by so many clients, one request of each at a time. */
export async function bookMany(
  cluster: AgendaCluster,
  clients: number,
  count: number,
): Promise<WriteFigures> {
  let left = count;
  const result = await runLoadWhile(
    {
      clients,
      next: (client) => {
        left -= 1;
        return cluster.book(client);
      },
      isSuccess: (status) => status === 201,
    },
    () => left > 0,
  );
  return figuresOf(result);
}

/** So many entries for the log, and nothing for the state but their rows in the audit. */
export async function renameMany(
  cluster: AgendaCluster,
  clients: number,
  count: number,
): Promise<WriteFigures> {
  let left = count;
  const result = await runLoadWhile(
    {
      clients,
      next: (client, renamed) => {
        left -= 1;
        return cluster.rename(client, renamed);
      },
      isSuccess: (status) => status === 200,
    },
    () => left > 0,
  );
  return figuresOf(result);
}

/** Clients that book without a pause while something is done; what that gave, and what became of the writes. */
export async function bookMeanwhile<T>(
  cluster: AgendaCluster,
  clients: number,
  doSomething: () => Promise<T>,
): Promise<{ readonly outcome: T; readonly writes: WriteFigures }> {
  let is_over = false;
  const load = runLoadWhile(
    { clients, next: (client) => cluster.book(client), isSuccess: (status) => status === 201 },
    () => !is_over,
  );
  try {
    const outcome = await doSomething();
    is_over = true;
    return { outcome, writes: figuresOf(await load) };
  } finally {
    is_over = true;
    await load;
  }
}

function figuresOf({ succeeded, failed, measured_ms, latencies_ms }: LoadResult): WriteFigures {
  const latency = (share: number): number => percentile(latencies_ms, share) ?? Number.NaN;
  return {
    succeeded,
    failed,
    per_second: succeeded / (measured_ms / 1000),
    p50_ms: latency(0.5),
    p99_ms: latency(0.99),
    max_ms: latency(1),
  };
}
