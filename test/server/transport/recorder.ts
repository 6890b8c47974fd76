/** Loaded before a command: writes down whom it connects to and what it has looked up. */
import { appendFileSync } from 'node:fs';
import dns from 'node:dns';
import promises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const seen = process.env['SEEN']!;
const note = (line: string): void => appendFileSync(seen, `${line}\n`);

type Asking = (this: unknown, ...asked: unknown[]) => unknown;

for (const asking of [dns, promises] as unknown as Record<string, unknown>[]) {
  for (const name of Object.keys(asking).filter((key) => /^(?:lookup|resolve|reverse)/.test(key))) {
    const ask = asking[name] as Asking;
    asking[name] = function (this: unknown, ...asked: unknown[]): unknown {
      // An address is itself, and nobody is asked.
      if (net.isIP(String(asked[0])) === 0) note(`${name} ${String(asked[0])}`);
      return ask.apply(this, asked);
    };
  }
}
const connect = Reflect.get(net.Socket.prototype, 'connect') as Asking;
net.Socket.prototype.connect = function (this: net.Socket, ...where: unknown[]): net.Socket {
  const [first] = where.flat() as [{ host?: string; port?: number; path?: string }];
  // A socket of this machine's own leaves it for nowhere.
  if (first.path === undefined) note(`connect ${first.host}:${first.port}`);
  return connect.apply(this, where) as net.Socket;
};
syncBuiltinESMExports();
