import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { runMemberCommand } from '../../src/cli/member-command.ts';
import { callLeader } from '../../src/cli/operator/call-leader.ts';
import { OperatorClient } from '../../src/cli/operator/client.ts';
import { runTransferCommand } from '../../src/cli/transfer-command.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { createKeyring } from '../../src/consensus/rpc/keyring.ts';
import type { ClusterOperations } from '../../src/discovery/operations/cluster-operations.ts';
import { memberRoutes } from '../../src/discovery/operations/member-routes.ts';
import { operatorRoutes } from '../../src/discovery/operations/routes.ts';
import {
  MEMBERS_PATH,
  members_answer,
  TRANSFER_PATH,
  transfer_answer,
} from '../../src/discovery/operations/wire.ts';
import { identityOf, SECRET, startReceiver } from '../consensus/rpc/loopback.ts';
import type { Loopback } from '../consensus/rpc/loopback.ts';

const members: readonly Member[] = [1, 2, 3].map((number) => ({
  node_id: `agenda-${number}`,
  storage_id: `storage-${number}`,
}));

/** Two replicas that take operators' calls, of which the second leads unless nobody does. */
class TwoReplicas {
  readonly asked: unknown[] = [];
  readonly addresses = new Map<string, string>();
  leader_id: string | null = 'agenda-2';
  configuration: Configuration = {
    cluster_id: 'cluster-1',
    voters: members.slice(0, 2),
    outgoing_voters: [],
    learners: [],
    voters_wanted: 2,
    feature_level: 1,
    removed: [],
  };
  refuses: 'still_heard' | null = null;
  outcome: 'known' | 'not known' | 'failed' = 'known';
  readonly running: Loopback[] = [];
  readonly client = new OperatorClient({ secret: SECRET, tls: null });

  async start(): Promise<void> {
    for (const member of members.slice(0, 2)) {
      const loopback = await startReceiver({
        identity: identityOf(member, `boot-${member.node_id}`),
        operator_keyring: createKeyring([SECRET], 'operator'),
        routes: this.#routesOf(member),
      });
      this.running.push(loopback);
      this.addresses.set(member.node_id, loopback.address);
    }
  }

  at(node_id: string): string {
    return this.addresses.get(node_id) ?? '';
  }

  async close(): Promise<void> {
    this.client.close();
    for (const loopback of this.running) await loopback.close();
  }

  #routesOf(member: Member) {
    const operations: ClusterOperations = {
      transfer: (target) => {
        if (this.leader_id !== member.node_id) return Promise.resolve('not_leader');
        this.asked.push({ transfer: target });
        if (this.outcome === 'not known') return Promise.resolve('timed_out');
        if (target === 'agenda-9') return Promise.resolve('no_target');
        this.leader_id = target ?? 'agenda-1';
        return Promise.resolve('transferred');
      },
      changeMembership: (change) => {
        if (this.leader_id !== member.node_id) {
          return Promise.resolve({ kind: 'refused', reason: 'not_leader' });
        }
        this.asked.push(change);
        if (this.outcome === 'failed') return Promise.reject(new Error('a defect'));
        if (this.outcome === 'not known') return Promise.resolve({ kind: 'unknown' });
        if (this.refuses !== null) {
          return Promise.resolve({ kind: 'refused', reason: this.refuses });
        }
        this.configuration = { ...this.configuration, learners: change.add_learners };
        return Promise.resolve({ kind: 'committed', index: 9 });
      },
    };
    const see = operatorRoutes({
      inspect: () => ({
        ...member,
        version: '1',
        cluster_id: 'cluster-1',
        role: this.leader_id === member.node_id ? 'leader' : 'follower',
        term: 1,
        leader_id: this.leader_id,
        commit_index: 1,
        applied_index: 1,
        first_index: 1,
        last_index: 1,
        last_term: 1,
        configuration: null,
        peers: [],
        addresses: [],
      }),
      check: () => Promise.resolve({ kind: 'busy' }),
    });
    const change = memberRoutes({
      operations,
      configuration: () => this.configuration,
      running: () =>
        members.map((one) => ({ ...one, address: this.addresses.get(one.node_id) ?? '' })),
      leader_id: () => this.leader_id,
    });
    return [...see, ...change];
  }

  change(at: string, body: object) {
    return callLeader(this.client, this.at(at), MEMBERS_PATH, body, members_answer, 5_000);
  }

  transfer(at: string, to: string | null) {
    return callLeader(this.client, this.at(at), TRANSFER_PATH, { to }, transfer_answer, 5_000);
  }
}

describe('a change that an operator asks for', () => {
  let replicas: TwoReplicas;

  afterEach(() => replicas.close());

  async function start(): Promise<void> {
    replicas = new TwoReplicas();
    await replicas.start();
  }

  test('goes to the leader, whichever replica was asked', async () => {
    await start();
    const [, , third] = members;
    const answer = await replicas.change('agenda-1', { add: ['agenda-3'] });
    expect(answer.configuration.learners).toEqual([third]);
    expect(answer.others).toEqual([]);
    expect(replicas.asked).toEqual([
      { add_learners: [third], remove: [], promote: [], demote: [], voters_wanted: null },
    ]);
    expect(await replicas.transfer('agenda-1', null)).toEqual({ leader_id: 'agenda-1' });
    expect(await replicas.transfer('agenda-2', 'agenda-2')).toEqual({ leader_id: 'agenda-2' });
  });

  test('is refused with what is wrong, and with what would be right', async () => {
    await start();
    await expect(replicas.change('agenda-1', { add: ['agenda-7'] })).rejects.toThrow(
      'No replica agenda-7 is known',
    );
    await expect(replicas.change('agenda-1', { remove: ['agenda-3'] })).rejects.toThrow(
      'agenda-3 is not a member',
    );
    await expect(replicas.change('agenda-1', {})).rejects.toThrow('one or more of');
    await expect(replicas.change('agenda-1', { wish: 1 })).rejects.toThrow('one or more of');
    replicas.refuses = 'still_heard';
    await expect(replicas.change('agenda-1', { remove: ['agenda-1'] })).rejects.toThrow(
      'two processes may be running',
    );
    await expect(replicas.transfer('agenda-1', 'agenda-9')).rejects.toThrow('could take over');
  });

  test('says so when nobody leads, after a while', async () => {
    await start();
    replicas.leader_id = null;
    await expect(replicas.transfer('agenda-1', null)).rejects.toThrow('nobody leads');
    expect(replicas.asked).toEqual([]);
  });

  test('ends with 0 when done, 1 when refused, 2 when it is not known what became of it', async () => {
    await start();
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const complained = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const env = { CLUSTER_HMAC_SECRET: SECRET };
    const at = ['--at', replicas.at('agenda-1')];
    const add = () => runMemberCommand(['add', 'agenda-3', ...at], env);
    const transfer = () => runTransferCommand(['agenda-2', ...at], env);
    expect([await add(), await transfer()]).toEqual([0, 0]);
    expect(said).toHaveBeenCalledTimes(2);
    replicas.refuses = 'still_heard';
    expect(await runMemberCommand(['remove', 'agenda-1', ...at], env)).toBe(1);
    expect(await runTransferCommand(['agenda-9', ...at], env)).toBe(1);
    replicas.leader_id = 'agenda-2';
    replicas.outcome = 'not known';
    expect([await add(), await transfer()]).toEqual([2, 2]);
    expect(complained).toHaveBeenLastCalledWith(expect.stringContaining('and may yet'));
    replicas.outcome = 'failed';
    expect(await add()).toBe(2);
    await replicas.running[0]?.close();
    expect(await transfer()).toBe(2);
    expect(complained).toHaveBeenCalledTimes(6);
    said.mockRestore();
    complained.mockRestore();
  });

  test('a demotion says that no more voters are wanted than are left', async () => {
    await start();
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const env = { CLUSTER_HMAC_SECRET: SECRET };
    const at = ['--at', replicas.at('agenda-2')];
    const told = expect.stringContaining('No more are wanted than vote now');
    await runMemberCommand(['add', 'agenda-3', ...at], env);
    expect(said).not.toHaveBeenCalledWith(told);
    await runMemberCommand(['demote', 'agenda-1', ...at], env);
    expect(said).toHaveBeenLastCalledWith(told);
    said.mockRestore();
  });

  test('is a GET to look at', async () => {
    await start();
    const there = await replicas.client.inspect(replicas.at('agenda-1'));
    const answer = await replicas.client.get(
      replicas.at('agenda-1'),
      there,
      MEMBERS_PATH,
      members_answer,
    );
    expect(answer.configuration.voters).toEqual(members.slice(0, 2));
    expect(answer.others).toEqual([members[2]]);
  });
});
