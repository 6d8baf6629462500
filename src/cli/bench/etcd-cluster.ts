import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadRequest } from './load.ts';

interface Member {
  readonly name: string;
  readonly client_url: string;
  readonly peer_url: string;
  readonly directory: string;
}

const START_ATTEMPTS = 150;
const VALUE_BYTES = 300;

/** Whether `etcd` can be compared with. */
export function etcdVersion(): string | null {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  if (status !== 0) return null;
  return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

/** An etcd of as many members on loopback, to be measured beside the agenda. */
export class EtcdCluster {
  readonly #members: readonly Member[];
  #children: ChildProcess[] = [];
  #leader_url = '';

  constructor(size: number, base_port: number, directory: string) {
    this.#members = Array.from({ length: size }, (_, position) => ({
      name: `etcd-${position + 1}`,
      client_url: `http://127.0.0.1:${base_port + 2 * position}`,
      peer_url: `http://127.0.0.1:${base_port + 2 * position + 1}`,
      directory: join(directory, `etcd-${position + 1}`),
    }));
  }

  async start(): Promise<void> {
    const initial = this.#members.map(({ name, peer_url }) => `${name}=${peer_url}`).join(',');
    this.#children = this.#members.map(({ name, client_url, peer_url, directory }) =>
      spawn(
        'etcd',
        Object.entries({
          name,
          'data-dir': directory,
          'log-level': 'error',
          'listen-client-urls': client_url,
          'advertise-client-urls': client_url,
          'listen-peer-urls': peer_url,
          'initial-advertise-peer-urls': peer_url,
          'initial-cluster': initial,
          'initial-cluster-state': 'new',
        }).flatMap(([flag, value]) => [`--${flag}`, value]),
        { stdio: 'ignore' },
      ),
    );
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
      const leader = await this.#findLeader();
      if (leader !== null) {
        this.#leader_url = leader;
        return;
      }
      await sleep(200);
    }
    throw new Error('etcd did not come up');
  }

  /** A put of a fresh key at the leader. */
  put(client: number, count: number): LoadRequest {
    const key = Buffer.from(`bench/${client}/${count}/${performance.now()}`).toString('base64');
    const value = Buffer.alloc(VALUE_BYTES, 'v').toString('base64');
    return {
      method: 'POST',
      origin: this.#leader_url,
      path: '/v3/kv/put',
      headers: {},
      body: JSON.stringify({ key, value }),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) {
              resolve();
              return;
            }
            child.once('exit', () => resolve());
            child.kill('SIGKILL');
          }),
      ),
    );
  }

  async #findLeader(): Promise<string | null> {
    for (const { client_url } of this.#members) {
      try {
        const response = await fetch(`${client_url}/v3/maintenance/status`, {
          method: 'POST',
          body: '{}',
          signal: AbortSignal.timeout(1_000),
        });
        const status = (await response.json()) as {
          leader?: string;
          header?: { member_id?: string };
        };
        const { leader } = status;
        if (leader !== undefined && leader !== '0' && leader === status.header?.member_id) {
          return client_url;
        }
      } catch {
        // Not up yet.
      }
    }
    return null;
  }
}
