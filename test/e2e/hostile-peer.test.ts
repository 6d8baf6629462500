import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

interface Captured {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('what is not said by a member of the cluster, to this replica, now', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    await register(cluster.origin(0), 'target');
    await cluster.awaitEqualIndex();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function refusals(position: number): Promise<Map<string, number>> {
    const text = await (await cluster.get(position, '/metrics')).text();
    const counts = new Map<string, number>();
    for (const [, reason, count] of text.matchAll(
      /^agenda_cluster_auth_failures_total\{reason="([a-z_]+)"\} (\d+)$/gm,
    )) {
      counts.set(reason ?? '', Number(count));
    }
    return counts;
  }

  /** Sends exactly these headers and bytes, as an attacker on the network could. */
  function send(position: number, captured: Captured): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: cluster.ports[position],
          method: captured.method,
          path: captured.path,
          headers: captured.headers,
        },
        (response) => {
          response.resume();
          response.once('end', () => resolve(response.statusCode ?? 0));
        },
      );
      request.once('error', reject);
      request.end(captured.body);
    });
  }

  async function expectRefused(
    position: number,
    reason: string,
    attempt: () => Promise<number>,
  ): Promise<void> {
    const before = await cluster.raftState(position);
    const counted = (await refusals(position)).get(reason) ?? 0;
    expect(await attempt()).toBe(401);
    const counts_now = (await refusals(position)).get(reason) ?? 0;
    // Members, too, learn of a new boot by being refused once.
    if (reason === 'wrong_boot') expect(counts_now).toBeGreaterThan(counted);
    else expect(counts_now).toBe(counted + 1);
    const after = await cluster.raftState(position);
    expect(after.term).toBe(before.term);
  }

  test('unsigned, forged, misdirected, repeated and outdated messages are refused and counted', async () => {
    const unsigned: Captured = {
      method: 'POST',
      path: '/raft/request-vote',
      headers: { 'content-type': 'application/octet-stream', 'content-length': '3' },
      body: Buffer.from([1, 2, 3]),
    };
    await expectRefused(0, 'unsigned', () => send(0, unsigned));

    const { heartbeat, destination, release } = await captureHeartbeat();
    const forged = {
      ...heartbeat,
      headers: { ...heartbeat.headers, 'x-cluster-signature': '0'.repeat(64) },
    };
    await expectRefused(destination, 'bad_signature', () => send(destination, forged));
    const altered = { ...heartbeat, path: '/raft/request-vote' };
    await expectRefused(destination, 'bad_signature', () => send(destination, altered));
    // Its destination has heard it already, through the tap.
    await expectRefused(destination, 'replayed', () => send(destination, heartbeat));
    const other = cluster.positions.find((position) => position !== destination) ?? 0;
    await expectRefused(other, 'wrong_destination', () => send(other, heartbeat));

    await release();
    // A restart forgets what was heard, so it must refuse what was meant for the boot before.
    await expectRefused(destination, 'wrong_boot', () => send(destination, heartbeat));
  }, 120_000);

  async function followerPosition(): Promise<number> {
    const leader = await cluster.awaitLeader();
    return cluster.positions.find((position) => position !== leader) ?? 0;
  }

  /**
   * A heartbeat as it went over the wire: one follower is started again behind a tap, which passes
   * everything on and keeps a copy.
   */
  async function captureHeartbeat(): Promise<{
    heartbeat: Captured;
    destination: number;
    release: () => Promise<void>;
  }> {
    const destination = await followerPosition();
    let heartbeat: Captured | null = null;
    const tap = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const captured: Captured = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          body,
        };
        const onward = httpRequest(
          {
            host: '127.0.0.1',
            port: cluster.ports[destination],
            method: captured.method,
            path: captured.path,
            headers: captured.headers,
          },
          (answer) => {
            if (captured.path === '/raft/append-entries' && answer.statusCode === 200) {
              heartbeat = captured;
            }
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
          },
        );
        onward.once('error', () => response.destroy());
        onward.end(body);
      });
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    const tap_port = (tap.address() as AddressInfo).port;
    await cluster.kill(destination);
    cluster.start(destination, { ADVERTISE_ADDR: `127.0.0.1:${tap_port}` });
    const captured = await eventually('a heartbeat through the tap', () => heartbeat);
    await cluster.awaitLeader();
    return {
      heartbeat: captured,
      destination,
      async release() {
        await cluster.kill(destination);
        cluster.start(destination);
        tap.closeAllConnections();
        tap.close();
        await eventually('it is back', () => cluster.raftState(destination));
        await cluster.awaitEqualIndex();
      },
    };
  }
});
