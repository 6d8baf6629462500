import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert, must } from '../../base/assert.ts';

/** A key for signatures between replicas, with the id by which the other side finds it. */
export interface RpcKey {
  /** Eight hexadecimal digits; tells nothing of the secret. */
  readonly key_id: string;
  readonly key: KeyObject;
}

export interface Keyring {
  /** Signs what this replica asks. Answers are signed with the key of the question. */
  readonly primary: RpcKey;
  /** The accepted key with that id, or null. */
  find(key_id: string): RpcKey | null;
}

const SECRET_BYTES_MIN = 32;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

/** Who signs: an operator's calls are not a replica's, though both know the cluster's secret. */
export type Caller = 'replica' | 'operator';

const PURPOSES: Readonly<Record<Caller, { readonly key: string; readonly key_id: string }>> = {
  replica: { key: 'agenda rpc v1', key_id: 'agenda rpc v1 key id' },
  operator: { key: 'agenda operator v1', key_id: 'agenda operator v1 key id' },
};

/**
 * Derives the keys (HKDF, RFC 5869, one purpose each). The first secret signs; all are accepted, so
 * that a secret is rotated by adding the new one everywhere, making it the first, removing the old.
 */
export function createKeyring(secrets: readonly string[], caller: Caller = 'replica'): Keyring {
  const purposes = PURPOSES[caller];
  const keys = new Map<string, RpcKey>();
  for (const secret of secrets) {
    assert(Buffer.byteLength(secret) >= SECRET_BYTES_MIN, 'a cluster secret under 32 bytes');
    const key_id = derive(secret, purposes.key_id, KEY_ID_BYTES).toString('hex');
    const key = createSecretKey(derive(secret, purposes.key, KEY_BYTES));
    if (!keys.has(key_id)) keys.set(key_id, { key_id, key });
  }
  const [first] = keys.values();
  const primary = must(first, 'a keyring without a secret');
  return { primary, find: (key_id) => keys.get(key_id) ?? null };
}

function derive(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));
}
