/** `p3do ask --anonymous` on five real servers: answered, by whom is not known to them; a hop killed, the client killed, tickets replayed, expired and forged. */
import { randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { hexOf } from '../../../crypto/bytes.ts';
import { writeStock } from '../../../client/anonymous/stock-file.ts';
import { Stock } from '../../../round-trips/stock.ts';
import { Client } from '../../../client/client.ts';
import { suite } from '../../../server/suite.ts';
import { Undoing } from '../../undoing.ts';
import { needsLinux } from '../linux.ts';
import { ADA, AskedTown, BOB, domains, GREEN, KEYS, type Running } from './asked-town.ts';
import { handing, hearing, ticketOf } from './by-hand.ts';

const undoing = new Undoing();
/** What one test has begun. */
const own = new Undoing();
let town: AskedTown;
const ask = ['ask', '--anonymous', '--hops', '3', KEYS, BOB, '--as', ADA, '--json'];

interface Said {
  readonly kind: string;
  readonly method?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly attempts?: number;
  readonly level?: number;
  readonly hopsBack?: number;
}

const saidIn = (out: string): Said[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Said);

/** Resolves when somebody's stock has been written once more. */
const written = (who: string): Promise<void> =>
  new Promise((resolve) => {
    const watcher = watch(join(town.whose(who).folder, 'anonymous'), { persistent: false }, (_, name) => {
      if (name !== 'stock') return;
      watcher.close();
      resolve();
    });
  });

/** Resolves when somebody's stock has so many secrets of level 1. */
async function stocked(who: string, count: number): Promise<void> {
  for (;;) {
    const next = written(who);
    if ((await town.stock(who)).filter(({ level }) => level === 1).length >= count) return;
    await next;
  }
}

needsLinux('asking as nobody', () => {
  beforeAll(async () => {
    town = await AskedTown.start(undoing);
  });
  afterEach(() => own.run());
  afterAll(() => undoing.run(), 120_000);

  test('the answer is the one that everybody gets, and no server’s log says who asked', async () => {
    const { code, out, complaints } = await town.p3do(...ask).over;
    expect({ code, complaints: code === 0 ? '' : complaints }).toEqual({ code: 0, complaints: '' });
    const said = saidIn(out);
    expect(said.map(({ kind, method }) => method ?? kind)).toEqual(['_status_key', '_echo_keys', 'how']);
    expect(said[2]).toMatchObject({ hopsBack: 3, level: 1 });
    // It waited for secrets, and said so.
    expect(complaints).toContain('the stock is dry');
    const open = await town.p3do('ask', KEYS, BOB, '--as', ADA, '--json').over;
    expect(saidIn(open.out).map(({ variables }) => variables)).toEqual(
      said.slice(0, 2).map(({ variables }) => variables),
    );
    for (const domain of domains) expect(await town.log(domain)).not.toMatch(/ada@|~ada|\$keys/);
    const nobody = await town.p3do('ask', '--anonymous', KEYS, `carol@${GREEN}`, '--as', ADA, '--json').over;
    expect([nobody.code, saidIn(nobody.out)[0]]).toEqual([
      1,
      expect.objectContaining({ method: '_failure_keys_unknown' }),
    ]);
  });

  test('who listens fills the stock, and gives it up to who asks; a client that is killed with tickets out uses nothing twice', async () => {
    const seen = new Set<string>();
    const gone = new Set<string>();
    const look = async (): Promise<void> => {
      const now = new Set((await town.stock(ADA)).map(({ secret }) => hexOf(secret)));
      for (const secret of seen) if (!now.has(secret)) gone.add(secret);
      for (const secret of now) {
        expect(gone.has(secret)).toBe(false);
        seen.add(secret);
      }
    };
    expect((await town.p3do('stock', '--tickets', '2', '--as', ADA).over).code).toBe(0);
    const listening = town.p3do('listen', '--as', ADA);
    own.add(async () => {
      listening.child.kill();
      await listening.over;
    });
    await stocked(ADA, 6);
    await look();
    // Beside him the stock is asked for, and given up for so long.
    expect((await town.p3do(...ask).over).code).toBe(0);
    await look();
    listening.child.kill();
    await listening.over;
    for (let life = 0; life < 2; life++) {
      const taken = written(ADA);
      const running = town.p3do(...ask);
      await taken;
      running.child.kill('SIGKILL');
      expect((await running.over).code).toBeNull();
      await look();
    }
    expect(gone.size).toBeGreaterThanOrEqual(3);
    const { code, out } = await town.p3do(...ask).over;
    await look();
    expect([code, saidIn(out).at(-1)!.kind]).toEqual([0, 'how']);
  });

  test('tickets that are replayed, expired or forged bring nothing, and what is asked twice is done once', async () => {
    const { talk, asking } = await town.library(ADA, { level: 1, hops: 2, tickets: 5 }, own);
    await asking.filled();
    const hand = await handing(talk, `carol@${GREEN}`);
    await asking.stop();
    const stock = new Stock(suite.random, await town.stock(ADA));
    // What is used by hand is gone from what others find there.
    const [one, two, three] = [ticketOf(stock, 2), ticketOf(stock, 2), ticketOf(stock, 2)];
    await writeStock(town.whose(ADA).folder, stock.all);
    const count = (name: string): Promise<number> => town.count(GREEN, name);
    const before = {
      done: await count('requests done'),
      again: await count('requests said again'),
      bad: await count('dropped _mor_invalid_request'),
    };
    const heard = hearing(talk);
    const tag = randomBytes(16).toString('hex');
    await hand(one.ticket, tag);
    await heard.of(one.tag);
    // The same question over another ticket is answered out of what is kept; over the burnt one nothing comes back.
    await hand(one.ticket, tag);
    await hand(two.ticket, tag);
    await heard.of(two.tag);
    const expired = two.ticket.slice();
    new DataView(expired.buffer).setUint32(688, 86_400 * 10_000);
    await hand(expired, randomBytes(16).toString('hex'));
    const forged = new Uint8Array(randomBytes(692));
    forged[31]! &= 0x7f;
    forged.set(two.ticket.subarray(688), 688);
    await hand(forged, randomBytes(16).toString('hex'));
    // When this one is back, the others have been where they were to go.
    await hand(three.ticket, randomBytes(16).toString('hex'));
    await heard.of(three.tag);
    await heard.until(async () => (await count('requests done')) === before.done + 3);
    await heard.until(async () => (await count('dropped _mor_invalid_request')) === before.bad + 1);
    await heard.until(async () => (await count('requests said again')) === before.again + 2);
    expect(heard.timesOf(one.tag)).toBe(1);
  });

  test('the library asks as well, in one’s own name or as nobody', async () => {
    const { talk, asking } = await town.library(ADA, { level: 1, hops: 2, tickets: 0 }, own);
    const client = new Client(talk, asking);
    const request = { method: '_request_keys', entity: { _search: BOB } };
    const open = await client.request(KEYS, request);
    const hidden = await client.request(KEYS, request, { anonymous: { hops: 2, level: 1 } });
    if (open.kind !== 'answer' || hidden.kind !== 'answer') throw new Error(`${open.kind} ${hidden.kind}`);
    expect(hidden.packets.map((packet) => packet.value('_key'))).toEqual(
      open.packets.map((packet) => packet.value('_key')),
    );
    expect(hidden.how).toMatchObject({ hopsThere: 2, hopsBack: 2, level: 1 });
    expect(await client.request('psyc://elsewhere.test/$keys', request, { anonymous: { hops: 2, level: 1 } })).toEqual(
      expect.objectContaining({ kind: 'failure', code: '_anonymous_unreachable' }),
    );
  });

  test('a server on the way is killed while a question is out: it is asked over others', async () => {
    // Of five owners, who asks over three servers needs all; then one is gone.
    const over2 = ask.with(ask.indexOf('3'), '2');
    const running: Running = town.p3do(...over2);
    await written(ADA);
    await town.town.endDomain('violet.localhost', true);
    const { code, out, complaints } = await running.over;
    expect({ code, complaints: code === 0 ? '' : complaints }).toEqual({ code: 0, complaints: '' });
    expect(saidIn(out).at(-1)).toMatchObject({ kind: 'how', hopsBack: 2 });
    await town.linked(domains.filter((domain) => domain !== 'violet.localhost'));
    expect((await town.p3do(...over2).over).code).toBe(0);
  });
});
