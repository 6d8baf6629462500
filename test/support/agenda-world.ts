import { join } from 'node:path';
import { must } from '../../src/base/assert.ts';
import type {
  AddMember,
  ChangeRank,
  CommandBody,
  CreatePost,
  DeleteGroup,
  HandOverGroup,
  RemoveMember,
  UpdateGroup,
} from '../../src/agenda/command.ts';
import type { AgendaEvent } from '../../src/agenda/event.ts';
import type { GroupType, Key, Member, NotificationType } from '../../src/agenda/model.ts';
import type { CommandOutcome } from '../../src/agenda/outcome.ts';
import type { Refusal, RefusalCode } from '../../src/agenda/refusal.ts';
import type { AgendaView } from '../../src/agenda/view.ts';
import { MIDNIGHT, openMachine, requestKey, TestLog } from './agenda-fixture.ts';
import type { OpenMachine } from './agenda-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** People who do things one after the other, on a real state that applies each of them at once. */
export class AgendaWorld {
  readonly #directory = temporaryDirectory('world');
  readonly #open: OpenMachine;
  readonly #log = new TestLog();
  readonly events: AgendaEvent[] = [];
  /** State time of the next command. */
  time = MIDNIGHT;

  constructor() {
    this.#open = openMachine(join(this.#directory.path, 'agenda.db'));
    this.#open.change_feed.subscribe(
      ({ events }) => void this.events.push(...events),
      () => undefined,
    );
  }

  get view(): AgendaView {
    return this.#open.store.view;
  }

  /** Commands that a defect stopped. */
  get failures(): OpenMachine['failures'] {
    return this.#open.failures;
  }

  register(name: string): Key {
    const key = this.#log.register(name);
    this.#apply();
    return key;
  }

  registerAll<const Names extends readonly string[]>(...names: Names) {
    return names.map((name) => this.register(name)) as { [At in keyof Names]: Key };
  }

  /** What becomes of it; with `remembered_as` it has that request key. */
  outcomeOf(by: Key | null, body: CommandBody, remembered_as?: string): CommandOutcome {
    const token_version = by === null ? null : 1;
    const remember = remembered_as === undefined ? null : requestKey(remembered_as);
    this.#log.command(body, { by, token_version, at: this.time, remember });
    return must(this.#apply(), 'a command without an outcome');
  }

  /** Does what must succeed; returns the key of what it made or changed. */
  does(by: Key | null, body: CommandBody): Key {
    const outcome = this.outcomeOf(by, body);
    if (outcome.kind === 'refused') throw new Error(`${body.kind}: ${outcome.refusal.detail}`);
    return outcome.answer.key;
  }

  refusalOf(by: Key | null, body: CommandBody): Refusal | null {
    const outcome = this.outcomeOf(by, body);
    return outcome.kind === 'refused' ? outcome.refusal : null;
  }

  codeOf(by: Key | null, body: CommandBody): RefusalCode | 'done' {
    return this.refusalOf(by, body)?.code ?? 'done';
  }

  /** A group of people with these ranks, who join in this order; the creator is there already. */
  group(
    creator: Key,
    group_type: GroupType,
    members: readonly (readonly [Key, number | null])[] = [],
  ): Key {
    const body = { kind: 'group.create', name: 'Team', description: '', group_type } as const;
    const group_key = this.does(creator, body);
    for (const [user_key, rank] of members) this.does(creator, adding(group_key, user_key, rank));
    return group_key;
  }

  member(group_key: Key, user_key: Key): Member | null {
    return this.view.groups.memberOf(group_key, user_key);
  }

  /** What somebody was told, the oldest first. */
  told(user_key: Key): readonly NotificationType[] {
    const page = { before_key: Number.MAX_SAFE_INTEGER, unread_only: false, limit: 2_000 };
    return this.view.notifications
      .notificationsOf(user_key, page)
      .map(({ type }) => type)
      .toReversed();
  }

  close(): void {
    this.#open.close();
    this.#directory.remove();
  }

  #apply(): CommandOutcome | null {
    const { machine } = this.#open;
    return machine.apply(this.#log.entries.slice(machine.applied_index)).at(-1) ?? null;
  }
}

export function adding(group_key: Key, user_key: Key, rank: number | null = null): AddMember {
  const person = { user_key, username_folded: null };
  return { kind: 'group.add_member', group_key, person, rank };
}

export function removing(group_key: Key, user_key: Key): RemoveMember {
  return { kind: 'group.remove_member', group_key, user_key, if_match: null };
}

export function ranking(group_key: Key, user_key: Key, rank: number): ChangeRank {
  return { kind: 'group.change_rank', group_key, user_key, if_match: null, rank };
}

export function handingOver(group_key: Key, user_key: Key): HandOverGroup {
  return { kind: 'group.hand_over', group_key, user_key, if_match: null };
}

export function renaming(group_key: Key, name: string): UpdateGroup {
  const rest = { if_match: null, description: '', group_type: null } as const;
  return { kind: 'group.update', group_key, name, ...rest };
}

export function deleting(group_key: Key): DeleteGroup {
  return { kind: 'group.delete', group_key, if_match: null };
}

export function posting(content: string, group_key: Key | null = null): CreatePost {
  return { kind: 'post.create', content, group_key };
}
