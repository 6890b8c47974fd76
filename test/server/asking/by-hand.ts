/** What somebody does by hand who makes tickets of what is in his stock: asks over them, and hears all that his home hears. */
import { hexOf } from '../../../crypto/bytes.ts';
import { cellOf, routeTo } from '../../../round-trips/ways.ts';
import type { Stock, StockSecret } from '../../../round-trips/stock.ts';
import { stationsOf } from '../../../client/anonymous/servers.ts';
import type { Talk } from '../../../cli/person/talk.ts';
import { fieldsOf, onionOf } from '../../../onion/cell.ts';
import { forgottenKey } from '../../../onion/keys.ts';
import { oneTimeTag } from '../../../onion/layer.ts';
import type { Station } from '../../../onion/route.ts';
import { makeTicket } from '../../../onion/ticket.ts';
import { copyBytes } from '../../../psyc/bytes.ts';
import { render } from '../../../psyc/render.ts';
import { suite } from '../../../server/suite.ts';
import { GREEN, KEYS, RED } from './asked-town.ts';

/** A ticket of some secrets of a stock, each at another server, and the tag under which its answer comes. */
export function ticketOf(
  stock: Stock,
  count: number,
): { readonly ticket: Uint8Array; readonly tag: string; readonly over: readonly StockSecret[] } {
  const last = suite.random(32);
  const taken = stock.take({ level: 1, hops: count }, Math.floor(Date.now() / 1000))!;
  const secrets = taken.map(({ secret }) => secret);
  const hops = [...secrets, last].map((secret) => ({ secret, alpha: forgottenKey(suite, suite.random), delayMs: 0 }));
  const { ticket } = makeTicket(suite, hops, Math.floor(Date.now() / 1000), suite.random);
  return { ticket, tag: hexOf(oneTimeTag(suite, last)), over: taken };
}

/** Hands in a question about an address with a ticket. */
export async function handing(talk: Talk, search: string): Promise<(ticket: Uint8Array, tag: string) => Promise<void>> {
  const mor = `psyc://${RED}/$mor`;
  const stations: readonly Station[] = (await stationsOf(talk, mor, new Map(), Math.floor(Date.now() / 1000)))!;
  const last = stations.find(({ domain }) => domain === GREEN)!;
  return async (ticket, tag) => {
    const routing = { _target: KEYS, _tag: tag };
    const content = render({
      routing,
      entity: { _tickets: ticket, _search: search },
      method: '_request_keys',
    });
    const route = routeTo(suite, { stations, home: RED, hops: 2 }, last, Date.now())!;
    const cell = cellOf(suite, route, 'exit', content, Date.now());
    await talk.ask({ target: mor, method: '_request_mor_cell', entity: { _cell: cell } });
  };
}

/** All cells that the home hears, by the hints of their onions. */
export function hearing(talk: Talk) {
  const cells = new Map<string, Uint8Array>();
  const times = new Map<string, number>();
  const look = async (): Promise<void> => {
    const told = await talk.ask({ target: `psyc://${RED}/$mor`, method: '_request_mor_copies' });
    for (const { packet } of typeof told === 'string' ? [] : (told ?? [])) {
      const cell = packet.value('_cell');
      if (cell === undefined) continue;
      const hint = hexOf(fieldsOf(onionOf(cell)).hint);
      cells.set(hexOf(cell.subarray(0, 32)), copyBytes(cell));
      times.set(hint, (times.get(hint) ?? 0) + 1);
    }
  };
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await holds())) await look();
  };
  return {
    until,
    cells,
    of: (hint: string) => until(() => times.has(hint)),
    timesOf: (hint: string) => times.get(hint) ?? 0,
  };
}
