/** The responder: what dig and unbound hear of it, and what it does to those who send anything else. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { pino } from 'pino';
import { stringsOf } from '../../../pki/dns-record.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { dnsLimits } from '../../../server/dns/limits.ts';
import { KeyLookUp } from '../../../server/dns/look-up.ts';
import { FLAG, RCODE, readMessage } from '../../../server/dns/message.ts';
import { parseResolver } from '../../../server/dns/resolver.ts';
import { ReplyRate } from '../../../server/dns/responder/rate.ts';
import { ZoneReplies, type Zone } from '../../../server/dns/responder/reply.ts';
import { Responder } from '../../../server/dns/responder/responder.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { StillTimers } from '../transport/still-timers.ts';
import { dig, startBind, startUnbound, withNameServers } from './name-servers.ts';

const TEXT = 'v=P3DO1; fpr=e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4; seq=7';
const NAME = '_p3do.example.org';
const zone: Zone = { name: NAME, strings: stringsOf(TEXT), nameServer: 'ns.example.org', serial: 1_800_000_000 };
const replies = new ZoneReplies(zone, Buffer.alloc(32, 1));
const silent = pino({ level: 'silent' });

const question = (name = NAME, type = 'TXT', more: object = {}): Buffer =>
  encode({ type: 'query', id: 7, questions: [{ name, type }], ...more } as unknown as Packet);
const opt = (size: number, ...options: object[]): object => ({
  additionals: [{ type: 'OPT', name: '.', udpPayloadSize: size, options }],
});
const said = (bytes: Uint8Array, from = '192.0.2.1') => readMessage(replies.answer(bytes, from, false)!.bytes);

describe('what it says', () => {
  test('its record, name server and SOA, with authority, letters as they came', () => {
    const message = said(question('_P3do.eXample.org'));
    expect(message).toMatchObject({ id: 7, rcode: RCODE.NOERROR, flags: FLAG.QR | FLAG.AA });
    expect(Buffer.from(message.question!.bytes).toString('latin1')).toContain('eXample');
    expect(Buffer.from(message.answers[0]!.data).toString('latin1', 1)).toBe(TEXT);
    for (const type of ['NS', 'SOA']) expect(said(question(NAME, type)).answers).toHaveLength(1);
  });

  test.each([
    ['another type', NAME, 'A', RCODE.NOERROR],
    ['a name below', `a.${NAME}`, 'TXT', RCODE.NXDOMAIN],
  ])('%s: nothing, and how long that holds', (_, name, type, rcode) => {
    const message = said(question(name, type));
    expect(message).toMatchObject({ rcode, answers: [] });
    expect(message.authorities).toHaveLength(1);
  });

  test.each([
    ['another domain', question('_p3do.example.com')],
    ['the zone above', question('example.org')],
    ['a name that only ends alike', question('x_p3do.example.org')],
    ['a transfer', question(NAME, 'AXFR')],
    ['another class', question(NAME, 'TXT', { questions: [{ name: NAME, type: 'TXT', class: 'CH' }] })],
  ])('%s is refused, with nothing to keep', (_, bytes) => {
    const message = said(bytes);
    expect(message).toMatchObject({ rcode: RCODE.REFUSED, answers: [], authorities: [] });
    expect(message.flags & FLAG.AA).toBe(0);
  });

  test('an update, and a notification, are not implemented', () => {
    for (const opcode of [4, 5]) {
      const message = said(question(NAME, 'SOA', { flags: opcode << 11 }));
      expect(message).toMatchObject({ rcode: RCODE.NOTIMP, opcode });
    }
  });

  test('a newer EDNS is told that ours is older', () => {
    const bytes = encode({
      type: 'query',
      id: 7,
      questions: [{ name: NAME, type: 'TXT' }],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, ednsVersion: 1, options: [] }],
    } as unknown as Packet);
    expect(said(bytes)).toMatchObject({ rcode: RCODE.BADVERS, answers: [] });
  });

  test('a reply is never answered, nor is less than a header', () => {
    const reply = question();
    reply[2]! |= 0x80;
    expect(replies.answer(reply, '192.0.2.1', false)).toBeNull();
    expect(replies.answer(reply.subarray(0, 11), '192.0.2.1', false)).toBeNull();
  });

  test('what cannot be read is a format error, no longer than a header', () => {
    for (const bytes of [question().subarray(0, 20), Buffer.concat([question(), Buffer.from([0])])]) {
      const { bytes: answer } = replies.answer(bytes, '192.0.2.1', false)!;
      expect(answer).toHaveLength(12);
      expect(readMessage(answer)).toMatchObject({ id: 7, rcode: RCODE.FORMERR });
    }
  });

  test('a cookie shows that the asker hears us; that of another address does not', () => {
    const client = Buffer.from('12345678');
    const first = replies.answer(question(NAME, 'TXT', opt(1232, { code: 10, data: client })), '192.0.2.1', false)!;
    expect(first.isKnown).toBe(false);
    const data = Buffer.from(first.bytes.subarray(first.bytes.lastIndexOf(client)));
    expect(data).toHaveLength(24);
    const again = question(NAME, 'TXT', opt(1232, { code: 10, data }));
    expect(replies.answer(again, '192.0.2.1', false)).toMatchObject({ isKnown: true });
    expect(replies.answer(again, '192.0.2.2', false)).toMatchObject({ isKnown: false });
    const short = question(NAME, 'TXT', opt(1232, { code: 10, data: Buffer.alloc(9) }));
    expect(said(short)).toMatchObject({ rcode: RCODE.FORMERR });
  });

  test('a record that has no room in 512 bytes is to be asked over TCP, or with EDNS', () => {
    const long = new ZoneReplies({ ...zone, strings: stringsOf(TEXT.padEnd(700, ' ')) }, Buffer.alloc(32));
    const cut = readMessage(long.answer(question(), '192.0.2.1', false)!.bytes);
    expect(cut.flags & FLAG.TC).toBe(FLAG.TC);
    for (const bytes of [
      long.answer(question(), '192.0.2.1', true)!,
      long.answer(question(NAME, 'TXT', opt(1232)), '192.0.2.1', false)!,
    ]) {
      expect(readMessage(bytes.bytes)).toMatchObject({ rcode: RCODE.NOERROR, answers: [expect.anything()] });
    }
  });

  test('whatever comes, what goes can be read, and is a reply', () => {
    const right = question(NAME, 'TXT', opt(1232, { code: 10, data: Buffer.alloc(8) }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(right.length), (noise, at) => {
        for (const bytes of [noise, Buffer.concat([right.subarray(0, at), noise, right.subarray(at + noise.length)])]) {
          const answer = replies.answer(bytes, '192.0.2.1', false);
          if (answer !== null) expect(readMessage(answer.bytes).flags & FLAG.QR).toBe(FLAG.QR);
        }
      }),
    );
  });
});

describe('how often it says it', () => {
  test('a network has its burst, then every second reply is a hint, and others are not concerned', () => {
    const rate = new ReplyRate();
    const verdicts = Array.from({ length: dnsLimits.replyBurst + 4 }, (_, at) =>
      rate.verdict(`192.0.2.${at % 200}`, 0),
    );
    expect(verdicts.slice(0, dnsLimits.replyBurst).every((verdict) => verdict === 'send')).toBe(true);
    expect(verdicts.slice(dnsLimits.replyBurst)).toEqual(['truncate', 'drop', 'truncate', 'drop']);
    expect(rate.verdict('192.0.3.1', 0)).toBe('send');
    expect(rate.verdict('192.0.2.1', 1000)).toBe('send');
  });

  test('it remembers so many networks, and forgets the one that has been silent longest', () => {
    const rate = new ReplyRate();
    for (let at = 0; at < dnsLimits.replyBurst; at++) rate.verdict('192.0.2.1', 0);
    for (let at = 0; at < dnsLimits.networksMax; at++) rate.verdict(`10.${at >> 8}.${at & 255}.1`, 0);
    expect(rate.size).toBe(dnsLimits.networksMax);
    expect(rate.verdict('192.0.2.1', 0)).toBe('send');
  });
});

describe('over the network', () => {
  let responder: Responder;
  let port: number;
  const timers = new StillTimers();

  beforeAll(async () => {
    responder = await Responder.open({ hosts: ['127.0.0.1'], port: 0, replies, timers, log: silent });
    port = responder.addresses[0]!.port;
  });
  afterAll(() => responder.close());

  const framed = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);

  test('several questions on one connection, in pieces', async () => {
    const socket = connect(port, '127.0.0.1');
    const both = Buffer.concat([framed(question()), framed(question(NAME, 'SOA'))]);
    for (const byte of both) socket.write(Buffer.from([byte]));
    let came = Buffer.alloc(0);
    for await (const chunk of socket) {
      came = Buffer.concat([came, chunk as Buffer]);
      if (came.length > 2 + came.readUInt16BE() + 2) break;
    }
    expect(readMessage(came.subarray(2, 2 + came.readUInt16BE())).answers).toHaveLength(1);
  });

  test.each([
    ['a question that is too long', Buffer.from([0x10, 0x01])],
    ['a reply', framed(Buffer.concat([question().subarray(0, 2), Buffer.from([0x80]), question().subarray(3)]))],
    [
      'one question too many',
      Buffer.concat(Array.from({ length: dnsLimits.questionsMax + 1 }, () => framed(question()))),
    ],
  ])('%s ends the connection', async (_, bytes) => {
    const socket = connect(port, '127.0.0.1').resume();
    socket.on('error', () => {});
    socket.write(bytes);
    await once(socket, 'close');
  });

  test('who asks nothing is put out, and so is one connection too many from an address', async () => {
    const idle = Array.from({ length: dnsLimits.connectionsPerAddressMax }, () => connect(port, '127.0.0.1').resume());
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const more = connect(port, '127.0.0.1').resume();
    more.on('error', () => {});
    await once(more, 'close');
    const closed = idle.map((socket) => (socket.on('error', () => {}), once(socket, 'close')));
    timers.pass(dnsLimits.idleMsMax);
    await Promise.all(closed);
  });

  test('a flood gets no more than its share, and what is not known no more than it sent', async () => {
    const flood = createSocket('udp4');
    flood.bind(0, '127.0.0.1');
    await once(flood, 'listening');
    let full = 0;
    let hints = 0;
    flood.on('message', (bytes) => ((readMessage(bytes).flags & FLAG.TC) === 0 ? (full += 1) : (hints += 1)));
    const wanted = dnsLimits.replyBurst * 3;
    for (let at = 0; at < wanted; at++) flood.send(question(), port, '127.0.0.1');
    // Known by its cookie, it is answered whatever has been sent before: the last to be answered, in order.
    const client = Buffer.from('12345678');
    const ask = async (data: Buffer): Promise<Buffer> => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      socket.send(question(NAME, 'TXT', opt(1232, { code: 10, data })), port, '127.0.0.1');
      const [bytes] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      return bytes;
    };
    const known = replies.answer(
      question(NAME, 'TXT', opt(1232, { code: 10, data: client })),
      '127.0.0.1',
      false,
    )!.bytes;
    const answer = await ask(known.subarray(known.lastIndexOf(client)));
    expect(readMessage(answer).answers).toHaveLength(1);
    flood.close();
    expect(full).toBeLessThanOrEqual(dnsLimits.replyBurst);
    expect(full + hints).toBeLessThan(wanted);
  });
});

withNameServers('with dig and unbound', () => {
  let responder: Responder;
  let port: number;
  beforeAll(async () => {
    responder = await Responder.open({
      hosts: ['127.0.0.1', '::1'],
      port: 0,
      replies,
      timers: systemTimers,
      log: silent,
    });
    port = (responder.addresses[0] as AddressInfo).port;
  });
  afterAll(() => responder.close());

  test.each([
    ['+short', `"${TEXT}"`],
    ['+short +tcp', `"${TEXT}"`],
    ['+short +noedns', `"${TEXT}"`],
    ['+short +dnssec', `"${TEXT}"`],
  ])('%s', async (options, expected) => {
    expect(await dig(port, 'TXT', NAME, ...options.split(' '))).toBe(expected);
  });

  test('takes its cookie, its SOA, and its refusals', async () => {
    expect(await dig(port, 'TXT', NAME)).toMatch(/flags: qr aa rd;[\s\S]*COOKIE: [0-9a-f]{48}( \(good\))?/);
    expect(await dig(port, 'SOA', NAME, '+short')).toBe(
      'ns.example.org. p3do.example.org. 1800000000 3600 300 604800 300',
    );
    expect(await dig(port, 'NS', NAME, '+short')).toBe('ns.example.org.');
    expect(await dig(port, 'TXT', `a.${NAME}`)).toContain('status: NXDOMAIN');
    expect(await dig(port, 'TXT', 'example.org')).toContain('status: REFUSED');
    expect(await dig(port, 'AXFR', NAME, '+tcp')).toContain('Transfer failed');
  });

  test('a resolver that validates hears it where a signed zone delegates the name; so does it that there is nothing else', async () => {
    const bind = await startBind({ 'example.org': '_p3do IN NS ns\n' });
    const unbound = await startUnbound({ 'example.org': bind.port, [NAME]: port }, bind.anchors);
    const resolver = parseResolver(`udp://127.0.0.1:${unbound.port}`)!;
    const keys = new KeyLookUp(new Asker({ proxy: null }, systemTimers), [resolver], () => 1_800_000_000);
    // The zone above is signed and says that this one is not: nothing to vouch for, and nothing bogus.
    expect(await keys.confirmed('example.org')).toMatchObject({ kind: 'record', seq: 7, secure: false });
    expect(await dig(unbound.port, 'TXT', `a.${NAME}`)).toContain('status: NXDOMAIN');
    expect(await dig(unbound.port, 'A', NAME)).toMatch(/status: NOERROR[^]*ANSWER: 0/);
    expect(await dig(unbound.port, 'SOA', 'example.org', '+dnssec')).toMatch(/flags: qr rd ra ad;/);
  });
});
