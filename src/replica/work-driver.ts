import type { Work } from '../agenda/model.ts';
import type { Clock } from '../consensus/ports.ts';
import { limits } from '../limits.ts';
import type { Replica } from './replica.ts';

export interface WorkDriverOptions {
  readonly clock: Clock;
  readonly replica: {
    readonly view: Pick<Replica['view'], 'firstWork'>;
    status(): Pick<ReturnType<Replica['status']>, 'role' | 'node_id'>;
    propose: Replica['propose'];
  };
  /** Wall clock, milliseconds of UTC: stamps commands. */
  readonly nowMs: () => number;
  /** A slice was refused: a defect, after which the same is tried again a good while later. */
  readonly onRefused: (work: Work, code: string) => void;
}

/**
 * Continues what was too much for one command (`Work`), slice by slice, while this replica leads. Around a
 * change of leader a slice may be proposed twice: its command finds what is left then.
 */
export class WorkDriver {
  readonly #options: WorkDriverOptions;
  #is_busy = false;
  /** Of a refusal: until then nothing is tried. */
  #pause_until_ms = 0;

  constructor(options: WorkDriverOptions) {
    this.#options = options;
  }

  /** Looks for work until the returned function is called. */
  start(): () => void {
    return this.#options.clock.every(limits.work_look_every_ms, () => {
      this.#continue().catch(() => {
        // The proposal failed with this replica's consensus, which says so itself.
      });
    });
  }

  async #continue(): Promise<void> {
    const { clock, replica } = this.#options;
    if (this.#is_busy || clock.now_ms() < this.#pause_until_ms) return;
    this.#is_busy = true;
    try {
      for (;;) {
        const { role, node_id } = replica.status();
        const work = role === 'leader' ? replica.view.firstWork() : null;
        if (work === null) return;
        if (!(await this.#slice(work, node_id))) return;
      }
    } finally {
      this.#is_busy = false;
    }
  }

  /** Whether to go on at once. */
  async #slice(work: Work, node_id: string): Promise<boolean> {
    const { clock, replica, nowMs, onRefused } = this.#options;
    const { key: work_key, group_key, user_key, actor_key } = work;
    const result = await replica.propose({
      version: 1,
      at: nowMs(),
      by: null,
      token_version: null,
      origin_node: node_id,
      request_id: `work-${work.key}-${work.version}`,
      remember: null,
      body: { kind: 'work.continue', work_key, group_key, user_key, actor_key },
    });
    if (result.kind !== 'applied') return false;
    if (result.outcome.kind === 'done') return true;
    this.#pause_until_ms = clock.now_ms() + limits.work_refused_pause_ms;
    onRefused(work, result.outcome.refusal.code);
    return false;
  }
}
