/** Somebody who gives out keys over TLS, by HKP and as a web key directory: no server of ours, so that a test says what is there. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { renderArmour } from '../../../pki/armour.ts';
import type { Certificate } from '../../../pki/certificate.ts';
import { directoryName, renderIndex } from '../../../pki/hkp.ts';
import { domainOf } from '../../../pki/user-id.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import type { Undoing } from '../../undoing.ts';

/** Where he is, and the certificate that he shows. */
export interface Giving {
  readonly port: number;
  readonly cert: string;
}

/** What may be different about him. */
interface Habits {
  /** Told of each path that he is asked for. */
  readonly asked?: (path: string) => void;
}

/** On 127.0.0.1, with a certificate for this name. In the directory is the first key, as that of its domain. */
export async function giving(
  undoing: Undoing,
  name: string,
  keys: readonly Certificate[],
  { asked = () => {} }: Habits = {},
): Promise<Giving> {
  const credentials = selfSigned(name, Date.now());
  const sockets = new Set<Socket>();
  const server = createServer(credentials, ({ url = '' }, response) => {
    asked(url);
    const { pathname, searchParams } = new URL(url, 'https://ignored.test');
    const search = searchParams.get('search') ?? '';
    const found = keys.filter(({ key, userIds }) => {
      const isHis = userIds.some(({ text }) => text.endsWith(`<${search}>`));
      return `0x${key.fingerprint}` === search || isHis;
    });
    const [first] = keys;
    const entry = `hu/${directoryName('p3do')}`;
    const entries = first === undefined ? [] : [entry, `${domainOf(first)}/${entry}`, `home.test/${entry}`];
    if (entries.some((path) => pathname === `/.well-known/openpgpkey/${path}`)) response.end(first!.bytes);
    else if (found.length === 0) response.writeHead(404).end('none');
    else if (searchParams.get('op') === 'index') response.end(renderIndex(found.map(({ bytes }) => bytes)));
    else response.end(renderArmour('public', found[0]!.bytes));
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undoing.add(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, cert: credentials.cert };
}
