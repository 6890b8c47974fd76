/** Circuits inside WebSocket: the upgrade and its refusals, messages cut anywhere, limits, closing. docs/spec/transport.md#websocket */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from './client.ts';
import { joinFramed } from '../../../server/transport/websocket-frame.ts';
import { chopping } from './between.ts';
import { closeAll, type Closing, opened, saying, type Station, type StationOptions } from './fixture.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

const packet = ':_source\tpsyc://a.example/~ada\n\n_message\nhello\n|\n';

test('packets in messages, several in one, one in several; what a turn wrote comes as one message', async () => {
  const station = await open();
  station.ear.answer = (circuit, { dataText }) => circuit.send(saying(dataText, 'psyc://b.example/~bob'));
  const client = new Client(station, '/psyc', ['chat', 'psyc'], {
    origin: 'https://web.example',
  });
  expect(await client.opening).toBeNull();
  expect(client.websocket.protocol).toBe('psyc');
  expect(client.websocket.extensions).toBe('');
  client.websocket.send(Buffer.from(`|\n${packet}${packet}`));
  for (const byte of Buffer.from(packet)) client.websocket.send(Uint8Array.of(byte));
  client.websocket.send(Buffer.from(packet.slice(0, 9)), { fin: false });
  client.websocket.send(Buffer.from(packet.slice(9)));
  await station.ear.heard('packet psyc://a.example/~ada _message hello', 4);
  expect(station.ear.channels).toMatchObject([
    { kind: 'websocket', accepted: true, domain: 'b.example', origin: 'https://web.example' },
  ]);
  expect(station.ear.channels[0]!.exportKey('EXPORTER-x', new Uint8Array(0))).toHaveLength(32);
  client.websocket.close();
  await station.ear.heard('closed _circuit_ended');
  await client.closed;
  expect(client.messages[0]).toMatch(/^\|\n.*hello\n\|\n.*hello\n\|\n$/s);
  expect(client.messages.join('').match(/hello/g)).toHaveLength(4);
});

test('TLS, request and frames arrive one byte at a time', async () => {
  const station = await open();
  const between = await chopping(station);
  closing.push(() => between.close());
  const client = new Client(between);
  expect(await client.opening).toBeNull();
  client.websocket.send(Buffer.from(`|\n${packet}`));
  await station.ear.heard('packet psyc://a.example/~ada _message hello');
  client.websocket.terminate();
  await station.ear.heard(/^closed/);
});

test('the exporter gives a Node client the same key', async () => {
  const station = await open();
  const client = new Client(station);
  const upgraded = new Promise<IncomingMessage>((done) => client.websocket.once('upgrade', done));
  await client.opening;
  const near = ((await upgraded).socket as TLSSocket).exportKeyingMaterial(32, 'EXPORTER-x', Buffer.from('c'));
  expect(station.ear.channels[0]!.exportKey('EXPORTER-x', Buffer.from('c'))).toEqual(near);
  client.websocket.close();
  await client.closed;
});

describe('messages', () => {
  const broken: [string, number, (client: Client) => void][] = [
    ['of text', 1003, ({ websocket }) => websocket.send('|\n')],
    ['too long', 1009, ({ websocket }) => websocket.send(Buffer.alloc(1_001))],
    [
      'too long in fragments',
      1009,
      ({ websocket }) => {
        for (let count = 0; count < 4; count++) websocket.send(Buffer.alloc(300, '|'), { fin: false });
      },
    ],
    [
      'in too many fragments',
      1008,
      ({ websocket }) => {
        for (let count = 0; count < 6; count++) websocket.send(Buffer.alloc(1), { fin: false });
      },
    ],
    [
      'that are none',
      1002,
      ({ websocket }) =>
        (websocket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
          Buffer.from([0xff, 0x80, 0, 0, 0, 0]),
        ),
    ],
  ];
  test.each(broken)('%s end the connection', async (_, status, send) => {
    const station = await open({ limits: { messageBytesMax: 1_000, messageFragmentsMax: 5 } });
    const client = new Client(station);
    await client.opening;
    client.websocket.send(Buffer.from('|\n'));
    await station.ear.heard('ready');
    send(client);
    expect(await client.closed).toBe(status);
    await station.ear.heard('closed _circuit_lost');
  });

  test('an error in the packets is told before the end', async () => {
    const station = await open();
    const client = new Client(station);
    await client.opening;
    client.websocket.send(Buffer.from('|\nnonsense\n'));
    expect(await client.closed).toBe(1000);
    expect(client.messages.join('')).toContain('_error_invalid_line');
    expect(station.ear.lines).toEqual(['ready', 'closed _invalid_line']);
  });

  test('a connection that breaks off is lost', async () => {
    const station = await open();
    const client = new Client(station);
    await client.opening;
    client.websocket.send(Buffer.from('|\n'));
    await station.ear.heard('ready');
    client.websocket.terminate();
    await station.ear.heard('closed _circuit_lost');
  });

  test('pings are answered', async () => {
    const client = new Client(await open());
    await client.opening;
    const pong = new Promise((done) => client.websocket.once('pong', done));
    client.websocket.ping('x');
    expect(String(await pong)).toBe('x');
    client.websocket.close();
    await client.closed;
  });
});

test('much at once comes in messages that are not too long, and whole', async () => {
  const station = await open();
  const client = new Client(station, '/psyc', ['psyc'], { maxPayload: 200_000 });
  await client.opening;
  client.websocket.send(Buffer.from('|\n'));
  await station.ear.heard('ready');
  const [circuit] = station.ear.circuits;
  for (let count = 0; count < 50; count++) circuit!.send(saying(String(count).padEnd(10_000, '.')));
  circuit!.send(saying('x'.repeat(150_000)));
  circuit!.close();
  expect(await client.closed).toBe(1000);
  expect(
    client.messages
      .join('')
      .match(/\d+\.+/g)
      ?.map(Number.parseFloat),
  ).toEqual(Array.from({ length: 50 }, (_, at) => at));
  expect(Math.max(...client.messages.map(({ length }) => length))).toBeLessThan(151_000);
  expect(client.messages.length).toBeGreaterThan(8);
});

test.each([1, 125, 126, 65_535, 65_536, 70_000])('a frame of %i bytes', async (length) => {
  const frame = Buffer.from(joinFramed([Buffer.alloc(length - 1, 'a'), Buffer.from('b')], length));
  expect(frame[0]).toBe(0x82);
  const [head, said] =
    length < 126
      ? [2, frame[1]]
      : length < 65_536
        ? [4, frame.readUInt16BE(2)]
        : [10, Number(frame.readBigUInt64BE(2))];
  expect([said, frame.length, frame.at(-1)]).toEqual([length, head + length, 'b'.charCodeAt(0)]);
});
