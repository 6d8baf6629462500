import type { Member } from '../../src/consensus/raft/configuration.ts';
import { memberKey } from '../../src/consensus/raft/configuration.ts';
import type { Effect } from '../../src/consensus/raft/effect.ts';
import type { Request } from '../../src/consensus/raft/message.ts';
import type { TestCore } from './raft-fixture.ts';

/** Which messages arrive; all unless told. */
export type Link = (from: Member, to: Member, message: Request) => boolean;

/** Rounds of messages after which a conversation should long have ended. */
const MESSAGES_MAX = 10_000;

/**
 * Cores with a wire and disks that take no time: whatever `effects` of `core` lead to happens at once, in
 * order. Returns all effects of all cores.
 */
export function settle(
  cores: readonly TestCore[],
  core: TestCore,
  effects: readonly Effect[],
  link: Link = () => true,
): readonly Effect[] {
  const queue: { from: TestCore; effect: Effect }[] = effects.map((effect) => ({
    from: core,
    effect,
  }));
  const all: Effect[] = [];
  const enqueue = (from: TestCore, more: readonly Effect[]): void => {
    for (const effect of more) queue.push({ from, effect });
  };
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { from, effect } = next;
    all.push(effect);
    if (all.length > MESSAGES_MAX) throw new Error('the cores never stop talking');
    if (effect.kind === 'persist') enqueue(from, from.persist());
    const sending = requestOf(from, effect);
    if (sending === null) continue;
    const { to, message } = sending;
    const target = cores.find((one) => memberKey(one.self) === memberKey(to));
    if (target === undefined || !link(from.self, to, message)) {
      enqueue(from, from.fail(to, message));
      continue;
    }
    if (message.kind === 'read_index') throw new Error('reads need time: use a cluster');
    const answer = target.ask(from.self, message);
    enqueue(target, [...answer.effects, ...target.persist()]);
    enqueue(from, from.hear(to, answer.response));
  }
  return all;
}

function requestOf(from: TestCore, effect: Effect): { to: Member; message: Request } | null {
  if (effect.kind === 'send' || effect.kind === 'send_after_persist') return effect;
  if (effect.kind !== 'send_from_store') return null;
  return { to: effect.to, message: from.fromStore(effect.message, effect.through_index) };
}
