/** What a port answers to those who want something else: old TLS, plain HTTP, other paths, too many of them, too slow. */
import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Listener } from '../../../server/transport/listen.ts';
import { pino } from 'pino';
import { placeOf } from '../../../server/transport/admission.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { Ear } from './ear.ts';
import {
  closeAll,
  type Closing,
  credentials,
  dialling,
  opened,
  silent,
  type Station,
  type StationOptions,
  textOf,
} from './fixture.ts';
import { StillTimers } from './still-timers.ts';
import { dial } from './dial.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

/** What the port says to these bytes without TLS. */
async function plain(station: Station, bytes: string): Promise<string> {
  const socket = connectTcp(station.port, station.host);
  socket.write(bytes);
  return textOf(socket);
}

describe('without TLS', () => {
  test('HTTP is told to use TLS', async () => {
    const station = await open();
    const text = await plain(station, 'GET /psyc HTTP/1.1\r\nHost: b.example\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).toContain('\r\n\r\nThis port speaks TLS 1.3 only. Use https:// or wss://.\n');
    expect(station.ear.channels).toEqual([]);
  });

  test('PSYC is told in PSYC', async () => {
    const text = await plain(await open(), '|\n');
    expect(text).toContain('_error_transport_plain\nThis port speaks TLS 1.3 only.');
  });

  test('anything else is told nothing', async () => {
    expect(await plain(await open(), '\0')).toBe('');
  });
});

describe('TLS', () => {
  test('1.2 is refused', async () => {
    const station = await open();
    await expect(station.tls({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    expect(station.ear.channels).toEqual([]);
  });

  test('1.3 it is', async () => {
    const socket = await (await open()).tls();
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.alpnProtocol).toBe('psyc/1');
    socket.destroy();
  });

  test('a protocol that nobody speaks here is refused', async () => {
    const station = await open();
    await expect(station.tls({ ALPNProtocols: ['h2'] })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
  });

  test('a handshake of garbage ends', async () => {
    expect((await plain(await open(), `\x16${'\xff'.repeat(100)}`)).length).toBeLessThan(20);
  });
});

describe('limits', () => {
  test('connections of one address', async () => {
    const station = await open({ limits: { connectionsPerAddressMax: 2 } });
    const first = await station.tls();
    const second = await station.tls();
    await expect(station.tls()).rejects.toThrow('disconnected');
    expect(station.listener.connections).toBe(2);
    // Another address of ours is another peer.
    const other = await station.tls({ localAddress: '127.0.0.2' } as object);
    for (const socket of [first, second, other]) socket.destroy();
  });

  test('connections in all, which come free again', async () => {
    const station = await open({ limits: { connectionsMax: 1 } });
    const first = await station.tls();
    first.write('|\n');
    await station.ear.heard('ready');
    await expect(station.tls()).rejects.toThrow('disconnected');
    station.ear.circuits[0]!.close();
    await new Promise((done) => first.once('close', done));
    // The port knows of the close when the next connection gets through.
    for (let socket = null; socket === null; ) socket = await station.tls().catch(() => null);
  });

  test('an address is an IPv4 address, or an IPv6 /64', () => {
    expect(placeOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(placeOf('192.0.2.7')).toBe('192.0.2.7');
    expect(placeOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
    expect(placeOf('2001:db8:1:2::6')).toBe('2001:db8:1:2');
    expect(placeOf('2001:db8::6')).toBe('2001:db8:0:0');
    expect(placeOf('::1')).toBe('0:0:0:0');
  });

  test.each([
    ['before TLS', null],
    ['after it', undefined],
    ['in the middle of an HTTP request', 'GET /psyc HTT'],
  ])('time to become a circuit: silence %s', async (_, text) => {
    const timers = new StillTimers();
    const station = await open({ timers, limits: { acceptMsMax: 1_000 } });
    const socket =
      text === null ? connectTcp(station.port, station.host) : await station.tls({ ALPNProtocols: undefined });
    if (text === null) await new Promise((done) => socket.once('connect', done));
    else if (text !== undefined) await new Promise((done) => socket.write(text, done));
    while (station.listener.connections === 0) await new Promise(setImmediate);
    socket.resume();
    timers.pass(999);
    expect(socket.destroyed).toBe(false);
    timers.pass(1);
    await new Promise((done) => socket.once('close', done));
    expect(station.ear.channels).toEqual([]);
  });

  test('a circuit that stands has the circuit’s own time', async () => {
    const timers = new StillTimers();
    const station = await open({ timers, limits: { acceptMsMax: 1_000 }, circuit: { greetingMsMax: 5_000 } });
    const socket = await station.tls();
    await station.ear.until(() => station.ear.channels.length === 1);
    timers.pass(4_999);
    expect(station.ear.lines).toEqual([]);
    timers.pass(1);
    expect(station.ear.lines).toEqual(['closed _circuit_timeout_greeting']);
    await new Promise((done) => socket.once('close', done));
    await station.close();
    expect(timers.waiting).toBe(0);
  });
});

test('no address of a peer in the log at its default level', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const station = await open({ log, limits: { connectionsPerAddressMax: 1 } });
  await plain(station, 'GET / HTTP/1.1\r\n\r\n');
  while (station.listener.connections > 0) await new Promise(setImmediate);
  const socket = await station.tls();
  await expect(station.tls()).rejects.toThrow('disconnected');
  socket.write('nonsense');
  await station.ear.heard(/^closed/);
  const ear = new Ear();
  dial(dialling({ host: '127.0.0.1', port: 1 }, ear, { log }));
  await ear.heard('closed _circuit_lost');
  expect(lines.join('')).not.toMatch(/127\.0\.0|::1/);
});

test('an address that is taken rejects, and leaves nothing open', async () => {
  const station = await open();
  const options = { credentials, accept: () => {}, timers: systemTimers, log: silent };
  await expect(
    Listener.open({ ...options, hosts: ['127.0.0.2', '127.0.0.1'], port: station.port }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const again = await Listener.open({ ...options, hosts: ['127.0.0.2'], port: station.port });
  expect(again.addresses).toMatchObject([{ address: '127.0.0.2', port: station.port }]);
  await again.close();
});
