import { isIP, isIPv6 } from 'node:net';

export interface HostPort {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65 535. */
  readonly port: number;
}

const NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/u;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** `host:port`, an IPv6 address in brackets; null for anything else. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([1-9]\d{0,4})$/u.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return null;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : null;
  if (plain === undefined || !(isIP(plain) === 4 || isName(plain))) return null;
  return { host: plain, port };
}

function isName(host: string): boolean {
  // A name whose last label is a number would be read as an IPv4 address.
  return NAME.test(host) && !/(?:^|\.)\d+$/u.test(host);
}

export function formatHostPort({ host, port }: HostPort): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Fit to listen on, not to be dialled. */
export function isWildcardHost(host: string): boolean {
  return WILDCARDS.includes(host);
}
