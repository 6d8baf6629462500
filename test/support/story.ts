import type { CommandBody, CreateAppointment, InvitedPerson } from '../../src/agenda/command.ts';
import type { AgendaEvent } from '../../src/agenda/event.ts';
import { indexOfKey } from '../../src/agenda/id.ts';
import type { Appointment, GroupType, Key, Participant } from '../../src/agenda/model.ts';
import type { Answer, CommandOutcome } from '../../src/agenda/outcome.ts';
import type { Refusal } from '../../src/agenda/refusal.ts';
import type { AgendaView } from '../../src/agenda/view.ts';
import { join } from 'node:path';
import {
  continuationOf,
  appointmentBody,
  fieldsOf,
  openMachine,
  same_people,
  TestLog,
} from './agenda-fixture.ts';
import type { OpenMachine } from './agenda-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What people do, one command after the other, on a real state. */
export class Story {
  readonly #directory = temporaryDirectory('story');
  readonly #open: OpenMachine = openMachine(join(this.#directory.path, 'agenda.db'));
  readonly #log = new TestLog();
  readonly #names = new Map<Key, string>();

  close(): void {
    this.#open.close();
    this.#directory.remove();
  }

  get view(): AgendaView {
    return this.#open.store.view;
  }

  /** Of the last command. */
  get index(): number {
    return this.#log.last_index;
  }

  person(name: string): Key {
    const key = this.#log.register(name);
    this.#names.set(key, name);
    this.#apply();
    return key;
  }

  people<Names extends readonly string[]>(...names: Names): { [At in keyof Names]: Key } {
    return names.map((name) => this.person(name)) as { [At in keyof Names]: Key };
  }

  /** `by`: 0 is nobody, for what the replicas do themselves. */
  run(by: Key, body: CommandBody, at?: number): CommandOutcome {
    const who = by === 0 ? {} : { by, token_version: 1 };
    this.#log.command(body, at === undefined ? who : { ...who, at });
    return this.#apply();
  }

  do(by: Key, body: CommandBody, at?: number): Answer {
    const outcome = this.run(by, body, at);
    if (outcome.kind === 'done') return outcome.answer;
    throw new Error(`${body.kind}: ${outcome.refusal.code}: ${outcome.refusal.detail}`);
  }

  /** Null: it was done. A refusal leaves nothing behind. */
  refusal(by: Key, body: CommandBody, at?: number): Refusal | null {
    const outcome = this.run(by, body, at);
    return outcome.kind === 'done' ? null : outcome.refusal;
  }

  code(by: Key, body: CommandBody, at?: number): string | null {
    return this.refusal(by, body, at)?.code ?? null;
  }

  /** Members with their ranks; a creator of a hierarchy has 10. */
  group(creator: Key, group_type: GroupType, members: readonly (readonly [Key, number | null])[]) {
    const { key } = this.do(creator, {
      kind: 'group.create',
      name: 'Team',
      description: '',
      group_type,
    });
    for (const [user_key, rank] of members) this.join(creator, key, user_key, rank);
    return key;
  }

  join(by: Key, group_key: Key, user_key: Key, rank: number | null): void {
    const person = { user_key, username_folded: null };
    this.do(by, { kind: 'group.add_member', group_key, person, rank });
  }

  leave(group_key: Key, user_key: Key, by = user_key): void {
    this.do(by, { kind: 'group.remove_member', group_key, user_key, if_match: null });
  }

  book(by: Key, changes: Partial<CreateAppointment> = {}): Key {
    return this.do(by, appointmentBody(changes)).key;
  }

  appointment(key: Key): Appointment {
    const found = this.view.appointmentByKey(key);
    if (found === null) throw new Error('no such appointment');
    return found;
  }

  part(appointment_key: Key, user_key: Key): Participant | null {
    return this.view.participation.participantOf(appointment_key, user_key);
  }

  /** Everybody on it but its owner: name and status. */
  statuses(appointment_key: Key): Record<string, string> {
    const people = this.view.participation.participantsOf(appointment_key);
    return Object.fromEntries(
      people.map(({ user_key, status }) => [this.#names.get(user_key) ?? '?', status]),
    );
  }

  /** Replaces what is said of the appointment itself; everything else stays, unless it is named. */
  update(
    by: Key,
    appointment_key: Key,
    changes: Partial<CreateAppointment>,
    people: readonly InvitedPerson[] | null = null,
  ): CommandOutcome {
    const { allow_conflict = false, ...fields } = changes;
    const present = fieldsOf({ ...appointmentBody(), ...this.appointment(appointment_key) });
    return this.run(by, {
      kind: 'appointment.update',
      appointment_key,
      if_match: null,
      computed_from: null,
      ...same_people,
      participants: people,
      fields: fieldsOf({ ...appointmentBody(), ...present, ...fields }),
      wrong: [],
      allow_conflict,
    });
  }

  answer(
    by: Key,
    appointment_key: Key,
    answer: 'accepted' | 'declined',
    more: { sequence?: number; note?: string; at?: number } = {},
  ): CommandOutcome {
    const { sequence = null, note = null, at } = more;
    return this.run(
      by,
      { kind: 'appointment.answer', appointment_key, answer, sequence, note },
      at,
    );
  }

  /** Whom the last command told what, as `name: type`, in the order of names. */
  told(): readonly string[] {
    const page = { before_key: Number.MAX_SAFE_INTEGER, unread_only: false, limit: 1_000 };
    return [...this.#names]
      .flatMap(([key, name]) =>
        this.view.notifications
          .notificationsOf(key, page)
          .filter((one) => indexOfKey(one.key) === this.index)
          .map(({ type }) => `${name}: ${type}`),
      )
      .toSorted();
  }

  /** Of the last command. */
  events(): readonly AgendaEvent[] {
    const items = this.#open.change_feed.since(this.index - 1);
    return items === 'too_old' ? [] : items.flatMap(({ events }) => events);
  }

  /** Continues work until there is none; returns how many slices that took. */
  finishWork(): number {
    let slices = 0;
    for (let work = this.view.firstWork(); work !== null; work = this.view.firstWork()) {
      this.do(0, continuationOf(work));
      slices += 1;
    }
    return slices;
  }

  #apply(): CommandOutcome {
    const { machine, failures } = this.#open;
    const [outcome] = machine.apply(this.#log.entries.slice(machine.applied_index));
    if (failures.length > 0) throw new Error(`a rule failed: ${JSON.stringify(failures)}`);
    if (outcome === undefined || outcome === null) throw new Error('no outcome');
    return outcome;
  }
}

export function named(user_key: Key, is_optional = false): InvitedPerson {
  return { user_key, username_folded: null, is_optional };
}

export function codeOf(outcome: CommandOutcome): string | null {
  return outcome.kind === 'refused' ? outcome.refusal.code : null;
}
