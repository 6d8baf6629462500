import { formatHostPort } from '../base/host-port.ts';
import { parseHostPort } from '../base/host-port.ts';
import { must } from '../base/assert.ts';
import type { Config } from '../config.ts';
import type { Group } from '../consensus/group.ts';
import { isMember } from '../consensus/raft/membership.ts';
import type { AddressBook } from '../discovery/address-book.ts';
import type { AddressEntry, Announcement } from '../discovery/address-entry.ts';
import type { NodeAddress } from '../http/dependencies.ts';

/** Where this replica says that it can be reached. */
export function announcementOf(config: Config, storage_id: string, boot_id: string): Announcement {
  const { node_id, advertise_addr, rpc_addr, tls, public_url } = config;
  const advertised = must(parseHostPort(advertise_addr), 'an advertised address');
  const scheme = tls === null ? 'http' : 'https';
  return {
    node_id,
    storage_id,
    boot_id,
    address:
      rpc_addr === null
        ? advertise_addr
        : formatHostPort({ host: advertised.host, port: rpc_addr.port }),
    api_url: new URL(`${scheme}://${advertise_addr}`).origin,
    public_url,
  };
}

/**
 * The address book as requests see it: this replica and all others, members first. Who looks for a node
 * finds the member, and not a stranger of the same node id.
 */
export function addressesOf(
  own: Announcement,
  { book, group }: { readonly book: AddressBook; readonly group: Pick<Group, 'configuration'> },
  now_ms: number,
): readonly NodeAddress[] {
  const { configuration } = group;
  const is = (entry: AddressEntry): boolean =>
    configuration !== null && isMember(configuration, entry);
  const members_first = book.entries.toSorted((one, other) => Number(is(other)) - Number(is(one)));
  return [
    {
      node_id: own.node_id,
      address_url: own.api_url,
      public_url: own.public_url,
      last_seen_ms: 0,
    },
    ...members_first.map((entry) => ({
      node_id: entry.node_id,
      address_url: entry.api_url,
      public_url: entry.public_url,
      last_seen_ms: Math.max(0, now_ms - entry.last_seen_ms),
    })),
  ];
}
