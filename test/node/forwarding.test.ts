import { describe, expect, test } from '@jest/globals';
import { RpcError } from '../../src/consensus/rpc/rpc-error.ts';
import type { RpcErrorCode } from '../../src/consensus/rpc/rpc-error.ts';
import type { ForwardResult } from '../../src/http/dependencies.ts';
import type { ForwardedCommand } from '../../src/http/forward/forwarded-command.ts';
import { limits } from '../../src/limits.ts';
import { createForward } from '../../src/node/forwarding.ts';

type Consensus = Parameters<typeof createForward>[0];

const leader = { node_id: 'agenda-1', storage_id: 'disk-1' };
const command = {} as ForwardedCommand;

function forwardOver(call: () => Promise<unknown>, address: string | null = 'agenda-1:8080') {
  const consensus = { transport: { call }, book: { dialableAddress: () => address } };
  return createForward(consensus as unknown as Consensus);
}

describe('what came of a write that was sent to the leader', () => {
  const answers: [number, ForwardResult][] = [
    [200, { kind: 'answered', body: 'it' }],
    [401, { kind: 'not_sent' }],
    [413, { kind: 'not_sent' }],
    // A defect may have come after the proposal.
    [500, { kind: 'unknown' }],
  ];
  test.each(answers)('a verified %s', async (status, result) => {
    const forward = forwardOver(() => Promise.resolve({ status, body: 'it' }));
    expect(await forward(leader, command, 1_000)).toEqual(result);
  });

  const failures: [RpcErrorCode, ForwardResult['kind']][] = [
    ['no_address', 'not_sent'],
    ['no_cluster', 'not_sent'],
    ['no_connection', 'not_sent'],
    ['closed', 'not_sent'],
    ['unreachable', 'unknown'],
    ['stale_connection', 'unknown'],
    ['timeout', 'unknown'],
    ['bad_answer', 'unknown'],
  ];
  test.each(failures)('%s: %s', async (code, kind) => {
    const forward = forwardOver(() => Promise.reject(new RpcError(code, 'for this test')));
    expect(await forward(leader, command, 1_000)).toEqual({ kind });
  });

  test('without an address, or without time, nothing is sent', async () => {
    const never = () => Promise.reject(new Error('it was sent'));
    expect(await forwardOver(never, null)(leader, command, 1_000)).toEqual({ kind: 'not_sent' });
    expect(await forwardOver(never)(leader, command, 0)).toEqual({ kind: 'not_sent' });
  });

  test('so many may be under way, and no more', async () => {
    const waiting: ((answer: unknown) => void)[] = [];
    const forward = forwardOver(() => new Promise((resolve) => waiting.push(resolve)));
    const under_way = Array.from({ length: limits.forwards_in_flight_max }, () =>
      forward(leader, command, 1_000),
    );
    expect(await forward(leader, command, 1_000)).toEqual({ kind: 'overloaded' });
    for (const resolve of waiting) resolve({ status: 200, body: null });
    await Promise.all(under_way);
    const next = forward(leader, command, 1_000);
    waiting.at(-1)?.({ status: 200, body: null });
    expect(await next).toEqual({ kind: 'answered', body: null });
  });
});
