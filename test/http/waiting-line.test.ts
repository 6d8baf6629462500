import { describe, expect, test } from '@jest/globals';
import { startDeadline } from '../../src/http/deadline.ts';
import { PersonalShare } from '../../src/http/personal-share.ts';
import { WaitingLine } from '../../src/http/waiting-line.ts';

describe('a waiting line', () => {
  test('so many work, so many wait, one more is overloaded', async () => {
    const line = new WaitingLine({ at_once: 1, waiting_max: 1, too_many: 'Too many.' });
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string): Promise<string> =>
      line.inTurn(startDeadline(), async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
        return name;
      });
    const [first, second] = [work('first'), work('second')];
    await expect(work('third')).rejects.toMatchObject({ problem: { code: 'overloaded' } });
    expect(begun).toEqual(['first']);
    ends[0]?.();
    expect(await first).toBe('first');
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second']);
    ends[1]?.();
    expect(await second).toBe('second');
  });

  test('whose deadline is over when the turn comes is overloaded, and the next has its turn', async () => {
    const line = new WaitingLine({ at_once: 1, waiting_max: 1, too_many: 'Too many.' });
    const late = line.inTurn({ ends_at_ms: 0 }, () => Promise.resolve());
    await expect(late).rejects.toMatchObject({ problem: { code: 'overloaded' } });
    expect(await line.inTurn(startDeadline(), () => Promise.resolve('done'))).toBe('done');
  });
});

test('a share: each person has their own places, and has them again', () => {
  const share = new PersonalShare(2);
  const [first, second] = [share.take(1), share.take(1)];
  expect(second).not.toBeNull();
  expect(share.take(1)).toBeNull();
  expect(share.take(2)).not.toBeNull();
  first?.();
  const again = share.take(1);
  expect(again).not.toBeNull();
  expect(share.take(1)).toBeNull();
  again?.();
  second?.();
});
