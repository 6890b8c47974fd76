/** What servers write down: their logs name nobody and quote nobody, and their databases hold no private word. docs/operating.md#log */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { render } from '../../psyc/render.ts';
import { run } from '../house/fixture.ts';
import { RawPeer } from './node/raw-peer.ts';
import { provedPeer } from './node/server-peer.ts';
import { identityOf, newDomainKey } from './node/town.ts';
import { debian, needsDebian } from './postgres/clusters.ts';
import { Undoing } from '../undoing.ts';
import { command, freeEndpoint, passableFolder, Served } from './served.ts';
import { needsLinux } from './linux.ts';

const undoing = new Undoing();
afterAll(async () => undoing.run());

const [ada, bob] = ['quillada@a.test', 'quillbob@b.test'];
const spoken = 'the heron stands in the reeds';
const whispered = 'the otter sleeps under the bridge';

/** Local ports of connections that the test has made itself; those of the commands nobody knows. */
const ports = new Set<number>();
let a: Served;
let b: Served;
/** Another domain, which b.test's admin has written down. */
let liarsKey: Parameters<typeof provedPeer>[1];

async function plain(to: Served, text: string): Promise<void> {
  const socket: Socket = connect(to.endpoint.port, to.endpoint.host);
  await once(socket, 'connect');
  ports.add(socket.localPort!);
  socket.resume().end(text);
  await once(socket, 'close');
}

/** What a browser, or a key server's client, asks; the status. */
async function asked(to: Served, path: string): Promise<number> {
  const request = get({ ...to.endpoint, path, rejectUnauthorized: false, agent: false });
  request.once('socket', (socket) => socket.once('connect', () => ports.add(socket.localPort!)));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode!;
}

async function raw(to: Served): Promise<RawPeer> {
  const peer = await RawPeer.open(to.endpoint);
  ports.add(peer.socket.localPort!);
  return peer;
}

/** Two people meet, talk, whisper; and everything happens that a server has something to say about. */
async function live(): Promise<void> {
  const home = await passableFolder(undoing);
  const person = async (...args: string[]): Promise<string> => {
    const env = { P3DO_HOME: home, P3DO_PASSPHRASE: 'correct horse' };
    const { status, stdout, stderr } = await run(process.execPath, [command, ...args], { env });
    if (status !== 0) throw new Error(`p3do ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const at = ({ endpoint: { host, port } }: Served): string => `${host}:${port}`;
  await Promise.all([person('register', ada, '--server', at(a)), person('register', bob, '--server', at(b))]);
  // He listens once for each place and person, in the order in which they come.
  await person('enter', '@hall@b.test', '--as', bob);
  await person('enter', '@hall@b.test', '--as', ada);
  const heard = person('listen', '--as', bob, '--count', '2', '--timeout', '50');
  await person('say', 'quillbob@b.test', '--as', ada, whispered);
  await person('say', '@hall@b.test', '--as', ada, spoken);
  await heard;
  const pages = await person('history', '@hall@b.test', '--as', bob);
  expect(pages).toContain(spoken);

  await person('publish', spoken, '--as', bob);
  expect(await asked(b, '/~quillbob')).toBe(200);
  expect(await asked(b, '/pks/lookup?op=get&options=mr&search=quillbob@b.test')).toBe(200);

  await plain(b, 'GET / HTTP/1.1\r\n\r\n');
  await plain(b, '|\n');
  await plain(b, '\u0016\u0003\u0001 no handshake');
  const unproved = await raw(b);
  unproved.say(
    render({ routing: { _source: 'psyc://a.test/~quillada', _target: 'psyc://b.test/~quillbob' }, method: '_message' }),
  );
  expect(await unproved.lastMethod()).toBe('_error_proof_necessary');
  // Another key than the one that was pinned when the two met.
  const other = identityOf('a.test', await newDomainKey('a.test'));
  const refused = await provedPeer(b.endpoint, other, 'b.test').catch((error: unknown) => String(error));
  expect(refused).toMatch(/_error_trust_changed_key/);
  const liar = await provedPeer(b.endpoint, liarsKey, 'b.test');
  ports.add(liar.socket.localPort!);
  liar.say(
    render({ routing: { _source: 'psyc://a.test/~quillada', _target: 'psyc://b.test/@hall' }, method: '_message' }),
  );
  expect(await liar.lastMethod()).toBe('_error_authority_unproved_source');

  const from = b.log.length;
  await b.killDatabase();
  await b.logged((line) => line.includes('the store is back'), from);
}

needsLinux('what is written down', () => {
  needsDebian('PostgreSQL 15', () => {
    beforeAll(async () => {
      const [atA, atB] = [await freeEndpoint(), await freeEndpoint()];
      const programs = debian;
      a = await Served.make(undoing, 'a.test', { programs, endpoint: atA, peers: new Map([['b.test', atB]]) });
      liarsKey = identityOf('d.test', await newDomainKey('d.test'));
      const pins = new Map([['d.test', liarsKey.fingerprint]]);
      b = await Served.make(undoing, 'b.test', { programs, endpoint: atB, peers: new Map([['a.test', atA]]), pins });
      for (const served of [a, b]) served.start();
      await Promise.all([a.ready, b.ready]);
      await live();
    });

    test('logs tell what happened', () => {
      for (const [served, peer] of [
        [a, 'b.test'],
        [b, 'a.test'],
      ] as const) {
        const text = served.log.join('\n');
        expect(text).toContain(`FIRST CONTACT: ${peer}`);
        expect(text).toContain(`"domain":"${peer}","msg":"connected"`);
      }
      const text = b.log.join('\n');
      for (const words of [
        'ANOTHER KEY: a.test',
        '_proof_necessary',
        '_authority_unproved_source',
        'the store is lost',
      ]) {
        expect(text).toContain(words);
      }
    });

    test.each<[string, () => (string | number)[]]>([
      ['words', () => [spoken, whispered, 'heron', 'otter']],
      ['people', () => ['quill', '/~', 'psyc:']],
      ['addresses', () => ['127.', '::1', 'localhost', a.endpoint.host, b.endpoint.host]],
      ['ports', () => [...ports, a.endpoint.port, b.endpoint.port].map((port) => `${port}`)],
    ])('logs tell no %s', (_, secrets) => {
      const lines = [...a.log, ...b.log];
      const found = secrets().flatMap((secret) =>
        lines.filter((line) =>
          /^\d+$/.test(`${secret}`) ? new RegExp(`\\b${secret}\\b`).test(line) : line.includes(`${secret}`),
        ),
      );
      expect(found).toEqual([]);
    });

    test("a dump of the database holds what was said in public, and nobody's private word", async () => {
      const dump = async (served: Served): Promise<string> => {
        const { host, port, user, database } = served.connection;
        const options = ['-h', host!, '-p', `${port}`, '-U', user!, database!];
        const { stdout } = await promisify(execFile)(join(debian, 'pg_dump'), options, { maxBuffer: 1 << 28 });
        return stdout;
      };
      const dumps = [await dump(a), await dump(b)];
      // Packets are bytes, and bytes are dumped in hexadecimal.
      const forms = (text: string): string[] => [
        text,
        Buffer.from(text).toString('hex'),
        Buffer.from(text).toString('base64').slice(0, 36),
      ];
      const held = (text: string): boolean[] =>
        dumps.map((dumped) => forms(text).some((form) => dumped.includes(form)));
      expect(held(spoken)).toContain(true);
      expect(held(whispered)).toEqual([false, false]);
      expect(held('otter')).toEqual([false, false]);
    });

    test("the database's own log tells no words and no people", async () => {
      for (const served of [a, b]) {
        const folder = join(served.data, 'log');
        for (const name of await readdir(folder)) {
          expect(await readFile(join(folder, name), 'utf8')).not.toMatch(/heron|otter|quill|6f74746572|7175696c6c/);
        }
      }
    });
  });
});
