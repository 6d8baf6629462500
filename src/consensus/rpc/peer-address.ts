export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** Printable ASCII, as it goes into a header. */
const PATTERN = /^(?:\[([0-9A-Fa-f:.]+)\]|([!-.0-9;-?A-Z\\^-~]+)):([0-9]{1,5})$/;

/** Of `host:port`, an IPv6 address in brackets. Null: not an address. */
export function parsePeerAddress(address: string): PeerAddress | null {
  const match = PATTERN.exec(address);
  if (match === null) return null;
  const [, bracketed, plain = '', port_text] = match;
  const port = Number(port_text);
  if (port < 1 || port > 65_535) return null;
  return { host: bracketed ?? plain, port };
}
