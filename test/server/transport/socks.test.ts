/** Ways through a SOCKS5 proxy: a real one, hostile ones, and nothing that goes past it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reach } from '../../../server/transport/dial.ts';
import { dial } from './dial.ts';
import type { Resolver } from '../../../server/transport/resolve.ts';
import { SocksHandshake } from '../../../server/transport/socks.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { needs, onPath } from '../../needs.ts';
import { needsLinux } from '../linux.ts';
import { command, freeEndpoint } from '../served.ts';
import { Ear } from './ear.ts';
import { closeAll, type Closing, dialling, opened } from './fixture.ts';

const closing: Closing = [];
afterEach(() => closeAll(closing));

/** A resolver that notes what it is asked, and knows nothing. */
class Noting implements Resolver {
  readonly asked: string[] = [];

  services(name: string): Promise<never> {
    this.asked.push(name);
    return Promise.reject(new Error('ENODATA'));
  }

  addresses(host: string): Promise<never> {
    return this.services(host);
  }
}

const password = 'secret of one process';

/** A proxy that does what a test says with what it hears. */
async function proxy(serve: (socket: Socket) => void): Promise<{ host: string; port: number; password: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, password };
}

/** Says these bytes, one after the other, each when something was heard; it closes where there are none, and behind the last where it is to be cut off. */
const saying = (answers: number[][], isCut = false): ((socket: Socket) => void) => {
  return (socket) => {
    const left = [...answers];
    socket.on('data', () => {
      const next = left.shift();
      if (next !== undefined) socket.write(Buffer.from(next));
      if (next === undefined || (isCut && left.length === 0)) socket.end();
    });
  };
};

const reached = async (through: Awaited<ReturnType<typeof proxy>>, domain = 'b.example'): Promise<string> => {
  const resolver = new Noting();
  const options = { domain, peers: new Map(), resolver, random: () => 0, timers: systemTimers, proxy: through };
  try {
    (await reach(options, new AbortController().signal)).destroy();
    return 'reached';
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return resolver.asked.length > 0 ? `asked for ${resolver.asked.join()}` : `${code}: ${message}`;
  }
};

describe('a proxy that is hostile', () => {
  const OPEN = [5, 0];
  const cases: [name: string, answers: number[][], outcome: string][] = [
    ['speaks SOCKS4', [[4, 0]], '_transport_proxy_invalid: version 4'],
    ['speaks HTTP', [[...Buffer.from('HTTP/1.1 400 Bad Request\r\n')]], '_transport_proxy_invalid: version 72'],
    ['takes no method', [[5, 0xff]], '_transport_proxy_denied: it wants what we do not have'],
    ['takes a method that was not offered', [[5, 1]], '_transport_proxy_invalid: method 1, which was not offered'],
    [
      'does not take the password',
      [
        [5, 2],
        [1, 1],
      ],
      '_transport_proxy_denied: it does not take the password',
    ],
    [
      'has passwords of another version',
      [
        [5, 2],
        [2, 0],
      ],
      '_transport_proxy_invalid: version 2 of passwords',
    ],
    ['closes at once', [], '_transport_proxy_unreachable: it closed the connection'],
    ['closes in the middle of its reply', [OPEN, [5, 0, 0]], '_transport_proxy_unreachable: it closed the connection'],
    ['names an address of no kind', [OPEN, [5, 0, 0, 9, 0, 0, 0]], '_transport_proxy_invalid: an address of kind 9'],
    ['replies in another version', [OPEN, [4, 0, 0, 1]], '_transport_proxy_invalid: version 4 in its reply'],
    ['fails', [OPEN, [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]], '_transport_unreachable: general failure'],
    ['does not allow it', [OPEN, [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], '_transport_proxy_denied: not allowed by its rules'],
    ['finds no host', [OPEN, [5, 4, 0, 1, 0, 0, 0, 0, 0, 0]], '_transport_unreachable: host unreachable'],
    ['is refused', [OPEN, [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], '_transport_unreachable: connection refused'],
    ['finds no onion service', [OPEN, [5, 0xf0]], '_transport_unreachable: onion service not found'],
    ['says something new', [OPEN, [5, 99]], '_transport_unreachable: reply 99'],
  ];
  test.each(cases)('that %s', async (_, answers, outcome) => {
    expect(await reached(await proxy(saying(answers, outcome.includes('closed'))))).toBe(outcome);
  });

  test('that is not there', async () => {
    const there = await freeEndpoint();
    expect(await reached({ ...there, password })).toMatch(/^_transport_proxy_unreachable: connect ECONNREFUSED/);
  });

  test('that is silent is given up with the circuit', async () => {
    const through = await proxy(() => {});
    const giveUp = new AbortController();
    const options = { domain: 'b.example', peers: new Map(), resolver: new Noting(), random: () => 0 };
    const waiting = reach({ ...options, timers: systemTimers, proxy: through }, giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ code: '_transport_unreachable' });
  });

  test('that has much behind its reply loses nothing of it, and makes us hold nothing more', async () => {
    const through = await proxy(saying([OPEN, [5, 0, 0, 3, 255, ...new Array<number>(257 + 100_000).fill(7)]]));
    expect(await reached(through)).toMatch(/^_transport_unreachable: .*(?:wrong version|disconnected|EPROTO)/i);
  });

  test('whose bytes come in any pieces is heard alike', () => {
    const said = Buffer.from([5, 2, 1, 0, 5, 0, 0, 3, 3, 1, 2, 3, 0, 80, 42]);
    for (let at = 1; at < said.length; at++) {
      const handshake = new SocksHandshake({ host: 'b.example', port: 9404 }, 'b.example', 'x');
      handshake.start();
      const written = [said.subarray(0, at), said.subarray(at)].flatMap((piece) => handshake.take(piece));
      expect(Buffer.concat(written).toString('latin1')).toBe(
        '\x01\x09b.example\x01x\x05\x01\x00\x03\x09b.example\x24\xbc',
      );
      expect([handshake.isGranted, [...handshake.rest]]).toEqual([true, [42]]);
    }
  });
});

test('each domain has a way of its own, by its name and the secret of one process', async () => {
  const heard: string[] = [];
  const through = await proxy((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.from([5, 2]));
      socket.once('data', (chunk: Buffer) => {
        heard.push(chunk.toString('latin1'));
        socket.destroy();
      });
    });
  });
  await reached(through, 'b.example');
  await reached(through, 'c.example');
  expect(heard).toEqual([`\x01\x09b.example\x15${password}`, `\x01\x09c.example\x15${password}`]);
});

test('an onion address takes a proxy, and is never looked up', async () => {
  const resolver = new Noting();
  const options = { peers: new Map([['b.example', { host: 'x.onion', port: 1 }]]), resolver, random: () => 0 };
  for (const domain of ['b.example', 'y.onion']) {
    const trying = reach({ domain, ...options, timers: systemTimers }, new AbortController().signal);
    await expect(trying).rejects.toMatchObject({ code: '_transport_necessary_proxy' });
  }
  expect(resolver.asked).toEqual([]);
});

needs({ name: 'microsocks', apt: 'microsocks', probe: () => onPath('microsocks') })('through microsocks', () => {
  let real: ChildProcess;
  let through: { host: string; port: number; password: string };
  beforeEach(async () => {
    const there = await freeEndpoint();
    through = { ...there, password };
    real = spawn('microsocks', ['-i', there.host, '-p', String(there.port)], { stdio: ['ignore', 'ignore', 'pipe'] });
    closing.push(async () => {
      const gone = once(real, 'exit');
      real.kill();
      await gone;
    });
    while ((await reached(through, '127.0.0.1')).startsWith('_transport_proxy_unreachable')) continue;
  });

  test('a circuit stands, and the name is the proxy’s to look up', async () => {
    const station = await opened(closing);
    const ear = new Ear();
    const resolver = new Noting();
    const peers = new Map([['b.example', { host: 'localhost', port: station.port }]]);
    const runner = dial(dialling(station, ear, { peers, resolver, proxy: through }));
    await station.ear.heard('ready');
    expect(station.ear.channels[0]!.domain).toBe('b.example');
    expect(station.ear.channels[0]!.exportKey('EXPORTER-P3DO-test', new Uint8Array(1))).toHaveLength(32);
    expect(resolver.asked).toEqual([]);
    runner.close();
  });

  needsLinux('the command', () => {
    const recorder = fileURLToPath(new URL('../../../dist/test/server/transport/recorder.js', import.meta.url));

    test('connects to the proxy and to nothing else, and asks no resolver', () => {
      const folder = mkdtempSync(join(tmpdir(), 'p3do-socks-'));
      closing.push(async () => rmSync(folder, { recursive: true, force: true }));
      const seen = join(folder, 'seen');
      writeFileSync(seen, '');
      const run = (...more: string[]): string => {
        const args = ['--import', recorder, command, 'register', 'ada@nowhere.invalid', '--timeout', '1', ...more];
        const env = { ...process.env, P3DO_HOME: folder, P3DO_PASSPHRASE: 'try', SEEN: seen };
        return spawnSync(process.execPath, args, { env, encoding: 'utf8' }).stderr;
      };
      const { host, port } = through;
      const said = run('--proxy', `socks5://${host}:${port}`);
      expect(said).toContain('nowhere.invalid');
      expect(new Set(readFileSync(seen, 'utf8').split('\n'))).toEqual(new Set([`connect ${host}:${port}`, '']));
      // What was said at registration holds: nothing goes past it later either.
      run();
      expect(new Set(readFileSync(seen, 'utf8').split('\n'))).toEqual(new Set([`connect ${host}:${port}`, '']));
      // A recorder that sees nothing would prove nothing.
      run('--proxy', 'none');
      expect(readFileSync(seen, 'utf8')).toMatch(/^resolveSrv _psycs\._tcp\.nowhere\.invalid$/m);
      expect(readFileSync(seen, 'utf8')).toMatch(/^lookup nowhere\.invalid$/m);
    });
  });
});
