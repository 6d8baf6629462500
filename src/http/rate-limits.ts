import { createHmac, randomBytes } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { RateLimiterRes } from 'rate-limiter-flexible';
import { limits } from '../limits.ts';
import type { Metrics } from './metrics.ts';
import { ProblemError } from './problem.ts';

/** Somebody tries a password. */
export interface PasswordAttempt {
  /** The name that was given, folded; whether anybody has it makes no difference. */
  readonly account: string;
  /** Of the client, as far as it is known: a load balancer may stand for many. */
  readonly address: string;
  /** Template of the route. */
  readonly route: string;
}

const REGISTRATION_WINDOW_S = 60;
const ALL_REGISTRATIONS = 'all';

/**
 * How often one may try, at this replica. Only wrong passwords count, so who knows theirs never meets a
 * limit however often they log in. What is remembered is bounded: accounts and addresses share a fixed
 * number of buckets, by a hash that nobody outside can compute.
 */
export class RateLimits {
  readonly #metrics: Pick<Metrics, 'rateLimited'>;
  readonly #bucket_secret = randomBytes(32);
  readonly #by_account = new RateLimiterMemory({
    points: limits.wrong_passwords_max,
    duration: limits.wrong_passwords_within_s,
  });
  readonly #by_address = new RateLimiterMemory({
    points: limits.wrong_passwords_per_address_max,
    duration: limits.wrong_passwords_within_s,
  });
  readonly #registrations = new RateLimiterMemory({
    points: limits.registrations_per_minute_max,
    duration: REGISTRATION_WINDOW_S,
  });

  constructor({ metrics }: { readonly metrics: Pick<Metrics, 'rateLimited'> }) {
    this.#metrics = metrics;
  }

  /** Before a password is looked at. Throws `rate_limited` after too many wrong ones. */
  async admitAttempt(attempt: PasswordAttempt): Promise<void> {
    const { account, address } = this.#buckets(attempt);
    const counts = await Promise.all([
      this.#by_account.get(account),
      this.#by_address.get(address),
    ]);
    for (const count of counts) {
      if (count === null || count.remainingPoints > 0 || count.msBeforeNext <= 0) continue;
      const what = 'There were too many wrong passwords for this account';
      throw this.#tooMany(what, count, attempt.route);
    }
  }

  async attemptFailed(attempt: PasswordAttempt): Promise<void> {
    const { account, address } = this.#buckets(attempt);
    await Promise.all([this.#by_account.penalty(account), this.#by_address.penalty(address)]);
  }

  /** The person at this address knows the password: their earlier mistakes there are forgotten. */
  async attemptSucceeded(attempt: PasswordAttempt): Promise<void> {
    await this.#by_address.delete(this.#buckets(attempt).address);
  }

  /** Throws `rate_limited` when too many people register at this replica. */
  async takeRegistration(route: string): Promise<void> {
    const count = await this.#registrations.penalty(ALL_REGISTRATIONS);
    if (count.consumedPoints <= limits.registrations_per_minute_max) return;
    throw this.#tooMany('Too many people register here at this moment', count, route);
  }

  #tooMany(what: string, { msBeforeNext }: RateLimiterRes, route: string): ProblemError {
    this.#metrics.rateLimited(route);
    const wait_s = Math.max(1, Math.ceil(msBeforeNext / 1000));
    return new ProblemError({
      code: 'rate_limited',
      detail: `${what}; try again in ${wait_s} seconds.`,
      headers: { 'Retry-After': String(wait_s) },
    });
  }

  #buckets({ account, address }: PasswordAttempt): { account: string; address: string } {
    return {
      account: this.#bucketOf([account]),
      address: this.#bucketOf([account, address]),
    };
  }

  #bucketOf(names: readonly string[]): string {
    const digest = createHmac('sha256', this.#bucket_secret).update(JSON.stringify(names)).digest();
    return String(digest.readUInt32BE() % limits.wrong_passwords_buckets);
  }
}
