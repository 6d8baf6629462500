import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const CLIENTS = 12;
const KILLS = 3;
/** Until some change was made by a leader that died before it could say so. */
const KILLS_MAX = 12;

/** A change of one version to the next, sent with one key until it is answered. */
interface Change {
  readonly path: string;
  readonly key: string;
  readonly if_match: string;
  readonly body: unknown;
  answer: Answer | null;
  /** Some attempt was lost with whoever was to answer it. */
  is_in_doubt: boolean;
}

describe('a change with If-Match and a key, whose leader is killed while it is under way', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'ana');
  }, 120_000);
  afterAll(() => cluster.dispose(), 60_000);

  test('is made once, never 412, and answered alike at every replica', async () => {
    const paths = await Promise.all(Array.from({ length: CLIENTS }, (_, hour) => create(hour)));
    const changes = paths.map((): Change[] => []);
    const known = (): Change[] => changes.flat().filter(({ answer }) => answer !== null);
    const wasMadeUnseen = ({ is_in_doubt, answer }: Change): boolean =>
      is_in_doubt && answer?.headers.get('idempotency-replayed') === 'true';
    let is_over = false;
    const clients = paths.map((path, client) => changeUntil(path, client, () => is_over));

    async function changeUntil(path: string, hour: number, isOver: () => boolean): Promise<void> {
      for (let version = 1; !isOver(); version += 1) {
        const change: Change = {
          path,
          key: `client ${hour} version ${version}`,
          if_match: `"${version}"`,
          body: { title: `version ${version + 1}`, ...hourOf2027(hour) },
          answer: null,
          is_in_doubt: false,
        };
        changes[hour]?.push(change);
        await insist(change, hour + version);
      }
    }

    for (let kill = 0; kill < KILLS_MAX; kill += 1) {
      if (kill >= KILLS && known().some(wasMadeUnseen)) break;
      const goal = known().length + 4 * CLIENTS;
      await eventually('changes are made', () => (known().length >= goal ? true : null));
      const leader = await cluster.awaitLeader();
      await cluster.kill(leader);
      await cluster.awaitLeader();
      cluster.start(leader);
    }
    is_over = true;
    await Promise.all(clients);
    await cluster.awaitEqualIndex();

    for (const made of changes) {
      const answers = made.map(({ answer }) => [answer?.status, answer?.headers.get('etag')]);
      expect(answers).toEqual(made.map((_, at) => [200, `"${at + 2}"`]));
    }
    expect(known().filter(wasMadeUnseen)).not.toEqual([]);
    for (const position of cluster.positions) {
      for (const made of changes) {
        const asked = made.filter(({ is_in_doubt }, at) => is_in_doubt || at === made.length - 1);
        for (const change of asked) await expectSame(position, change);
        const path = made[0]?.path ?? '';
        const read = await call(cluster.origin(position), 'GET', path, { token });
        expect(read.body['appointment']).toMatchObject({ version: made.length + 1 });
      }
    }
  }, 300_000);

  async function create(hour: number): Promise<string> {
    const body = { title: 'version 1', ...hourOf2027(hour) };
    const options = { token, body };
    const answer = await call(cluster.origin(hour % 3), 'POST', '/api/appointments', options);
    expect(answer.status).toBe(201);
    return String(answer.headers.get('location'));
  }

  /** At all replicas in turn, one request in two to be forwarded. */
  async function insist(change: Change, first: number): Promise<void> {
    for (let attempt = first; change.answer === null; attempt += 1) {
      const answer = await send(change, attempt % cluster.size, attempt % 2 === 0);
      if (answer === null || answer.status === 504) change.is_in_doubt = true;
      else if (answer.status !== 503) change.answer = answer;
      if (change.answer === null) await sleep(20);
    }
  }

  async function expectSame(position: number, change: Change): Promise<void> {
    const again = await send(change, position, true);
    const { answer } = change;
    expect([again?.status, again?.headers.get('etag'), again?.body]).toEqual([
      answer?.status,
      answer?.headers.get('etag'),
      answer?.body,
    ]);
    expect(again?.headers.get('idempotency-replayed')).toBe('true');
  }

  /** Null: the connection was lost, or was never made. */
  async function send(
    { path, key, if_match, body }: Change,
    position: number,
    is_forwarded: boolean,
  ): Promise<Answer | null> {
    const headers = {
      'idempotency-key': key,
      'if-match': if_match,
      ...(is_forwarded ? { 'agenda-routing': 'forward' } : {}),
    };
    const options = { token, body, headers };
    return call(cluster.origin(position), 'PUT', path, options).catch(() => null);
  }
});
