/** What a playground's owner is shown of the onions in it, and nobody in production. docs/operating.md#a-scene-about-onions */
import { hexOf } from '../../crypto/bytes.ts';
import type { Found, OpenJob } from '../../listener-bots/opening.ts';
import { onionOf } from '../../onion/cell.ts';
import { isLoopback, isLoopbackName } from '../config/address.ts';
import type { Config } from '../config/config.ts';
import { suite } from '../suite.ts';
import { TownError } from '../town/errors.ts';

/** What a server has just done with an onion. Whoever has those of all servers has the way of each onion. */
export interface Deed {
  /** It took the onion out of an envelope; or opened a layer of it, and found another onion, or a packet for somebody here. */
  readonly did: 'unwrapped' | 'relayed' | 'handed over';
  /** 32 hexadecimal digits, by which an onion is the same everywhere. */
  readonly onion: string;
  /** Of the one that is sent on; null: none is. */
  readonly next: string | null;
}

/** Bytes of an onion's name. */
const NAME_BYTES = 16;

const nameOf = (onion: Uint8Array): string => hexOf(suite.blake2b(onion, NAME_BYTES));

/** What came of opening a cell; null: nothing that has to do with anybody's message. */
export function deedOf({ cell }: OpenJob, found: Found): Deed | null {
  if (found.kind === 'nothing') return null;
  if (found.kind === 'unwrapped') return { did: 'unwrapped', onion: nameOf(found.onion), next: null };
  const { outcome } = found.layer;
  const onion = nameOf(onionOf(cell));
  if (outcome.kind === 'relay') return { did: 'relayed', onion, next: nameOf(outcome.onion) };
  return outcome.kind === 'exit' ? { did: 'handed over', onion, next: null } : null;
}

/** Throws TownError `_town_reachable` where it would be more than a playground: whoever knows deeds knows who wrote to whom. */
export function mustBePlayground({ domain, listen, plain, web, keys }: Config): void {
  const elsewhere = [listen, plain, web, keys].flatMap((door) => door?.hosts ?? []).filter((host) => !isLoopback(host));
  const reason = isLoopbackName(domain) ? elsewhere[0] : domain;
  if (reason === undefined) return;
  throw new TownError('_town_reachable', `ways of onions are told in a playground only, which ${reason} is not`);
}
