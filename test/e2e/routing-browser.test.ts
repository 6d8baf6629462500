import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { hourOf2027, register } from './api-client.ts';
import { startBalancer } from './balancer.ts';
import { launchBrowser } from './browser.ts';
import { ProcessCluster } from './process-cluster.ts';

const browser: Browser | null = await launchBrowser();
const describeInBrowser = browser === null ? describe.skip : describe;

describeInBrowser('a page in Chromium', () => {
  let cluster: ProcessCluster;
  let page: Page;
  let token: string;
  let leader: number;
  let home: number;
  let other: number;
  let next_hour = 0;
  const complaints: string[] = [];

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    leader = await cluster.awaitLeader();
    token = await register(cluster.origin(leader), 'ana');
    await cluster.awaitEqualIndex();
    [home = 0, other = 0] = cluster.positions.filter((position) => position !== leader);
    if (browser === null) throw new Error('no browser');
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(message.text());
      }
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await cluster?.dispose();
  });

  interface Told {
    readonly status: number;
    readonly was_redirected: boolean;
    readonly index: string | null;
    readonly etag: string | null;
  }

  async function writeFrom(base: string, target: string, headers = {}): Promise<Told> {
    next_hour += 1;
    const body = JSON.stringify({ title: 'From a page', ...hourOf2027(next_hour) });
    await page.goto(`${base}/ui/`);
    const init = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'idempotency-key': `key ${next_hour}`,
        ...headers,
      },
      body,
    };
    return page.evaluate(
      async ([url, options]) => {
        const response = await fetch(url, options);
        return {
          status: response.status,
          was_redirected: response.redirected,
          index: response.headers.get('agenda-index'),
          etag: response.headers.get('etag'),
        };
      },
      [`${target}/api/appointments`, init] as const,
    );
  }

  const done = { status: 201, index: expect.stringMatching(/^\d+$/), etag: '"1"' };

  test('loaded from a follower writes to its own replica, and is redirected across origins to the leader', async () => {
    const told = await writeFrom(cluster.origin(home), cluster.origin(home));
    expect(told).toEqual({ ...done, was_redirected: true });
  });

  test('so it does when it came by localhost', async () => {
    const base = `http://localhost:${cluster.ports[home]}`;
    expect(await writeFrom(base, base)).toEqual({ ...done, was_redirected: true });
  });

  test('writes with Agenda-Routing: forward, and is not redirected', async () => {
    const headers = { 'agenda-routing': 'forward' };
    for (const target of [home, other, leader]) {
      const told = await writeFrom(cluster.origin(home), cluster.origin(target), headers);
      expect(told).toEqual({ ...done, was_redirected: false });
    }
  });

  test('writes across origins to the leader', async () => {
    const told = await writeFrom(cluster.origin(home), cluster.origin(leader));
    expect(told).toEqual({ ...done, was_redirected: false });
  });

  test('writes across origins to another follower, and is redirected from there', async () => {
    const told = await writeFrom(cluster.origin(home), cluster.origin(other));
    expect(told).toEqual({ ...done, was_redirected: true });
  });

  test('writes through a load balancer that it came by, and is not redirected', async () => {
    const balancer = await startBalancer(cluster.ports);
    try {
      for (const _ of cluster.positions) {
        const told = await writeFrom(balancer.origin, balancer.origin);
        expect(told).toEqual({ ...done, was_redirected: false });
      }
      expect(Math.min(...balancer.counts)).toBeGreaterThan(0);
    } finally {
      await page.goto('about:blank');
      await balancer.close();
    }
  });

  test('writes to each replica when the leader has just moved', async () => {
    for (const position of cluster.positions) {
      const old_leader = await cluster.awaitLeader();
      cluster.signal(old_leader, 'SIGSTOP');
      await eventually('another leader', async () => {
        const others = cluster.positions.filter((one) => one !== old_leader);
        const states = await Promise.all(others.map((one) => cluster.raftState(one)));
        return states.some(({ role }) => role === 'leader') ? true : null;
      });
      cluster.signal(old_leader, 'SIGCONT');
      // To where it is, from there and from elsewhere.
      for (const base of [position, home]) {
        const told = await writeFrom(cluster.origin(base), cluster.origin(position));
        expect(told).toEqual({ ...done, was_redirected: expect.any(Boolean) });
      }
    }
  }, 120_000);

  test('has nothing to complain of', () => {
    expect(complaints).toEqual([]);
  });
});
