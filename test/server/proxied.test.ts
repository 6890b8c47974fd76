/** Servers that reach others through a SOCKS5 proxy alone: an onion address carries a domain's circuit, and nothing goes past. docs/operating.md#through-tor */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import type { Endpoint } from '../../server/transport/resolve.ts';
import { Undoing } from '../undoing.ts';
import { doneOf, p3doOf, registered } from './commands.ts';
import { needsLinux } from './linux.ts';
import { freeEndpoint, passableFolder, Served } from './served.ts';

const undoing = new Undoing();
afterAll(async () => undoing.run());

const recorder = fileURLToPath(new URL('../../dist/test/server/transport/recorder.js', import.meta.url));
/** Names as onion services have them; whose they are only the proxy knows. */
const onions = ['a', 'b'].map((letter) => `${letter.repeat(56)}.onion`);
const PORT = 9404;

/** A proxy that knows these hosts and no others; `asked` has each name that it was given, `stranger` resolves with the first other. */
async function socks(hosts: ReadonlyMap<string, Endpoint>) {
  const asked: string[] = [];
  let strange: (host: string) => void;
  const stranger = new Promise<string>((resolve) => (strange = resolve));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    void (async () => {
      // RFC 1928 section 3, RFC 1929 section 2: whoever it says it is.
      await once(socket, 'data');
      socket.write(Buffer.from([5, 2]));
      await once(socket, 'data');
      socket.write(Buffer.from([1, 0]));
      const [request] = (await once(socket, 'data')) as [Buffer];
      const length = request[4]!;
      const host = request[3] === 3 ? request.toString('latin1', 5, 5 + length) : 'an address';
      asked.push(host);
      const there = hosts.get(host);
      if (there === undefined) {
        strange(host);
        // Section 6: host unreachable.
        socket.end(Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]));
        return;
      }
      const far = connect(there.port, there.host);
      sockets.add(far);
      far.on('error', () => {});
      await once(far, 'connect');
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      socket.pipe(far).pipe(socket);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undoing.add(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { proxy: `socks5://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stranger };
}

needsLinux('p3do serve behind a proxy', () => {
  test('a message arrives at an onion address under the domain, and nothing else is connected to or looked up', async () => {
    const home = await passableFolder(undoing);
    const ends = await Promise.all(onions.map(() => freeEndpoint()));
    const { proxy, asked, stranger } = await socks(new Map(onions.map((name, which) => [name, ends[which]!])));
    const names = ['a.test', 'b.test'];
    const seen = names.map((name) => join(home, `seen ${name}`));
    const all = await Promise.all(
      names.map((domain, which) => {
        writeFileSync(seen[which]!, '');
        const other = { [names[1 - which]!]: { at: `${onions[1 - which]}:${PORT}` } };
        const config = { proxy, peers: other };
        const endpoint = ends[which]!;
        return Served.make(undoing, domain, {
          endpoint,
          memory: true,
          config,
          flags: ['--import', recorder],
          env: { SEEN: seen[which]! },
        });
      }),
    );
    for (const served of all) served.start();
    await Promise.all(all.map(({ ready }) => ready));
    await Promise.all([registered(home, 'ada', all[0]!), registered(home, 'bob', all[1]!)]);
    await doneOf(home, ['say', 'bob@b.test', 'hello', '--as', 'ada@a.test']);
    const { out } = await doneOf(home, ['listen', '--count', '1', '--as', 'bob@b.test']);
    expect(out).toContain('ada@a.test: hello');
    // A domain of which nobody has told the server anything is the proxy's to look up.
    const enough = new AbortController();
    const say = ['say', 'zoe@nowhere.invalid', 'hello', '--as', 'ada@a.test'];
    const saying = p3doOf(home, say, { signal: enough.signal });
    expect(await stranger).toBe('nowhere.invalid');
    enough.abort();
    await saying;
    expect(asked).toEqual(expect.arrayContaining([onions[1]]));
    expect(asked).not.toContain('an address');
    const [, port] = /:(\d+)$/.exec(proxy)!;
    for (const file of seen) {
      expect(new Set(readFileSync(file, 'utf8').split('\n'))).toEqual(new Set([`connect 127.0.0.1:${port}`, '']));
    }
  });
});
