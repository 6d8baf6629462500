import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Key } from '../../agenda/model.ts';
import type { AgendaSnapshot, AgendasPort } from '../../agenda/view.ts';
import { ProblemError } from '../problem.ts';
import type { Answer } from '../route.ts';
import type { ApiServices } from '../services.ts';

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
 * one state all the same. Throws `overloaded` when too many of those are made already, for all or for the
 * reader.
 */
export function answerList(
  services: ApiServices,
  reader_key: Key,
  stepsOf: (agendas: AgendasPort) => ListSteps,
): Answer {
  const [first] = stepsOf(services.replica.view);
  if (first?.end) {
    const { items } = first;
    const { next_cursor } = first.end;
    return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
  }
  const { agendas, close } = openSnapshot(services, reader_key);
  return { status: 200, chunks: begun(listChunks(stepsOf(agendas), close)) };
}

/** One state, and what lets go of it, once. Throws `overloaded`. */
function openSnapshot(
  { replica: { view }, large_agendas_of_each }: ApiServices,
  reader_key: Key,
): { readonly agendas: AgendasPort; readonly close: () => void } {
  const giveBack = large_agendas_of_each.take(reader_key);
  if (giveBack === null) throw tooMany('You read too many large agendas at once');
  let snapshot: AgendaSnapshot | null = null;
  try {
    snapshot = view.agendaSnapshot();
  } finally {
    if (snapshot === null) giveBack();
  }
  if (snapshot === null) throw tooMany('Too many large agendas are being read');
  const agendas = snapshot;
  return {
    agendas,
    close() {
      agendas.close();
      giveBack();
    },
  };
}

function tooMany(what: string): ProblemError {
  const detail = `${what}; try again, or with a smaller limit.`;
  return new ProblemError({ code: 'overloaded', detail });
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

/** The JSON of a list: between two steps the event loop is free. It tells when it ends, however. */
async function* listChunks(steps: ListSteps, onEnd: () => void): AsyncGenerator<string> {
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
    onEnd();
  }
}
