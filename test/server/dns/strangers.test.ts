/** Resolvers that lie, stammer and say nothing, and strangers who answer in their place. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decode, encode, type Packet } from 'dns-packet';
import type { DnsStatement } from '../../../pki/dns-statement.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { askingOf } from '../../../server/dns/asking.ts';
import { dnsLimits } from '../../../server/dns/limits.ts';
import { KeyLookUp, type Told } from '../../../server/dns/look-up.ts';
import { parseResolver } from '../../../server/dns/resolver.ts';
import type { Timers } from '../../../server/transport/timers.ts';
import { StillTimers } from '../transport/still-timers.ts';

const A = 'e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4';
const LIE = '0123456789abcdef0123456789abcdef01234567';
const TC = 0x0200;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A reply with this key in it; `change` spoils it before it is written. */
function reply(asked: Buffer, fpr: string, change: (packet: Packet) => void = () => {}): Buffer {
  const { id, questions } = decode(asked);
  const name = questions![0]!.name;
  const data = `v=P3DO1; fpr=${fpr}; seq=1`;
  const packet: Packet = {
    type: 'response',
    id: id!,
    flags: 0x0180,
    questions: questions!,
    answers: [{ type: 'TXT', name, ttl: 60, data: [data] }],
  };
  change(packet);
  return encode(packet);
}

interface Fake {
  readonly udp: string;
  readonly tcp: string;
  /** How often it was asked. */
  readonly asked: { udp: number; tcp: number };
}

/** A resolver: what it sends for each datagram, and for each question over TCP. */
async function fake(
  datagram: (asked: Buffer, socket: Socket, from: AddressInfo) => Buffer[],
  stream: (asked: Buffer) => Buffer[] = () => [],
): Promise<Fake> {
  const asked = { udp: 0, tcp: 0 };
  const server = createServer((connection) => {
    connection.on('error', () => {});
    connection.once('data', (chunk) => {
      asked.tcp += 1;
      const answers = stream(chunk.subarray(2));
      if (answers.length === 0) connection.end();
      for (const bytes of answers) connection.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (bytes, from) => {
    asked.udp += 1;
    for (const answer of datagram(bytes, socket, from)) socket.send(answer, from.port, from.address);
  });
  closing.push(
    () => socket.close(),
    () => server.close(),
  );
  return { udp: `udp://127.0.0.1:${port}`, tcp: `tcp://127.0.0.1:${port}`, asked };
}

const framed = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** Waits as long as a machine under load may take: what is right comes at once, and nothing depends on the clock. */
const patient: Timers = { nowMs: () => 0, after: () => () => {} };

async function ask(at: string, timers: Timers = patient): Promise<Told> {
  const keys = new KeyLookUp(new Asker({ proxy: null }, timers), [parseResolver(at)!], () => 1_800_000_000);
  return (await keys.all('example.org'))[0]!;
}

const statement = async (at: string): Promise<DnsStatement> => (await ask(at)).statement;
const truth = expect.objectContaining({ kind: 'record', fpr: A });

describe('what is not the reply is left lying', () => {
  const spoilt: [string, (asked: Buffer) => Buffer][] = [
    ['another id', (asked) => reply(asked, LIE, (packet) => (packet.id = packet.id! ^ 1))],
    ['another name', (asked) => reply(asked, LIE, ({ questions }) => (questions![0]!.name = '_p3do.example.com'))],
    [
      'other letters',
      (asked) => reply(asked, LIE, ({ questions }) => (questions![0]!.name = swapped(questions![0]!.name))),
    ],
    ['another type', (asked) => reply(asked, LIE, ({ questions }) => (questions![0]!.type = 'A'))],
    ['no question', (asked) => reply(asked, LIE, (packet) => (packet.questions = []))],
    ['two questions', (asked) => reply(asked, LIE, ({ questions }) => questions!.push(questions![0]!))],
    ['a question instead of a reply', (asked) => reply(asked, LIE, (packet) => (packet.type = 'query'))],
    [
      'another cookie',
      (asked) => reply(asked, LIE, (packet) => (packet.additionals = [opt(Buffer.alloc(8)) as never])),
    ],
    ['bytes after its end', (asked) => Buffer.concat([reply(asked, LIE), Buffer.from([0])])],
    ['half of it', (asked) => reply(asked, LIE).subarray(0, 40)],
    ['nothing', () => Buffer.alloc(0)],
    ['65507 bytes', () => Buffer.alloc(65_507)],
  ];

  test.each(spoilt)('%s', async (_, lie) => {
    const resolver = await fake((asked) => [lie(asked), reply(asked, A)]);
    expect(await statement(resolver.udp)).toEqual(truth);
    expect(resolver.asked).toEqual({ udp: 1, tcp: 0 });
  });

  test('a reply from another address', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.2');
    await once(other, 'listening');
    closing.push(() => other.close());
    const resolver = await fake((asked, socket, from) => {
      // The stranger is first; the resolver speaks when he has spoken.
      other.send(reply(asked, LIE), from.port, from.address, () =>
        socket.send(reply(asked, A), from.port, from.address),
      );
      return [];
    });
    expect(await statement(resolver.udp)).toEqual(truth);
  });

  test('so many of them that it is asked over TCP', async () => {
    const wrong = (asked: Buffer): Buffer => reply(asked, LIE, (packet) => (packet.id = packet.id! ^ 1));
    const resolver = await fake(
      (asked) => Array.from({ length: dnsLimits.strangersMax }, () => wrong(asked)),
      (asked) => [framed(reply(asked, A))],
    );
    expect(await statement(resolver.udp)).toEqual(truth);
    expect(resolver.asked).toEqual({ udp: 1, tcp: 1 });
  });
});

/** A name with one letter of the other size. */
const swapped = (name: string): string => {
  const at = name.search(/[a-z]/i);
  const letter = name[at]!;
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return name.slice(0, at) + other + name.slice(at + 1);
};

const opt = (cookie: Buffer): unknown => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  options: [{ code: 10, data: cookie }],
});

describe('over TCP', () => {
  test('a reply that was cut is asked for again', async () => {
    const resolver = await fake(
      (asked) => [reply(asked, LIE, (packet) => ((packet.flags = packet.flags! | TC), (packet.answers = [])))],
      (asked) => [framed(reply(asked, A))],
    );
    expect(await statement(resolver.udp)).toEqual(truth);
  });

  test('in pieces, and with something behind it', async () => {
    const resolver = await fake(
      () => [],
      (asked) => {
        const bytes = framed(reply(asked, A));
        return [bytes.subarray(0, 1), bytes.subarray(1, 9), bytes.subarray(9), framed(reply(asked, LIE))];
      },
    );
    expect(await statement(resolver.tcp)).toEqual(truth);
  });

  test('a message of 65535 bytes is read', async () => {
    const resolver = await fake(
      () => [],
      (asked) => {
        // What a record takes beside its data: a name of one byte, type, class, TTL, length.
        const data = Buffer.alloc(dnsLimits.messageBytesMax - reply(asked, A).length - 11);
        return [framed(reply(asked, A, (packet) => (packet.additionals = [{ type: 'NULL', name: '.', data }])))];
      },
    );
    expect(await statement(resolver.tcp)).toEqual(truth);
  });

  test.each([
    ['closes without a word', (): Buffer[] => []],
    ['says what is no message', (): Buffer[] => [framed(Buffer.alloc(20, 255))]],
    [
      'answers another question',
      (asked: Buffer): Buffer[] => [framed(reply(asked, LIE, (packet) => (packet.id = packet.id! ^ 1)))],
    ],
  ])('a resolver that %s has said nothing', async (_, stream) => {
    expect(await statement((await fake(() => [], stream)).tcp)).toEqual({ kind: 'timeout' });
  });
});

test('a resolver that once knew cookies is not believed without', async () => {
  let withCookie = true;
  const resolver = await fake(
    (asked) => {
      const [sent] = (decode(asked).additionals as unknown as { options: { data: Buffer }[] }[])[0]!.options;
      return [
        reply(
          asked,
          withCookie ? A : LIE,
          (packet) => (packet.additionals = withCookie ? [opt(sent!.data) as never] : []),
        ),
      ];
    },
    (asked) => [framed(reply(asked, A))],
  );
  const timers = new StillTimers();
  const keys = new KeyLookUp(new Asker({ proxy: null }, timers), [parseResolver(resolver.udp)!], () => 1_800_000_000);
  expect(await keys.statement('example.org')).toEqual(truth);
  withCookie = false;
  const second = keys.statement('example.org');
  for (let attempt = 0; attempt < dnsLimits.attemptsMax; attempt++) await passed(timers, dnsLimits.attemptMsMax);
  expect(await second).toEqual(truth);
  expect(resolver.asked).toMatchObject({ tcp: 1 });
});

/** Lets the time of an alarm pass as soon as it has been set. */
async function passed(timers: StillTimers, ms: number): Promise<void> {
  const before = timers.delays.length;
  while (timers.waiting === 0) await new Promise((resolve) => void setImmediate(resolve));
  timers.pass(ms);
  while (timers.delays.length === before) await new Promise((resolve) => void setImmediate(resolve));
}

test('a resolver that says nothing: twice by datagram, once over TCP, and it is over', async () => {
  const resolver = await fake(
    () => [],
    () => [Buffer.from([0])],
  );
  const timers = new StillTimers();
  const told = ask(resolver.udp, timers);
  for (let attempt = 0; attempt < dnsLimits.attemptsMax; attempt++) await passed(timers, dnsLimits.attemptMsMax);
  while (resolver.asked.tcp === 0) await new Promise((resolve) => void setImmediate(resolve));
  timers.pass(dnsLimits.askMsMax);
  expect(await told).toMatchObject({ statement: { kind: 'timeout' }, reason: expect.stringContaining('_dns_timeout') });
  expect(timers.delays).toEqual([1500, 1500, 3000]);
  expect(timers.waiting).toBe(0);
});

test('behind a proxy every question goes through it, over a connection, and nobody else hears of it', async () => {
  const resolver = await fake(
    (asked) => [reply(asked, LIE)],
    (asked) => [framed(reply(asked, A))],
  );
  const at = parseResolver(resolver.udp)!;
  const asked: string[] = [];
  // RFC 1928, as far as one client of ours goes.
  const socks = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (request) => {
        asked.push(`${request.subarray(4, 8).join('.')}:${request.readUInt16BE(8)}`);
        const onward = connect(request.readUInt16BE(8), request.subarray(4, 8).join('.'));
        onward.on('error', () => {});
        socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        socket.pipe(onward).pipe(socket);
      });
    });
  }).listen(0, '127.0.0.1');
  await once(socks, 'listening');
  closing.push(() => socks.close());
  const { port } = socks.address() as AddressInfo;
  const asker = new Asker({ proxy: { host: '127.0.0.1', port, password: 'own' } }, patient);
  expect(await new KeyLookUp(asker, [at], () => 0).statement('example.org')).toEqual(truth);
  expect(asked).toEqual([`127.0.0.1:${at.port}`]);
  expect(resolver.asked).toEqual({ udp: 0, tcp: 1 });
  // Those of the system know nothing of a proxy.
  const dns = { resolvers: null, authority: null, keyServers: [], update: null, responder: null };
  expect(await askingOf(dns, { host: '127.0.0.1', port, password: 'own' })).toMatchObject({
    resolvers: [],
    finder: null,
  });
});

test('AD of a resolver that nobody has named, or that is elsewhere, is not believed', async () => {
  const resolver = await fake((asked) => [reply(asked, A, (packet) => (packet.flags = packet.flags! | 0x20))]);
  const of = async (isValidator: boolean): Promise<DnsStatement> => {
    const keys = new KeyLookUp(
      new Asker({ proxy: null }, patient),
      [{ ...parseResolver(resolver.udp)!, isValidator }],
      () => 0,
    );
    return keys.statement('example.org');
  };
  expect(await of(true)).toMatchObject({ secure: true });
  expect(await of(false)).toMatchObject({ secure: false });
  expect(parseResolver('udp://192.0.2.1')).toMatchObject({ isValidator: false });
});
