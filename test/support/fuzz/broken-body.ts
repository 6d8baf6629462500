import type { Prng } from '../../../src/base/prng.ts';
import { chance, pick } from './chance.ts';
import { junkJson, junkText } from './junk.ts';

/** Stands for JSON that no value gives, until it is put in. */
const PLACE = '\u2063here\u2063';
const TOO_MANY_BYTES = 300_000;

/** The JSON of a value with something wrong in it, or something that is no JSON. */
export function brokenBody(prng: Prng, value: unknown): Buffer {
  if (chance(prng, 75)) {
    const text = JSON.stringify(withPlace(prng, value)) ?? '';
    return Buffer.from(text.replace(JSON.stringify(PLACE), () => junkJson(prng)));
  }
  const good = Buffer.from(JSON.stringify(value));
  const cut_at = prng.below(good.length + 1);
  return pick<() => Buffer>(prng, [
    () => Buffer.alloc(0),
    () => Buffer.from(junkJson(prng)),
    () => good.subarray(0, cut_at),
    () => Buffer.concat([good, Buffer.from('}')]),
    () => Buffer.concat([good, good]),
    () => Buffer.concat([Buffer.from('\ufeff'), good]),
    () => Buffer.concat([good.subarray(0, cut_at), Buffer.from([0xff]), good.subarray(cut_at)]),
    // A surrogate in UTF-8.
    () => Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    () => Buffer.from(good.toString(), 'utf16le'),
    () => Buffer.from(`{"title":1,${good.toString().slice(1)}`),
    () => Buffer.from('a=b&c=d'),
    () => Buffer.from(`"${'x'.repeat(TOO_MANY_BYTES)}"`),
  ])();
}

/** A copy with the place in it: instead of a part, as a new member, or with a member missing. */
function withPlace(prng: Prng, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 || chance(prng, 30) ? [PLACE] : value.map(() => PLACE);
  }
  if (typeof value !== 'object' || value === null || chance(prng, 10)) return PLACE;
  const members = Object.entries(value);
  if (members.length === 0 || chance(prng, 15)) {
    return Object.fromEntries([...members, [junkText(prng).slice(0, 300), PLACE]]);
  }
  const at = prng.below(members.length);
  if (chance(prng, 15)) return Object.fromEntries(members.filter((_, other) => other !== at));
  return Object.fromEntries(
    members.map(([name, member], other) => [name, other === at ? withPlace(prng, member) : member]),
  );
}
