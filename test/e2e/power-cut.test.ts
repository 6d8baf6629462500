import { afterEach, describe, expect, test } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileDiskShim, diskShimEnvironment } from '../support/disk-shim.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const shim = compileDiskShim();
if (shim === null) console.log('skipped: a power cut needs a C compiler');

/** Of the disks of two of the three: an answer that did not wait for them would be caught. */
const SLOW_SYNC_MS = 100;

/** Replicas whose disks keep an image of what was synced: that is what a power cut leaves. */
(shim === null ? describe.skip : describe)('a power cut of every replica at once', () => {
  const shadow = temporaryDirectory('shadow');
  let cluster: ProcessCluster;

  afterEach(async () => {
    await cluster.dispose();
    shadow.remove();
  }, 60_000);

  test('scenario 6: no acknowledged write depends on an unsynced one', async () => {
    cluster = await ProcessCluster.create({
      size: 3,
      environment: (position) => ({
        ...diskShimEnvironment({
          root: cluster.dataDirectory(position),
          shadow: join(shadow.path, String(position)),
          log: join(shadow.path, `${position}.log`),
        }),
        // The first has a fast disk and is quick to stand, so that it leads two slow ones.
        ...(position === 0
          ? { ELECTION_TIMEOUT_MS: '400', HEARTBEAT_MS: '50' }
          : { DISK_SHIM_DELAY_MS: String(SLOW_SYNC_MS) }),
      }),
    });
    for (const position of cluster.positions) mkdirSync(join(shadow.path, String(position)));
    cluster.startAll();
    await cluster.awaitLeader();
    const token = await register(cluster.origin(0), 'unplugged');
    const acknowledged: string[] = [];

    for (let cut = 0; cut < 3; cut += 1) {
      const leader = await cluster.awaitLeader();
      await writeAndCut(cut);
      for (const position of cluster.positions) replaceBySyncedImage(position);
      // Without the one that led: what it acknowledged must be on the disks of a majority.
      const others = cluster.positions.filter((position) => position !== leader);
      for (const position of others) cluster.start(position);
      await cluster.awaitLeader();
      for (const position of others) {
        const titles = await titlesOn(position);
        expect(titles).toEqual(expect.arrayContaining(acknowledged));
        expect(new Set(titles).size).toBe(titles.length);
      }
      cluster.start(leader);
      await eventually('it is back', () => cluster.raftState(leader));
      const states = await cluster.awaitEqualIndex();
      expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    }
    expect(acknowledged.length).toBeGreaterThan(30);

    /** Cuts the power in the middle of the writing of eight clients. */
    async function writeAndCut(cut: number): Promise<void> {
      const goal = acknowledged.length + 20;
      let goalReached = (): void => undefined;
      const reached = new Promise<void>((resolve) => {
        goalReached = resolve;
      });
      const power = { is_cut: false };
      const clients = Array.from({ length: 8 }, async (_, client) => {
        for (let count = 0; !power.is_cut; count += 1) {
          const title = `cut ${cut} client ${client} number ${count}`;
          const hour = cut * 2_000 + client * 200 + count;
          const answer = await call(cluster.origin(client % 3), 'POST', '/api/appointments', {
            token,
            body: { title, ...hourOf2027(hour) },
          }).catch(() => null);
          if (answer?.status === 201) acknowledged.push(title);
          if (acknowledged.length >= goal) goalReached();
        }
      });
      await reached;
      await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
      power.is_cut = true;
      await Promise.all(clients);
    }

    async function titlesOn(position: number): Promise<string[]> {
      const answer = await call(
        cluster.origin(position),
        'GET',
        '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-02-01T00:00:00Z',
        { token },
      );
      expect(answer.status).toBe(200);
      return (answer.body['items'] as { title: string }[]).map((item) => item.title);
    }
  }, 240_000);

  /** Whatever was written and not synced is gone. */
  function replaceBySyncedImage(position: number): void {
    const directory = cluster.dataDirectory(position);
    const image = join(shadow.path, String(position));
    expect(existsSync(join(image, 'raft.db-wal'))).toBe(true);
    const lost = readdirSync(directory).filter(
      (name) => !existsSync(join(image, name)) || !sameContent(directory, image, name),
    );
    // The test would show nothing if nothing were ever lost.
    expect(lost.length).toBeGreaterThan(0);
    rmSync(directory, { recursive: true });
    cpSync(image, directory, { recursive: true });
  }

  function sameContent(one: string, other: string, name: string): boolean {
    return readFileSync(join(one, name)).equals(readFileSync(join(other, name)));
  }
});
