import type { Request, Response } from '../../../src/consensus/raft/message.ts';
import { describeMessage } from './describe-message.ts';
import type { Call } from './node.ts';

/** One message on its way. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly call: Call;
  readonly content:
    | { readonly kind: 'request'; readonly message: Request }
    | { readonly kind: 'response'; readonly message: Response };
}

/** Node names; `*` is any. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** Which messages a command means. */
export interface Selection {
  readonly links: readonly Link[];
  /** First word of its description; null: any. */
  readonly kind: string | null;
  readonly pick: 'all' | 'first' | 'last';
}

export function describeParcel({ content }: Parcel): string {
  return describeMessage(content.message);
}

function isOn(link: Link, { from, to }: Link): boolean {
  const is_from = link.from === '*' || link.from === from;
  return is_from && (link.to === '*' || link.to === to);
}

/** What is on its way, in the order in which it was sent, and which links are cut. */
export class Wire {
  parcels: readonly Parcel[] = [];
  #cuts: readonly Link[] = [];

  add(parcel: Parcel): void {
    this.parcels = [...this.parcels, parcel];
  }

  remove(parcel: Parcel): void {
    this.parcels = this.parcels.filter((other) => other !== parcel);
  }

  select({ links, kind, pick }: Selection): readonly Parcel[] {
    const found = this.parcels.filter(
      (parcel) =>
        links.some((link) => isOn(link, parcel)) &&
        (kind === null || describeParcel(parcel).split(' ')[0] === kind),
    );
    if (pick === 'all') return found;
    return pick === 'first' ? found.slice(0, 1) : found.slice(-1);
  }

  cut(links: readonly Link[]): void {
    this.#cuts = [...this.#cuts, ...links];
  }

  heal(): void {
    this.#cuts = [];
  }

  isCut(one: Link): boolean {
    return this.#cuts.some((link) => isOn(link, one));
  }
}
