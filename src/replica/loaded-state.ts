import type { Decide } from '../agenda/decide/decision.ts';
import { limits } from '../limits.ts';
import type { AgendaStore } from './agenda-store.ts';
import { AuditTrim } from './audit-trim.ts';
import { DigestRing } from './digest-ring.ts';
import { Expiry } from './expiry.ts';
import type { JudgeOptions } from './judge.ts';
import { RequestKeys } from './request-keys.ts';

/** What is remembered of the store's state. */
export interface LoadedState {
  readonly requests: RequestKeys;
  readonly expiry: Expiry;
  readonly audit_trim: AuditTrim;
  readonly judge_options: JudgeOptions;
  readonly digests: DigestRing;
}

export function loadState(store: AgendaStore, rules: Decide): LoadedState {
  const requests = new RequestKeys({ requests: store.requests });
  const { applied_index, digest } = store.readMeta();
  return {
    requests,
    expiry: new Expiry(store.expiry),
    audit_trim: new AuditTrim(store.expiry),
    judge_options: { view: store.view, requests, decide: rules },
    digests: new DigestRing(applied_index, digest, limits.digests_kept),
  };
}
