import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AgendaSnapshot, AgendasPort, AgendaView } from '../../agenda/view.ts';
import { ProblemError } from '../problem.ts';
import type { Answer } from '../route.ts';

/** What one turn of the event loop adds to a list. */
interface ListStep {
  readonly items: readonly object[];
  /** Null: there are more steps. Else this is the last, and where the next page begins, if there is one. */
  readonly end: { readonly next_cursor: string | null } | null;
}

/** The steps of a list; the last one has an end. */
export type ListSteps = Generator<ListStep, void>;

/**
 * A list of one step is answered at once; a larger one is made while it is sent, step by step, and shows
 * one state all the same. Throws `overloaded` when too many of those are made already.
 */
export function answerList(view: AgendaView, stepsOf: (agendas: AgendasPort) => ListSteps): Answer {
  const [first] = stepsOf(view);
  if (first?.end) {
    const { items } = first;
    const { next_cursor } = first.end;
    return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
  }
  const snapshot = view.agendaSnapshot();
  if (snapshot === null) {
    const detail = 'Too many large agendas are being read; try again, or with a smaller limit.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  return { status: 200, chunks: begun(listChunks(snapshot, stepsOf(snapshot))) };
}

/** Begun, so that its end closes the snapshot even when nobody ever reads from it. */
function begun(chunks: AsyncGenerator<string>): AsyncIterable<string> {
  let first: Promise<IteratorResult<string>> | null = chunks.next();
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const next = first ?? chunks.next();
        first = null;
        return next;
      },
      return: () => chunks.return(undefined),
    }),
  };
}

/**
 * The JSON of a list: between two steps the event loop is free. Closes the snapshot when it ends, however.
 */
async function* listChunks(snapshot: AgendaSnapshot, steps: ListSteps): AsyncGenerator<string> {
  try {
    let opening = '{"items":[';
    for (const { items, end } of steps) {
      if (items.length > 0) {
        yield opening + items.map((item) => JSON.stringify(item)).join(',');
        opening = ',';
      }
      if (end === null) {
        await nextTurn();
        continue;
      }
      const closing =
        end.next_cursor === null ? ']}' : `],"next_cursor":${JSON.stringify(end.next_cursor)}}`;
      yield opening === ',' ? closing : opening + closing;
      return;
    }
  } finally {
    snapshot.close();
  }
}
