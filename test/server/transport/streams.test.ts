/** Circuits over real TLS: packets both ways, bytes cut anywhere, exported keys, the end and the break. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { renderRouted } from '../../../psyc/render.ts';
import { dial } from './dial.ts';
import { chopping, terminating } from './between.ts';
import { Ear } from './ear.ts';
import {
  closeAll,
  type Closing,
  credentials,
  dialling,
  needsIpv6,
  opened,
  saying,
  type Station,
  type StationOptions,
} from './fixture.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

const label = 'EXPORTER-P3DO-federation-v1';
const context = new TextEncoder().encode('dialler');

/** Two circuits that say something to each other, and end. */
async function conversation(host: string): Promise<void> {
  const station = await open({ host });
  const ear = new Ear();
  station.ear.answer = (circuit) => circuit.send(saying('and back', 'psyc://b.example/~bob'));
  const runner = dial(dialling(station, ear));
  await ear.heard('ready');
  runner.send(saying('hello'));
  runner.send(saying('again'));
  runner.send(saying('and again'));
  await ear.heard('packet psyc://b.example/~bob _message and back', 3);
  expect(station.ear.lines).toEqual([
    'ready',
    'packet psyc://a.example/~ada _message hello',
    'packet psyc://a.example/~ada _message again',
    'packet psyc://a.example/~ada _message and again',
  ]);
  const [near, far] = [ear.channels[0]!, station.ear.channels[0]!];
  expect(near).toMatchObject({ kind: 'tls', accepted: false, domain: 'b.example', origin: null });
  expect(far).toMatchObject({ kind: 'tls', accepted: true, domain: 'b.example', origin: null });
  const key = near.exportKey(label, context)!;
  expect(key).toHaveLength(32);
  expect(far.exportKey(label, context)).toEqual(key);
  expect(far.exportKey(label, new Uint8Array(0))).not.toEqual(key);
  expect(far.exportKey('EXPORTER-other', context)).not.toEqual(key);
  runner.close();
  await station.ear.heard('closed _circuit_ended');
  expect(ear.lines.at(-1)).toBe('closed _circuit_ended');
}

test('two circuits speak over 127.0.0.1, and export equal keys', () => conversation('127.0.0.1'));
needsIpv6('IPv6', () => {
  test('two circuits speak over ::1, and export equal keys', () => conversation('::1'));
});

test('TLS, circuit and packets arrive one byte at a time', async () => {
  const station = await open();
  const between = await chopping(station);
  closing.push(() => between.close());
  const ear = new Ear();
  station.ear.answer = (circuit) => circuit.send(saying('and back'));
  const runner = dial(dialling(between, ear));
  await ear.heard('ready');
  runner.send(saying('x'.repeat(300)));
  await ear.heard('packet psyc://a.example/~ada _message and back');
  expect(station.ear.lines).toEqual(['ready', `packet psyc://a.example/~ada _message ${'x'.repeat(300)}`]);
});

describe('one record for each byte of PSYC', () => {
  test.each([
    ['with ALPN', ['psyc/1']],
    ['without', undefined],
  ])('%s', async (_, ALPNProtocols) => {
    const station = await open();
    const socket = await station.tls({ ALPNProtocols });
    for (const byte of Buffer.from('|\n:_source\tpsyc://a.example/~ada\n\n_m\nhi\n|\n')) {
      await new Promise((done) => socket.write(Uint8Array.of(byte), done));
    }
    await station.ear.heard('packet psyc://a.example/~ada _m hi');
    socket.end();
    await station.ear.heard('closed _circuit_ended');
  });
});

test('who terminates TLS in between gives both ends other keys', async () => {
  const station = await open();
  const between = await terminating(station, credentials);
  closing.push(() => between.close());
  const ear = new Ear();
  dial(dialling(between, ear));
  await station.ear.heard('ready');
  const key = ear.channels[0]!.exportKey(label, context);
  expect(key).toHaveLength(32);
  expect(station.ear.channels[0]!.exportKey(label, context)).not.toEqual(key);
});

test('every connection exports a key of its own, and none is resumed', async () => {
  const station = await open();
  const first = await station.tls();
  const session = await new Promise<Buffer>((done) => first.once('session', done));
  const second = await station.tls({ session });
  expect(second.isSessionReused()).toBe(false);
  const keys = [first, second].map((socket) => socket.exportKeyingMaterial(32, label, Buffer.from(context)));
  expect(keys[0]).not.toEqual(keys[1]);
  first.destroy();
  second.destroy();
});

test('after the end a channel exports nothing', async () => {
  const station = await open();
  const socket = await station.tls();
  await station.ear.until(() => station.ear.channels.length === 1);
  socket.destroy();
  await station.ear.heard(/^closed/);
  const [channel] = station.ear.channels;
  await station.close();
  expect(channel!.exportKey(label, context)).toBeNull();
});

test('one packet for many circuits reaches each as if it were his own', async () => {
  const station = await open();
  const ears = Array.from({ length: 5 }, () => new Ear());
  const runners = ears.map((ear) => dial(dialling(station, ear)));
  await station.ear.heard('ready', 5);
  const content = new TextEncoder().encode('_message\nto all\n');
  const shared = renderRouted({ _context: 'psyc://b.example/@hall' }, content);
  const seen: string[] = [];
  for (const ear of ears) {
    ear.answer = (_, packet, routing) => seen.push(`${[...routing].join(';')} ${packet.dataText}`);
  }
  for (let round = 0; round < 3; round++) for (const circuit of station.ear.circuits) circuit.send(shared);
  await Promise.all(ears.map((ear) => ear.heard('packet  _message to all', 3)));
  expect(seen.filter((line) => line === '_context,psyc://b.example/@hall to all')).toHaveLength(15);
  for (const runner of runners) runner.close();
});
