import { assert, must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { AuditComponent, AuditRow } from '../audit.ts';
import type { RowChange } from '../change.ts';
import type { Command, CommandBody, CommandKind } from '../command.ts';
import type { AgendaEvent } from '../event.ts';
import { keyAt } from '../id.ts';
import type { Instant, Key, User } from '../model.ts';
import type { Answer } from '../outcome.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { auditPayload } from './audit-payload.ts';
import type { Decide, DecideContext, Told } from './decision.ts';
import { tell } from './tell.ts';

/** A command with all its consequences and its audit row. */
export type CommandDecision =
  | {
      readonly kind: 'done';
      readonly changes: readonly RowChange[];
      readonly answer: Answer;
      readonly events: readonly AgendaEvent[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The place of a command in the replicated history. */
export interface CommandPlace {
  readonly index: number;
  readonly state_time: Instant;
}

/**
 * Decides a command and, depth first, what follows from it; all or nothing: a refused consequence refuses
 * the whole. Broken bounds are defects and throw.
 */
export function decideCommand(
  view: RulesView,
  command: Command,
  by: User | null,
  place: CommandPlace,
  decide: Decide,
): CommandDecision {
  const context = contextOf(command, by, place);
  const changes: RowChange[] = [];
  const events: AgendaEvent[] = [];
  const told: Told[] = [];
  let answer: Answer | null = null;
  let decided = 0;
  const pending: CommandBody[] = [command.body];
  for (let body = pending.pop(); body !== undefined; body = pending.pop()) {
    const decision = decide(view, body, context);
    if (decision.kind === 'refused') return decision;
    changes.push(...decision.changes);
    events.push(...decision.events);
    told.push(...(decision.told ?? []));
    if (decided === 0) answer = decision.answer;
    pending.push(...decision.consequences.toReversed());
    decided += 1;
    assert(
      decided + pending.length <= limits.consequences_per_command_max,
      'too many consequences of one command',
    );
  }
  const telling = tell(view, told, context);
  changes.push(...telling.changes);
  events.push(...telling.events);
  const settled = must(answer, `no answer to ${command.body.kind}`);
  // Events for the audit are its rows themselves.
  if (command.body.kind !== 'audit.append') {
    const row = auditRow(command, settled, changes, context);
    changes.push({ op: 'insert', table: 'audit_logs', row });
  }
  assert(changes.length <= limits.rows_per_command_max, 'too many rows of one command');
  assert(events.length <= limits.events_per_command_max, 'too many events of one command');
  return { kind: 'done', changes, answer: settled, events };
}

function auditRow(
  { body, by, request_id, origin_node }: Command,
  answer: Answer,
  changes: readonly RowChange[],
  context: DecideContext,
): AuditRow {
  return {
    key: context.nextKey(),
    component: componentOf(body.kind),
    action: body.kind,
    actor_key: by,
    object_key: answer.key,
    request_id,
    origin_node,
    occurred_at: context.state_time,
    level: 'info',
    payload: auditPayload(body, answer, changes),
    payload_hash: null,
    count: 1,
    chain: null,
  };
}

function contextOf(command: Command, by: User | null, place: CommandPlace): DecideContext {
  let counter = 0;
  return {
    index: place.index,
    state_time: place.state_time,
    by,
    origin_node: command.origin_node,
    request_id: command.request_id,
    remembered_until: command.remember === null ? null : place.state_time + command.remember.ttl_ms,
    nextKey(): Key {
      const key = keyAt(place.index, counter);
      counter += 1;
      return key;
    },
  };
}

/** The module that a kind belongs to, by the word before its dot. */
const components: ReadonlyMap<string, AuditComponent> = new Map([
  ['user', 'users'],
  ['calendar', 'calendars'],
  ['appointment', 'appointments'],
  ['group', 'groups'],
  ['notification', 'notifications'],
  ['post', 'posts'],
  ['work', 'work'],
  ['audit', 'audit'],
]);

function componentOf(kind: CommandKind): AuditComponent {
  return must(components.get(kind.slice(0, kind.indexOf('.'))), `no module for ${kind}`);
}
