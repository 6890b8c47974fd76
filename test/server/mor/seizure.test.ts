/** Servers are taken away a moment after a ticket was used: their files and long-term keys, with everything that was on the wires, do not show its route. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { textBytes } from '../../../crypto/bytes.ts';
import { fieldsOf } from '../../../onion/cell.ts';
import { askExchange, endExchange } from '../../../onion/exchange.ts';
import { KnownKeys } from '../../../onion/hint.ts';
import { openOnion } from '../../../onion/holder.ts';
import { forgottenKey, newPair } from '../../../onion/keys.ts';
import { oneTimeTag } from '../../../onion/layer.ts';
import { sealOnion } from '../../../onion/seal.ts';
import { makeTicket, type TicketMemory, undoReply, useTicket } from '../../../onion/ticket.ts';
import { Parser } from '../../../psyc/parse.ts';
import { render } from '../../../psyc/render.ts';
import { suite } from '../../../server/suite.ts';
import { domains, Hops, type Writes } from './hops.ts';
import { type Loot, routeOf } from './seizer.ts';

const undoing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of undoing.splice(0).toReversed()) await undo();
});

async function hopsOf(changed?: (writes: Writes) => Writes): Promise<Hops> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-seizure-'));
  undoing.push(() => rm(folder, { recursive: true }));
  const hops = await Hops.start(folder, changed);
  undoing.push(() => hops.close());
  return hops;
}

const now = (): number => Math.floor(Date.now() / 1000);

/** Whoever wants answers, and hears everything that is on the wires. */
class Owner {
  readonly #hops: Hops;

  constructor(hops: Hops) {
    this.#hops = hops;
  }

  /** A secret at this server that came with an onion (solution 1). */
  async deposit(domain: string): Promise<Uint8Array> {
    const { onion, deposits } = this.#sealed(
      domain,
      textBytes(`:_target\tpsyc://${domain}/~nobody\n\n_message\n|\n`),
      true,
    );
    await this.#hops.hand(this.#elsewhere(domain), onion);
    return deposits[0]!.secret;
  }

  /** A secret at this server that was agreed on over a ticket (solution 2). */
  async agree(domain: string): Promise<Uint8Array> {
    const elsewhere = this.#elsewhere(domain);
    const { ticket, memory } = this.ticket([await this.deposit(elsewhere)]);
    const { question, memory: exchange } = askExchange(suite, suite.random);
    const content = render({
      routing: { _target: `psyc://${domain}/$mor` },
      entity: { _exchange: question, _ticket: ticket },
      method: '_request_mor_secret',
    });
    await this.#hops.hand(elsewhere, this.#sealed(domain, content, false).onion);
    const parser = new Parser();
    parser.feed(this.read(memory)!);
    return endExchange(suite, exchange, parser.next()!.value('_exchange')!)!;
  }

  ticket(secrets: readonly Uint8Array[]): { ticket: Uint8Array; memory: TicketMemory } {
    const hops = [...secrets, suite.random(32)].map((secret) => ({
      secret,
      alpha: forgottenKey(suite, suite.random),
      delayMs: 0,
    }));
    return makeTicket(suite, hops, now(), suite.random);
  }

  /** What came back on a ticket; null: nothing. */
  read(memory: TicketMemory): Uint8Array | null {
    const own = memory.secrets.at(-1)!;
    const tag = oneTimeTag(suite, own);
    const onion = [...this.#hops.onions.values()].find((heard) => suite.equal(fieldsOf(heard).hint, tag));
    if (onion === undefined) return null;
    const holder = { oneTime: () => own, keys: new KnownKeys<never>(suite, []), users: [] };
    const layer = openOnion(suite, onion, holder, now())!.layer;
    if ('refused' in layer || layer.outcome.kind !== 'reply') throw new Error('it is no answer');
    return undoReply(suite, memory, layer.outcome.body);
  }

  #sealed(domain: string, content: Uint8Array, isDeposit: boolean) {
    const whom = {
      kind: 'server' as const,
      key: this.#hops.keyOf(domain).publicKey,
      pair: newPair(suite, suite.random),
    };
    return sealOnion(suite, [{ whom, delayMs: 0, isDeposit }], 'exit', content, now(), suite.random);
  }

  readonly #elsewhere = (domain: string): string =>
    domains[(domains.indexOf(domain as 'a.test') + 1) % domains.length]!;
}

/** Somebody answers on a ticket; what is taken is taken when the answer is on its last wire. The files before are those that a backup has. */
async function used(hops: Hops, ticket: Uint8Array, memory: TicketMemory): Promise<Loot> {
  const before = hops.files(['slots']);
  const tag = oneTimeTag(suite, memory.secrets.at(-1)!);
  let after: Loot['files'] = [];
  hops.heard = (onion) => {
    if (suite.equal(fieldsOf(onion).hint, tag)) after = hops.files();
  };
  await hops.hand('a.test', useTicket(suite, ticket, textBytes('the answer'), now(), suite.random));
  expect(new Owner(hops).read(memory)).toEqual(textBytes('the answer'));
  expect(after.length).toBeGreaterThan(0);
  const keys = domains.map((domain) => ({ domain, pair: hops.keyOf(domain) }));
  return { files: [...before, ...after], keys, onions: [...hops.onions.values()] };
}

const route = ['b.test', 'c.test', 'a.test'];

/** Secrets along the route, agreed on with each server. */
async function agreed(owner: Owner): Promise<Uint8Array[]> {
  const secrets: Uint8Array[] = [];
  for (const domain of route) secrets.push(await owner.agree(domain));
  return secrets;
}

test('agreed secrets, burnt: nothing of the route is found', async () => {
  const hops = await hopsOf();
  const owner = new Owner(hops);
  const { ticket, memory } = owner.ticket(await agreed(owner));
  expect(routeOf(await used(hops, ticket, memory), ticket)).toEqual([]);
});

test('with burning left out the same program finds all of it', async () => {
  const hops = await hopsOf((writes) => ({ ...writes, burnt: [] }));
  const owner = new Owner(hops);
  const { ticket, memory } = owner.ticket(await agreed(owner));
  expect(routeOf(await used(hops, ticket, memory), ticket)).toEqual(route);
});

test('one server that does not burn gives itself away, and nobody behind an honest one', async () => {
  const hops = await hopsOf();
  const owner = new Owner(hops);
  const secrets = await agreed(owner);
  const { ticket, memory } = owner.ticket(secrets);
  const loot = await used(hops, ticket, memory);
  const kept = (index: number): Loot => ({
    ...loot,
    files: [...loot.files, { domain: route[index]!, bytes: secrets[index]! }],
  });
  expect([0, 1, 2].map((index) => routeOf(kept(index), ticket))).toEqual([['b.test'], [], []]);
});

test('deposits, burnt: found as long as the server keys live that carried them, and not after', async () => {
  const hops = await hopsOf();
  const owner = new Owner(hops);
  const secrets: Uint8Array[] = [];
  for (const domain of route) secrets.push(await owner.deposit(domain));
  const { ticket, memory } = owner.ticket(secrets);
  const loot = await used(hops, ticket, memory);
  expect(routeOf(loot, ticket)).toEqual(route);
  expect(routeOf({ ...loot, keys: [] }, ticket)).toEqual([]);
});

test('a ticket opens nothing the second time', async () => {
  const hops = await hopsOf();
  const owner = new Owner(hops);
  const { ticket, memory } = owner.ticket(await agreed(owner));
  await used(hops, ticket, memory);
  const heard = hops.onions.size;
  await hops.hand('a.test', useTicket(suite, ticket, textBytes('again'), now(), suite.random));
  // The cell itself goes round, and nothing comes of it.
  expect(hops.onions.size - heard).toBeLessThanOrEqual(2);
  expect(owner.read(memory)).toEqual(textBytes('the answer'));
});
