/** Finding a server, and reaching it. docs/spec/transport.md#dialling */
import { afterEach, describe, expect, test } from '@jest/globals';
import { dial } from './dial.ts';
import { endpointsOf, type Resolver } from '../../../server/transport/resolve.ts';
import { Between } from './between.ts';
import { Ear } from './ear.ts';
import { closeAll, type Closing, dialling, opened, type Station, type StationOptions, unasked } from './fixture.ts';
import { StillTimers } from './still-timers.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

const record = (name: string, port = 9404, priority = 0, weight = 0) => ({ name, port, priority, weight });
const resolving = (
  services: ReturnType<typeof record>[],
  addresses: Resolver['addresses'] = unasked.addresses,
): Resolver => ({
  services: () => Promise.resolve(services),
  addresses,
});
const nobody: Resolver = { ...unasked, services: () => Promise.reject(new Error('ENODATA')) };

describe('endpoints', () => {
  const find = (resolver: Resolver, domain = 'b.example', random = 0) =>
    endpointsOf(domain, { resolver, peers: new Map(), random: () => random }, 3);

  test('the configuration comes first, and asks nobody', async () => {
    const peers = new Map([['b.example', { host: '192.0.2.1', port: 1 }]]);
    expect(await endpointsOf('b.example', { resolver: unasked, peers, random: () => 0 }, 3)).toEqual([
      { host: '192.0.2.1', port: 1 },
    ]);
  });

  test('without records the domain itself, and an address is itself', async () => {
    expect(await find(nobody)).toEqual([{ host: 'b.example', port: 9404 }]);
    expect(await find(resolving([]))).toEqual([{ host: 'b.example', port: 9404 }]);
    expect(await find(unasked, '::1')).toEqual([{ host: '::1', port: 9404 }]);
  });

  test('records by priority, then by chance and weight, a few only', async () => {
    const records = [
      record('d', 4, 2),
      record('a', 1, 1, 0),
      record('b', 2, 1, 1),
      record('c', 3, 1, 9),
      record('e', 5, 3),
    ];
    const hosts = async (random: number) =>
      (await find(resolving(records), 'b.example', random)).map(({ host }) => host).join('');
    expect(await hosts(0)).toBe('abc');
    expect(await hosts(0.1)).toBe('bca');
    expect(await hosts(0.999)).toBe('cba');
    expect(await find(resolving([record('one', 7)]))).toEqual([{ host: 'one', port: 7 }]);
  });

  test('a domain may say that it has none', async () => {
    await expect(find(resolving([record('.')]))).rejects.toMatchObject({ code: '_transport_unresolved' });
    await expect(find(resolving([record('')]))).rejects.toMatchObject({ code: '_transport_unresolved' });
  });
});

test('the next address and the next host are tried when the first does not answer', async () => {
  const station = await open();
  const ear = new Ear();
  const resolver = resolving(
    [record('dead.example', 1), record('none.example', 1, 1), record('b.example', station.port, 2)],
    (host) =>
      host === 'none.example'
        ? Promise.reject(new Error('ENOTFOUND'))
        : Promise.resolve([
            { address: '127.0.0.9', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
  );
  const runner = dial(dialling(station, ear, { peers: new Map(), resolver }));
  await station.ear.heard('ready');
  expect(station.ear.channels[0]!.domain).toBe('b.example');
  runner.close();
});

test('where nothing answers the circuit is lost', async () => {
  for (const resolver of [nobody, resolving([record('.')]), resolving([record('x', 1)], () => Promise.resolve([]))]) {
    const ear = new Ear();
    dial(dialling({ host: '', port: 0 }, ear, { peers: new Map(), resolver }));
    await ear.heard('closed _circuit_lost');
    expect(ear.channels).toEqual([]);
  }
});

test('an address as a domain goes without a name in TLS', async () => {
  const station = await open();
  const ear = new Ear();
  const runner = dial(dialling(station, ear, { domain: '127.0.0.1', peers: new Map([['127.0.0.1', station]]) }));
  await station.ear.heard('ready');
  expect(station.ear.channels[0]!.domain).toBeNull();
  runner.close();
});

test('a server that never finishes TLS is given up, and the connection with it', async () => {
  const timers = new StillTimers();
  let met: () => void;
  const meeting = new Promise<void>((done) => {
    met = done;
  });
  const gone = new Promise<void>((done) => {
    void Between.open((near) => {
      near.once('data', () => met());
      near.once('close', () => done());
    }).then((between) => {
      closing.push(() => between.close());
      dial(dialling(between, ear, { timers }));
    });
  });
  const ear = new Ear();
  await meeting;
  timers.pass(29_999);
  expect(ear.lines).toEqual([]);
  timers.pass(1);
  expect(ear.lines).toEqual(['closed _circuit_timeout_opening']);
  await gone;
  expect(timers.waiting).toBe(0);
});

test('a circuit that is ended while it is dialled ends', async () => {
  const ear = new Ear();
  const station = await open();
  dial(dialling(station, ear)).close();
  expect(ear.lines).toEqual(['closed _circuit_ended']);
  while (station.listener.connections > 0) await new Promise(setImmediate);
});
