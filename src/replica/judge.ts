import type { AuditRow } from '../agenda/audit.ts';
import type { RowChange } from '../agenda/change.ts';
import type { Command } from '../agenda/command.ts';
import { authenticate } from '../agenda/decide/authenticate.ts';
import { decideCommand } from '../agenda/decide/decide-command.ts';
import type { CommandPlace } from '../agenda/decide/decide-command.ts';
import type { Decide } from '../agenda/decide/decision.ts';
import type { AgendaEvent } from '../agenda/event.ts';
import { keyAt } from '../agenda/id.ts';
import type { CommandOutcome } from '../agenda/outcome.ts';
import type { Refusal, RefusalCode } from '../agenda/refusal.ts';
import type { RulesView } from '../agenda/view.ts';
import type { RequestKeys } from './request-keys.ts';

/** What a command comes to, before anything is written. */
export interface Judgement {
  readonly outcome: CommandOutcome;
  readonly changes: readonly RowChange[];
  readonly events: readonly AgendaEvent[];
}

export interface JudgeOptions {
  readonly view: RulesView;
  readonly requests: RequestKeys;
  readonly decide: Decide;
}

/** In the order of `api.md`: token, remembered answer, rules. Reads only. */
export function judge(options: JudgeOptions, command: Command, place: CommandPlace): Judgement {
  const { view, requests, decide } = options;
  const who = authenticate(view, command);
  if (!who.ok) return refused(who.error);

  if (command.remember !== null) {
    const { scope_hash, fingerprint } = command.remember;
    const remembered = requests.find(scope_hash, place.state_time);
    if (remembered !== null && remembered.fingerprint !== fingerprint) {
      return refused(key_reused);
    }
    if (remembered !== null) {
      return {
        outcome: { kind: 'done', answer: remembered.answer, replayed: true },
        changes: [],
        events: [],
      };
    }
  }

  const decision = decideCommand(view, command, who.value, place, decide);
  if (decision.kind === 'refused') return refused(decision.refusal);
  const { answer, changes, events } = decision;
  return { outcome: { kind: 'done', answer, replayed: false }, changes, events };
}

/**
 * What becomes of a command that met a defect of the program: refused, equally on every replica, with
 * nothing left of it but a row in the audit.
 */
export function failedJudgement(
  command: Command | null,
  request_id: string,
  place: CommandPlace,
): Judgement {
  const audit: AuditRow = {
    key: keyAt(place.index, 0),
    component: 'commands',
    action: 'command.failed',
    actor_key: command?.by ?? null,
    object_key: null,
    request_id: command?.request_id ?? request_id,
    origin_node: command?.origin_node ?? '',
    occurred_at: place.state_time,
    level: 'error',
    payload: JSON.stringify(command === null ? {} : { kind: command.body.kind }),
    payload_hash: null,
    count: 1,
    chain: null,
  };
  return {
    outcome: { kind: 'refused', refusal: command_failed },
    changes: [{ op: 'insert', table: 'audit_logs', row: audit }],
    events: [],
  };
}

function refused(refusal: Refusal): Judgement {
  return { outcome: { kind: 'refused', refusal }, changes: [], events: [] };
}

function fixedRefusal(code: RefusalCode, detail: string): Refusal {
  return { code, detail };
}

const key_reused = fixedRefusal(
  'idempotency_key_reused',
  'This Idempotency-Key was used with another body; use a new key for a new request.',
);

const command_failed = fixedRefusal(
  'internal_error',
  'A defect of the program stopped this request. Nothing was changed, and it was recorded.',
);
