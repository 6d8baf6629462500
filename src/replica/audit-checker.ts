import type { LogIndex } from '../consensus/raft/entry.ts';
import { verifyAudit } from './audit-verification.ts';
import type { PinnedAudit, VerifiedAudit } from './audit-verification.ts';
import { pinAt } from './pin-at.ts';
import type { StopsOfState } from './pin-at.ts';

export interface AuditCheckerOptions extends StopsOfState {
  readonly pinAudit: () => PinnedAudit;
}

export interface AuditCheck {
  readonly index: LogIndex;
  /** How long to wait until so much is applied. */
  readonly wait_ms: number;
}

export type AuditCheckResult =
  | { readonly kind: 'verified'; readonly audit: VerifiedAudit }
  /** Not applied within the time. */
  | { readonly kind: 'not_reached' }
  /** Applied before this call: it cannot be seen any more. */
  | { readonly kind: 'passed' }
  /** It is being verified for somebody else. */
  | { readonly kind: 'busy' };

/** Verifies the audit of this replica as it is at an index, so that its head can be compared with others'. */
export class AuditChecker {
  readonly #options: AuditCheckerOptions;
  #is_verifying = false;

  constructor(options: AuditCheckerOptions) {
    this.#options = options;
  }

  async check({ index, wait_ms }: AuditCheck): Promise<AuditCheckResult> {
    const { state, pinAudit } = this.#options;
    if (this.#is_verifying) return { kind: 'busy' };
    if (state.applied_index > index) return { kind: 'passed' };
    this.#is_verifying = true;
    try {
      const pinned = await pinAt(this.#options, index, wait_ms, pinAudit);
      if (pinned === null) return { kind: 'not_reached' };
      try {
        return { kind: 'verified', audit: await verifyAudit(pinned) };
      } finally {
        pinned.close();
      }
    } finally {
      this.#is_verifying = false;
    }
  }
}
