import { beforeEach, describe, expect, test } from '@jest/globals';
import { ProblemError } from '../../src/http/problem.ts';
import { RateLimits } from '../../src/http/rate-limits.ts';
import { limits } from '../../src/limits.ts';

let refused_routes: string[];
let rate_limits: RateLimits;

beforeEach(() => {
  refused_routes = [];
  rate_limits = new RateLimits({ metrics: { rateLimited: (route) => refused_routes.push(route) } });
});

const from = (account: string, address: string) => ({ account, address, route: '/login' });

async function fail(account: string, address: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await rate_limits.attemptFailed(from(account, address));
  }
}

async function isAdmitted(account: string, address: string): Promise<boolean> {
  try {
    await rate_limits.admitAttempt(from(account, address));
    return true;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error.problem.code).toBe('rate_limited');
    const wait_s = Number(error.problem.headers?.['Retry-After']);
    expect(wait_s).toBeGreaterThanOrEqual(1);
    expect(wait_s).toBeLessThanOrEqual(limits.wrong_passwords_within_s);
    return false;
  }
}

describe('guessing', () => {
  test('is stopped for an account from one address, and counted', async () => {
    await fail('ana', '10.0.0.1', limits.wrong_passwords_per_address_max - 1);
    expect(await isAdmitted('ana', '10.0.0.1')).toBe(true);
    await fail('ana', '10.0.0.1', 1);
    expect(await isAdmitted('ana', '10.0.0.1')).toBe(false);
    expect(refused_routes).toEqual(['/login']);
    expect(await isAdmitted('ana', '10.0.0.2')).toBe(true);
    expect(await isAdmitted('ben', '10.0.0.1')).toBe(true);
  });

  test('is stopped for an account from many addresses', async () => {
    const addresses = 10;
    for (let address = 0; address < addresses; address += 1) {
      await fail('ana', `10.0.0.${address}`, limits.wrong_passwords_max / addresses);
    }
    expect(await isAdmitted('ana', '10.0.1.1')).toBe(false);
    expect(await isAdmitted('ben', '10.0.0.1')).toBe(true);
  });

  test('mistakes are forgotten at the address where the right password came', async () => {
    await fail('ana', '10.0.0.1', limits.wrong_passwords_per_address_max);
    await rate_limits.attemptSucceeded(from('ana', '10.0.0.1'));
    expect(await isAdmitted('ana', '10.0.0.1')).toBe(true);
    // And those of all addresses together are not: a guesser would be given new ones each time.
    await fail('ana', '10.0.0.1', limits.wrong_passwords_max);
    await rate_limits.attemptSucceeded(from('ana', '10.0.0.1'));
    expect(await isAdmitted('ana', '10.0.0.1')).toBe(false);
  });

  test('who knows the password never meets a limit', async () => {
    for (let time = 0; time < 5 * limits.wrong_passwords_max; time += 1) {
      expect(await isAdmitted('ana', '10.0.0.1')).toBe(true);
      await rate_limits.attemptSucceeded(from('ana', '10.0.0.1'));
    }
  });

  test('at many accounts fills no more than the buckets', async () => {
    // Every bucket would have to be filled before those who guess nothing are refused.
    for (let account = 0; account < 2_000; account += 1) await fail(`a${account}`, '10.0.0.1', 1);
    expect(await isAdmitted('ana', '10.0.0.1')).toBe(true);
    expect(limits.wrong_passwords_buckets).toBeLessThanOrEqual(65_536);
  });
});

test('registrations have one bucket a replica, of at least 60 a minute', async () => {
  expect(limits.registrations_per_minute_max).toBeGreaterThanOrEqual(60);
  for (let count = 0; count < limits.registrations_per_minute_max; count += 1) {
    await rate_limits.takeRegistration('/register');
  }
  await expect(rate_limits.takeRegistration('/register')).rejects.toMatchObject({
    problem: { code: 'rate_limited', headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } },
  });
  expect(refused_routes).toEqual(['/register']);
});
