import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { call, good_password, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const KILLS = 3;

describe('sessions on three replicas', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  const at = (position: number): string => cluster.origin(position % cluster.size);
  const tokenOf = (answer: Answer): string => String(answer.body['token']);

  const logIn = (position: number, username: string, password: string) =>
    call(at(position), 'POST', '/login', { body: { username, password } });

  const changePassword = (
    position: number,
    token: string,
    passwords: { from: string; to: string },
    headers: Record<string, string> = {},
  ) =>
    call(at(position), 'PUT', '/api/me/password', {
      token,
      headers,
      body: { current_password: passwords.from, new_password: passwords.to },
    });

  /** Some replicas redirect to the leader, others forward. */
  const routing = (position: number) => ({
    'agenda-routing': position === 1 ? 'forward' : 'redirect',
  });

  async function statusEverywhere(token: string, query = ''): Promise<number[]> {
    const answers = await Promise.all(
      cluster.positions.map((position) => call(at(position), 'GET', `/api/me${query}`, { token })),
    );
    return answers.map((answer) => answer.status);
  }

  /** Also where nobody waits for a majority, as soon as the end is applied there. */
  async function expectEnded(token: string): Promise<void> {
    expect(await statusEverywhere(token)).toEqual([401, 401, 401]);
    await eventually('the end of the session at every replica', async () => {
      const statuses = await statusEverywhere(token, '?consistency=local');
      return statuses.every((status) => status === 401) ? true : null;
    });
  }

  /** Positions of followers, then of the leader. */
  async function followersFirst(): Promise<number[]> {
    const leader = await cluster.awaitLeader();
    return [...cluster.positions.filter((position) => position !== leader), leader];
  }

  test('one can log in anywhere right after registering', async () => {
    for (const [round, position] of (await followersFirst()).entries()) {
      await register(at(position), `newcomer${round}`);
      const answers = await Promise.all(
        cluster.positions.map((other) => logIn(other, `newcomer${round}`, good_password)),
      );
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    }
  }, 60_000);

  test('a new password ends all older tokens on every replica, through followers', async () => {
    let password = good_password;
    const tokens = [await register(at(0), 'ana')];
    for (const position of await followersFirst()) {
      tokens.push(tokenOf(await logIn(position, 'ana', password)));
      // So that every replica has verified them, and remembers.
      for (const token of tokens) expect(await statusEverywhere(token)).toEqual([200, 200, 200]);
      const next = `an uncommon password after ${position}`;
      const passwords = { from: password, to: next };
      const changed = await changePassword(position, tokens[0] ?? '', passwords, routing(position));
      expect([changed.status, changed.body['code']]).toEqual([200, undefined]);
      const fresh = tokenOf(changed);
      // The new one is good everywhere at once, also where the change is not applied yet.
      expect(await statusEverywhere(fresh, '?consistency=local')).toEqual([200, 200, 200]);
      expect(await statusEverywhere(fresh)).toEqual([200, 200, 200]);
      for (const token of tokens) await expectEnded(token);
      expect((await logIn(position, 'ana', password)).status).toBe(401);
      password = next;
      tokens.splice(0, tokens.length, fresh);
    }
  }, 120_000);

  test('logging out ends all tokens on every replica, through followers', async () => {
    const tokens = [await register(at(1), 'ben')];
    for (const position of await followersFirst()) {
      tokens.push(tokenOf(await logIn(position, 'ben', good_password)));
      for (const token of tokens) expect(await statusEverywhere(token)).toEqual([200, 200, 200]);
      const [token = ''] = tokens;
      const headers = routing(position);
      const done = await call(at(position), 'POST', '/api/auth/logout', { token, headers });
      expect(done.status).toBe(204);
      for (const ended of tokens) await expectEnded(ended);
      tokens.splice(0, tokens.length, tokenOf(await logIn(position, 'ben', good_password)));
    }
  }, 120_000);

  test('a leader killed in the middle: the same key gives one change and its answer', async () => {
    let password = good_password;
    let token = await register(at(2), 'eva');
    for (let kill = 0; kill < KILLS; kill += 1) {
      const leader = await cluster.awaitLeader();
      const next = `an uncommon password of round ${kill}`;
      const headers = {
        'idempotency-key': `round ${kill}`,
        'agenda-routing': kill % 2 === 0 ? 'redirect' : 'forward',
      };
      const passwords = { from: password, to: next };
      const first = changePassword(leader + kill, token, passwords, headers).catch(() => null);
      await sleep(15 * kill);
      await cluster.kill(leader);
      await first;
      let position = leader;
      const answer = await eventually('an answer from who is left', async () => {
        position += 1;
        if (position % cluster.size === leader) return null;
        const retried = await changePassword(position, token, passwords, headers);
        return retried.status >= 500 ? null : retried;
      });
      expect([answer.status, answer.body['code']]).toEqual([200, undefined]);
      cluster.start(leader);
      await eventually('all replicas ready', async () => {
        const ready = await Promise.all(
          cluster.positions.map((one) => cluster.get(one, '/readyz')),
        );
        return ready.every((one) => one.status === 200) ? true : null;
      });
      await expectEnded(token);
      token = tokenOf(answer);
      expect(await statusEverywhere(token)).toEqual([200, 200, 200]);
      expect((await logIn(kill, 'eva', password)).status).toBe(401);
      expect((await logIn(kill, 'eva', next)).status).toBe(200);
      password = next;
    }
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }, 240_000);

  test('nothing of a password or a token is in a log', () => {
    for (const position of cluster.positions) {
      expect(cluster.log(position)).not.toMatch(/uncommon password|eyJhbGciOi|\$argon2/);
    }
  });
});
