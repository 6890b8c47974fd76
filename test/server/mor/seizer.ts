/** Somebody who has taken servers away: copies of their files, their long-term keys, all cells that were on the wires; he looks for a ticket's route. */
import { hexOf } from '../../../crypto/bytes.ts';
import { fieldsOf } from '../../../onion/cell.ts';
import { peelHead } from '../../../onion/head.ts';
import { KnownKeys } from '../../../onion/hint.ts';
import type { KeyPair } from '../../../onion/keys.ts';
import { layerKeys, oneTimeTag, secretOfHolder } from '../../../onion/layer.ts';
import { parseBlock } from '../../../onion/block.ts';
import { sizes } from '../../../onion/sizes.ts';
import { suite } from '../../../server/suite.ts';

/** What he has. */
export interface Loot {
  /** Whatever files hold, of whichever server. */
  readonly files: readonly { readonly domain: string; readonly bytes: Uint8Array }[];
  readonly keys: readonly { readonly domain: string; readonly pair: KeyPair }[];
  /** Onions of 4000 bytes that were on any wire. */
  readonly onions: readonly Uint8Array[];
}

/** Every 32 bytes that stand anywhere in a file, and every secret that a deposit on the wires gave away, by their tags. */
function secretsIn({ files, keys, onions }: Loot): Map<string, { domain: string; secret: Uint8Array }> {
  const secrets = new Map<string, { domain: string; secret: Uint8Array }>();
  const take = (domain: string, secret: Uint8Array): void =>
    void secrets.set(hexOf(oneTimeTag(suite, secret)), { domain, secret });
  for (const { domain, bytes } of files) {
    for (let at = 0; at + sizes.oneTime <= bytes.length; at++) take(domain, bytes.slice(at, at + sizes.oneTime));
  }
  for (const { domain, pair } of keys) {
    for (const onion of onions) {
      const { alpha, hint } = fieldsOf(onion);
      const known = new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]);
      const layer = known.recognise(suite, alpha, hint).length === 0 ? null : secretOfHolder(suite, alpha, pair);
      if (layer !== null) take(domain, layerKeys(suite, layer).deposit);
    }
  }
  return secrets;
}

/** The domains that a ticket leads over, as far as he can follow it. */
export function routeOf(loot: Loot, ticket: Uint8Array): string[] {
  const secrets = secretsIn(loot);
  const route: string[] = [];
  let onion = new Uint8Array(sizes.onion);
  onion.set(ticket.subarray(0, sizes.head));
  for (;;) {
    const found = secrets.get(hexOf(fieldsOf(onion).hint));
    const head = found === undefined ? null : peelHead(suite, layerKeys(suite, found.secret), onion);
    if (found === undefined || head === null) return route;
    route.push(found.domain);
    const next = parseBlock(head.block)?.next;
    if (next === undefined || next === null) return route;
    onion = new Uint8Array(sizes.onion);
    onion.set([...next.alpha, ...next.hint, ...next.mac, ...head.beta]);
  }
}
