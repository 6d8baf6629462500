import type { Command } from '../../agenda/command.ts';
import type { ProposeResult } from '../../replica/replica.ts';
import { remainingMs } from '../deadline.ts';
import { fingerprintOf } from '../idempotency.ts';
import type { ForwardOutcome } from '../metrics.ts';
import { ProblemError } from '../problem.ts';
import { proposeHere } from '../propose-here.ts';
import type { RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { forward_answer_schema } from './forward-answer.ts';
import type { ForwardAnswer } from './forward-answer.ts';
import type { ForwardedCommand } from './forwarded-command.ts';

type ForwardServices = Pick<ApiServices, 'replica' | 'secrets' | 'forward' | 'metrics'>;

/** The leader knows the person otherwise than the command was made for; nothing was proposed. */
export class CallerChanged extends Error {
  override name = 'CallerChanged';
}

/** To the leader that is known, and once more to the one that follows it. */
const ATTEMPTS_MAX = 2;

/**
 * Hands a write to the leader over the signed channel. It is sent a second time only when it is certain
 * that the first leader did nothing: one that may have done it is `unknown`. Throws what the leader
 * refuses before it proposes, and {@link CallerChanged}. Should this replica lead by now, `command`
 * is proposed here.
 */
export async function forwardToLeader(
  services: ForwardServices,
  context: RouteContext,
  command: Command,
): Promise<ProposeResult> {
  const { replica, metrics } = services;
  const { deadline } = context.exchange;
  let past_term = 0;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const leader = await replica.waitForLeader(remainingMs(deadline), past_term);
    if (leader === null) return no_leader;
    const { node_id, term } = replica.status();
    past_term = term;
    let answer: ForwardAnswer | 'not_sent';
    if (leader.node_id === node_id) {
      answer = { kind: 'result', result: await proposeHere(replica, command, deadline) };
    } else {
      const forwarded = forwardedOf(services, context, command);
      const sent = await services.forward(leader, forwarded, remainingMs(deadline));
      answer = sent.kind === 'answered' ? readAnswer(sent.body) : answerOf(sent.kind);
      metrics.forwarded(outcomeOf(answer));
    }
    if (answer === 'not_sent' || isNotLeader(answer)) continue;
    if (leader.node_id !== node_id) context.exchange.served_by = leader.node_id;
    if (answer.kind === 'result') return answer.result;
    if (answer.kind === 'problem') throw new ProblemError(answer);
    await replica.waitForIndex(answer.index, remainingMs(deadline));
    throw new CallerChanged();
  }
  return no_leader;
}

const no_leader: ProposeResult = { kind: 'not_proposed', reason: 'no_leader' };

function forwardedOf(
  { replica, secrets }: ForwardServices,
  context: RouteContext,
  command: Command,
): ForwardedCommand {
  const { request, exchange, caller, idempotency_key, json } = context;
  const is_remembered = command.remember !== null;
  return {
    request_id: exchange.request_id,
    method: request.method ?? '',
    path_and_query: exchange.path_and_query,
    if_match: request.headers['if-match'] ?? null,
    idempotency_key,
    fingerprint: is_remembered ? fingerprintOf(secrets.request_key, json) : null,
    credential: caller?.credential ?? null,
    seen: {
      applied_index: replica.status().applied_index,
      user_version: caller?.user.version ?? null,
    },
    body: command.body,
  };
}

function answerOf(kind: 'not_sent' | 'overloaded' | 'unknown'): ForwardAnswer | 'not_sent' {
  if (kind === 'not_sent') return kind;
  const result: ProposeResult =
    kind === 'overloaded' ? { kind: 'not_proposed', reason: 'overloaded' } : { kind: 'unknown' };
  return { kind: 'result', result };
}

/** What makes no sense is no proof of anything. */
function readAnswer(body: unknown): ForwardAnswer {
  const read = forward_answer_schema.safeParse(body);
  return read.success ? read.data : { kind: 'result', result: { kind: 'unknown' } };
}

function isNotLeader(answer: ForwardAnswer): boolean {
  if (answer.kind !== 'result' || answer.result.kind !== 'not_proposed') return false;
  return answer.result.reason === 'not_leader';
}

function outcomeOf(answer: ForwardAnswer | 'not_sent'): ForwardOutcome {
  if (answer === 'not_sent') return 'unreachable';
  if (answer.kind === 'problem') return 'refused';
  if (answer.kind === 'caller_changed') return answer.kind;
  const { result } = answer;
  if (result.kind === 'not_proposed') return result.reason;
  return result.kind === 'applied' ? result.outcome.kind : result.kind;
}
