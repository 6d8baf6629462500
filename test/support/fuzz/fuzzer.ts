import type { Prng } from '../../../src/base/prng.ts';
import { seededPrng } from '../../../src/base/prng.ts';
import { problem_codes } from '../../../src/http/problem.ts';
import type { ProblemCode } from '../../../src/http/problem.ts';
import type { ApiDescription, DescribedOperation, SeenAnswer } from '../api-description.ts';
import { chance, pick } from './chance.ts';
import { brokenRequest, goodRequest } from './fuzz-request.ts';
import type { FuzzRequest } from './fuzz-request.ts';
import { KnownValues } from './known-values.ts';
import { sendRaw } from './raw-http.ts';
import type { RawAnswer, RawRequest } from './raw-http.ts';
import { requestBytes } from './request-bytes.ts';

export interface FuzzerOptions {
  readonly seed: number;
  readonly description: ApiDescription;
  readonly password: string;
  readonly may_wait: boolean;
  /** What is known before anything was asked, by the names of parameters. */
  readonly known?: Readonly<Record<string, string>>;
  /** The token of somebody new. */
  register(username: string): Promise<string>;
}

/** One request and what came of it. */
export interface FuzzStep {
  /** Of the steps since the beginning, from 1 on. */
  readonly ordinal: number;
  readonly operation: DescribedOperation;
  readonly request: FuzzRequest;
  readonly sent: RawRequest;
  readonly answer: RawAnswer;
  readonly token: string;
}

const BROKEN_PERCENT = 70;
const MALFORMED_PERCENT = 8;
const things_of_a_person = ['calendar_id', 'If-Match', 'cursor'];
const SHOWN_CHARACTERS = 1_500;

/** Asks what the description says one can ask, well and badly, and learns from the answers. */
export class Fuzzer {
  readonly #options: FuzzerOptions;
  readonly #prng: Prng;
  readonly #known = new KnownValues();
  readonly #tokens: string[] = [];
  #people = 0;
  #steps = 0;

  constructor(options: FuzzerOptions) {
    this.#options = options;
    this.#prng = seededPrng(options.seed);
    for (const name of ['password', 'current_password', 'new_password']) {
      this.#known.learn(name, options.password);
    }
    for (const [name, value] of Object.entries(options.known ?? {})) this.#known.learn(name, value);
  }

  get prng(): Prng {
    return this.#prng;
  }

  /** The token that the next step is for, of somebody new when there is none. */
  async prepare(): Promise<string> {
    const token = this.#tokens.at(-1);
    if (token !== undefined) return token;
    this.#people += 1;
    for (const name of things_of_a_person) this.#known.forget(name);
    const registered = await this.#options.register(`person${this.#options.seed}x${this.#people}`);
    this.#tokens.push(registered);
    return registered;
  }

  /**
   * Asks any operation, or the one given. Null: the connection ended without an answer, as may be when the
   * request was cut off.
   */
  async step(port: number, operation = this.#operation()): Promise<FuzzStep | null> {
    const prng = this.#prng;
    const ordinal = (this.#steps += 1);
    const token = await this.prepare();
    const { may_wait } = this.#options;
    const source = { prng, known: this.#known, token, may_wait };
    const is_broken = chance(prng, BROKEN_PERCENT);
    const request = is_broken ? brokenRequest(source, operation) : goodRequest(source, operation);
    const sent = requestBytes(prng, request, is_broken ? MALFORMED_PERCENT : 0);
    const answer = await sendRaw(port, sent).catch((error: unknown) => {
      throw new Error(this.#report(ordinal, String(error), sent, null));
    });
    if (answer === null) {
      if (sent.is_cut_off) return null;
      throw new Error(this.#report(ordinal, 'the connection ended without an answer', sent, null));
    }
    this.#learn(answer, request, token);
    return { ordinal, operation, request, sent, answer, token };
  }

  /** Whoever logs out often does little else, and few mistakes can be made with probes. */
  #operation(): DescribedOperation {
    const operation = pick(this.#prng, this.#options.description.operations);
    const is_dull = operation.path.endsWith('/logout') || !operation.path.startsWith('/api');
    return is_dull && chance(this.#prng, 70) ? this.#operation() : operation;
  }

  /** Throws, with what reproduces it, unless the step is as the contract wants it. */
  check(step: FuzzStep, expected_codes: readonly ProblemCode[] = []): void {
    const complaint = this.#complaintAbout(step, expected_codes);
    if (complaint !== null) this.fail(step, complaint);
  }

  fail({ ordinal, sent, answer }: FuzzStep, complaint: string): never {
    throw new Error(this.#report(ordinal, complaint, sent, answer));
  }

  #complaintAbout(
    { operation, request, sent, answer }: FuzzStep,
    expected_codes: readonly ProblemCode[],
  ): string | null {
    const { description } = this.#options;
    if (!answer.headers.has('x-request-id')) return 'it has no X-Request-Id';
    const seen: SeenAnswer = {
      status: answer.status,
      header: (name) => answer.headers.get(name) ?? null,
      text: answer.text,
    };
    if (request.is_addressed && !sent.is_malformed) {
      const complaint = description.complaintAbout(operation, seen);
      if (complaint !== null) return complaint;
    }
    if (answer.status < 400 || sent.is_head) return null;
    const waits = request.query.some(([name]) => name === 'min_index');
    const codes: readonly ProblemCode[] = waits ? ['index_not_reached'] : [];
    return problemComplaint(description, seen, [...expected_codes, ...codes]);
  }

  #learn(answer: RawAnswer, request: FuzzRequest, token: string): void {
    const { status, headers, text } = answer;
    const at = this.#tokens.indexOf(token);
    if (status === 401 && request.has_good_token && at !== -1) this.#tokens.splice(at, 1);
    if (status >= 300 || !(headers.get('content-type') ?? '').includes('json')) return;
    if (request.path.includes('openapi')) return;
    const etag = headers.get('etag');
    if (etag !== undefined) this.#known.learn('If-Match', etag);
    const index = headers.get('agenda-index');
    if (index !== undefined) this.#known.learn('min_index', index);
    if (text === '') return;
    const json = JSON.parse(text) as { token?: string };
    const { token: new_token, ...rest } = json;
    if (typeof new_token === 'string') this.#tokens.push(new_token);
    if (!request.path.includes('/users/')) this.#known.learnFrom(rest);
  }

  #report(ordinal: number, complaint: string, sent: RawRequest, answer: RawAnswer | null): string {
    const shown = [
      `${complaint}: step ${ordinal} of FUZZ_SEED=${this.#options.seed}`,
      sent.bytes.toString('latin1').slice(0, SHOWN_CHARACTERS),
    ];
    if (answer !== null) shown.push(`${answer.status} ${answer.text.slice(0, SHOWN_CHARACTERS)}`);
    return shown.join('\n');
  }
}

/** What is wrong with a refusal: none of the contract, or of the server without a reason. */
function problemComplaint(
  description: ApiDescription,
  answer: SeenAnswer,
  expected_codes: readonly ProblemCode[],
): string | null {
  if (answer.header('content-type') !== 'application/problem+json') return 'it is no problem+json';
  const complaint = description.complaintAboutNamed('Problem', answer.text);
  if (complaint !== null) return complaint;
  const { code, status } = JSON.parse(answer.text) as { code: ProblemCode; status: number };
  if (status !== answer.status || problem_codes[code].status !== status) return 'another status';
  return status >= 500 && !expected_codes.includes(code) ? 'a fault of the server' : null;
}
