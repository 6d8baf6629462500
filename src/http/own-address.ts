import { formatHostPort, isWildcardHost } from '../base/host-port.ts';
import type { HostPort } from '../base/host-port.ts';

/**
 * By which sort of address a client speaks to a replica: the one that replicas advertise to each other, or
 * the one that is public (`PUBLIC_URL`).
 */
export type AddressKind = 'advertised' | 'public';

/** The addresses at which a client speaks to this very replica. */
export interface OwnAddresses {
  /** `ADVERTISE_ADDR` as a URL. */
  readonly advertised_url: string;
  /** `PUBLIC_URL`. */
  readonly public_url: string | null;
  /** `HTTP_ADDR`. */
  readonly listens_on: HostPort;
}

/** Names of one interface; the brackets are those of a URL. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Of which kind the address is that a client used (its `Host`); null: a name that is none of this replica's
 * own, shared with others perhaps. One that is only listened on counts as advertised: others are reached
 * from there as replicas reach each other.
 */
export function addressKindOf(own: OwnAddresses, host: string | undefined): AddressKind | null {
  if (host === undefined) return null;
  const { advertised_url, public_url, listens_on } = own;
  const is_wildcard = isWildcardHost(listens_on.host);
  const { protocol } = new URL(advertised_url);
  const listening = is_wildcard ? null : `${protocol}//${formatHostPort(listens_on)}`;
  const has_loopback = is_wildcard || isLoopback(hostOf(listening ?? ''));
  const isAt = (url: string | null): boolean => {
    if (url === null) return false;
    // A port that is left out is the default one of the scheme in question.
    const asked = hostOf(`${new URL(url).protocol}//${host}`);
    const wanted = hostOf(url);
    if (asked === null || wanted === null || asked.port !== wanted.port) return false;
    if (asked.name === wanted.name) return true;
    return has_loopback && isLoopback(asked) && isLoopback(wanted);
  };
  if (isAt(public_url)) return 'public';
  return isAt(advertised_url) || isAt(listening) ? 'advertised' : null;
}

/** The same origin by all the names of loopback; only itself when it is not at one of them. */
export function originsOf(url: string): readonly string[] {
  const { origin, protocol, hostname, port } = new URL(url);
  if (!LOOPBACK_HOSTS.has(hostname)) return [origin];
  const suffix = port === '' ? '' : `:${port}`;
  return [...LOOPBACK_HOSTS].map((name) => `${protocol}//${name}${suffix}`);
}

interface UrlHost {
  /** Lower case; IPv6 in brackets, in its shortest form. */
  readonly name: string;
  /** Empty: the default of the scheme. */
  readonly port: string;
}

/** Null: not an authority and nothing else. */
function hostOf(text: string): UrlHost | null {
  if (!URL.canParse(text)) return null;
  const { hostname, port, pathname, search, hash, username, password } = new URL(text);
  const is_bare = pathname === '/' && `${search}${hash}${username}${password}` === '';
  return is_bare ? { name: hostname, port } : null;
}

function isLoopback(host: UrlHost | null): boolean {
  return host !== null && LOOPBACK_HOSTS.has(host.name);
}
