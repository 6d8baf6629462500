import { Readable, pipeline } from 'node:stream';
import type { Writable } from 'node:stream';
import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';
import type { CutOffReason } from '../stream-metrics.ts';

export interface StreamAnswerOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** The client sees that its answer is cut short. */
  readonly onCutOff: (reason: CutOffReason) => void;
  readonly onEnd: () => void;
}

/**
 * As fast as the client takes them; a client that leaves, or an error, ends the making of them. So does a
 * client that stops reading, or never comes to an end: what they are made of is held for it meanwhile.
 */
export function streamAnswer(
  response: Writable,
  chunks: AsyncIterable<string>,
  { clock, onCutOff, onEnd }: StreamAnswerOptions,
): void {
  const cutOff = (reason: CutOffReason): void => {
    onCutOff(reason);
    response.destroy();
  };
  const waitForProgress = (): (() => void) =>
    clock.after(limits.stream_stalled_ms, () => cutOff('stalled'));
  let stopWaiting = waitForProgress();
  const stopCounting = clock.after(limits.stream_ms_max, () => cutOff('too_long'));
  const onAsked = (): void => {
    stopWaiting();
    stopWaiting = waitForProgress();
  };
  pipeline(Readable.from(observed(chunks, onAsked)), response, () => {
    // An error has destroyed the response: the client sees that it is cut short.
    stopWaiting();
    stopCounting();
    onEnd();
  });
}

/** Another chunk is asked for when there is room for it: the client has read. */
function observed(chunks: AsyncIterable<string>, onAsked: () => void): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = chunks[Symbol.asyncIterator]();
      return {
        next() {
          onAsked();
          return iterator.next();
        },
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
