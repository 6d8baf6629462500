import type { Command } from '../../agenda/command.ts';
import { confirm } from '../authenticate.ts';
import type { Caller } from '../authenticate.ts';
import { startDeadline } from '../deadline.ts';
import { requestKeyWith } from '../idempotency.ts';
import { ProblemError } from '../problem.ts';
import type { ApiServices } from '../services.ts';
import { openTicket } from '../ticket.ts';
import { limits } from '../../limits.ts';
import { admitBody } from './admit-body.ts';
import type { AdmittedBody } from './admit-body.ts';
import type { ForwardAnswer } from './forward-answer.ts';
import { withOwnTimes } from './own-times.ts';
import { forwarded_command_schema } from './forwarded-command.ts';
import type { ForwardedCommand } from './forwarded-command.ts';

type ReceiverServices = Pick<
  ApiServices,
  'replica' | 'tokens' | 'secrets' | 'now_ms' | 'registration' | 'metrics'
>;

/** A forwarded command whose frame has the right form; its body is not looked at yet. */
type Framed = Omit<ForwardedCommand, 'body'>;

/**
 * `POST /raft/propose`: what another replica took from a client, proposed here. Nothing is taken from it
 * that can be made here: the credential is verified again, the body is judged by this replica's own
 * bounds, who it is by comes from the credential, the time from this clock, folded names from the names.
 * `source_node_id` is proven by the signature.
 */
export async function receiveForwarded(
  services: ReceiverServices,
  source_node_id: string,
  value: unknown,
): Promise<ForwardAnswer> {
  const { replica } = services;
  const framed = forwarded_command_schema.safeParse(value);
  if (!framed.success) return invalid('This is not a command that can be forwarded.');
  if (replica.status().role !== 'leader') return not_leader;
  try {
    const { seen } = framed.data;
    if (!(await replica.waitForIndex(seen.applied_index, limits.request_deadline_ms)))
      return behind;
    const admitted = admitBody(framed.data.body);
    const body = admitted === null ? null : withOwnTimes(admitted, replica.view);
    if (body === null) return invalid('The command is none that this leader admits.');
    const caller = await callerOf(services, source_node_id, framed.data);
    refuseUnlessAllowed(services, body, caller);
    if (caller !== null && caller.user.version !== seen.user_version) {
      return { kind: 'caller_changed', index: replica.status().applied_index };
    }
    const command = commandOf(services, { source_node_id, framed: framed.data, caller, body });
    const result = await replica.propose(command);
    if (result.kind !== 'applied') services.metrics.proposalFailed();
    return { kind: 'result', result };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, detail } = error.problem;
    return { kind: 'problem', code, detail };
  }
}

const not_leader: ForwardAnswer = {
  kind: 'result',
  result: { kind: 'not_proposed', reason: 'not_leader' },
};

const behind: ForwardAnswer = {
  kind: 'problem',
  code: 'index_not_reached',
  detail: 'The leader has not caught up yet; nothing was changed, try again.',
};

function invalid(detail: string): ForwardAnswer {
  return { kind: 'problem', code: 'invalid_request', detail };
}

/** Whose credential it is; null without one. Throws `unauthenticated` and `index_not_reached`. */
async function callerOf(
  services: ReceiverServices,
  source_node_id: string,
  { credential, ...framed }: Framed,
): Promise<Caller | null> {
  if (credential === null) return null;
  const deadline = startDeadline();
  if (credential.kind === 'token') {
    const verified = await services.tokens.verify(credential.token);
    if (!verified.ok) throw unauthenticated(verified.error);
    const { expires_at_ms, ...session } = verified.value;
    const identity = { session, ticket_id: null, expires_at_ms, credential };
    return confirm(services, identity, { deadline });
  }
  const { method, path_and_query, if_match, idempotency_key } = framed;
  const { ticket, body_hash } = credential;
  const opened = openTicket(
    services.secrets.ticket,
    ticket,
    { node_id: source_node_id, method, path_and_query, if_match, idempotency_key, body_hash },
    // The one that the ticket names has compared its end with its own clock, which may be another.
    services.now_ms() - limits.rpc_clock_skew_ms - limits.request_deadline_ms,
  );
  if (!opened.ok) throw unauthenticated(opened.error);
  const { id, session, expires_at_ms } = opened.value;
  const identity = { session, ticket_id: id, expires_at_ms, credential };
  return confirm(services, identity, { deadline });
}

function refuseUnlessAllowed(
  { registration }: ReceiverServices,
  body: AdmittedBody,
  caller: Caller | null,
): void {
  if (body.kind !== 'user.register') {
    if (caller === null) throw unauthenticated('This command needs a token.');
    return;
  }
  if (registration === 'open') return;
  const detail = 'Registration is closed here; ask an operator for an account.';
  throw new ProblemError({ code: 'forbidden', detail });
}

interface Assembled {
  readonly source_node_id: string;
  readonly framed: Framed;
  readonly caller: Caller | null;
  readonly body: AdmittedBody;
}

function commandOf(
  services: ReceiverServices,
  { source_node_id, framed, caller, body }: Assembled,
): Command {
  const { fingerprint, method, path_and_query, idempotency_key } = framed;
  // Somebody who registers is nobody yet, token or not.
  const by = body.kind === 'user.register' ? null : caller;
  const who = body.kind === 'user.register' ? body.username_folded : (caller?.user_id ?? '');
  const [path = ''] = path_and_query.split('?', 1);
  const given = { key: idempotency_key, ticket_id: by?.ticket_id ?? null };
  return {
    version: 1,
    at: services.now_ms(),
    by: by?.user.key ?? null,
    token_version: by?.session.token_version ?? null,
    origin_node: source_node_id,
    request_id: framed.request_id,
    remember:
      fingerprint === null
        ? null
        : requestKeyWith(services.secrets.request_key, { who, method, path }, given, fingerprint),
    body,
  };
}

function unauthenticated(detail: string): ProblemError {
  return new ProblemError({ code: 'unauthenticated', detail });
}
