import type { Question, TlsTrust } from '../../../src/consensus/rpc/lane.ts';
import { MessageLane } from '../../../src/consensus/rpc/message-lane.ts';
import { answerOf, startRawPeer } from './raw-peer.ts';
import type { HeardRequest, RawPeer, RawPeerOptions } from './raw-peer.ts';

const cleanups: (() => Promise<void> | void)[] = [];

/** After each test. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0)) await cleanup();
}

export async function rawPeer(options: RawPeerOptions = {}): Promise<RawPeer> {
  const peer = await startRawPeer(options);
  cleanups.push(() => peer.close());
  return peer;
}

export function laneOf(tls?: TlsTrust): MessageLane {
  const lane = new MessageLane(tls);
  cleanups.push(() => lane.close());
  return lane;
}

export function questionTo(
  address: string,
  body = 'question',
  fields: Partial<Question> = {},
): Question {
  return {
    address,
    method: 'POST',
    target: '/raft/append-entries',
    content_type: 'application/octet-stream',
    envelope_text: '1,a,b',
    signature: '00ff',
    body: Buffer.from(body),
    timeout_ms: 10_000,
    ...fields,
  };
}

/** Sends back what it is asked. */
export function echo({ body, socket }: HeardRequest): void {
  socket.write(answerOf(body.toString('latin1')));
}

export async function answerTo(lane: MessageLane, question: Question): Promise<string> {
  const { body } = await lane.exchange(question);
  return body.toString('latin1');
}

/** Code and sentence, or `answered`. */
export function failureOf(lane: MessageLane, question: Question): Promise<string> {
  return lane.exchange(question).then(
    () => 'answered',
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );
}
