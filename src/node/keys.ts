import { hkdfSync, randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import type { ApiSecrets } from '../http/dependencies.ts';
import { loadOrCreateLoneSecret } from '../secrets.ts';

/** The secrets of this process, each for one purpose. */
export interface NodeKeys {
  /** Signs what replicas say to each other. */
  readonly cluster_secret: string;
  readonly api: ApiSecrets;
}

const KEY_BYTES = 32;

/**
 * Everything is derived from the cluster's secret, so that all replicas agree. A lone replica has one of
 * its own in its data directory, and nobody to sign for.
 */
export async function loadKeys(config: Config, data_dir: string): Promise<NodeKeys> {
  const lone_secret =
    config.cluster_hmac_secret === null ? await loadOrCreateLoneSecret(data_dir) : null;
  const root = config.cluster_hmac_secret ?? lone_secret ?? randomBytes(KEY_BYTES);
  const derive = (purpose: string): Uint8Array =>
    Buffer.from(hkdfSync('sha256', root, '', purpose, KEY_BYTES));
  const { jwt_secret } = config;
  return {
    cluster_secret: config.cluster_hmac_secret ?? randomBytes(KEY_BYTES).toString('hex'),
    api: {
      jwt: jwt_secret.source === 'data_dir' ? derive('agenda user tokens v1') : jwt_secret.key,
      ticket: derive('agenda redirect tickets v1'),
      live_ticket: derive('agenda websocket tickets v1'),
      request_key: derive('agenda request keys v1'),
      cursor: derive('agenda cursors v1'),
      audit_token: config.audit_api_token,
    },
  };
}
