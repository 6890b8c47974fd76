/** People who come, are let in and go, one after the other or several at once. Child of logins.ts. */
import { newSpeakerKeys, Speaker, type SpeakerKeys } from '../test/server/node/speaker.ts';
import { RawPeer } from '../test/server/node/raw-peer.ts';

/** Let so many do it again and again for so long; answered with how often a second it was done. */
export interface LoginsOrder {
  /** `connect`: TLS, and nothing else. Keys of those who register are made before the clock runs. */
  readonly kind: 'register' | 'log in' | 'connect';
  readonly port: number;
  readonly people: number;
  readonly ms: number;
}

const DOMAIN = 'localhost';
/** More than are registered in a round by far: else the round ends with the last of them. */
const NEW_PEOPLE = 500;

const registered: SpeakerKeys[] = [];
let named = 0;

async function rate({ kind, port, people, ms }: LoginsOrder): Promise<number> {
  const endpoint = { host: '127.0.0.1', port };
  const fresh: SpeakerKeys[] = [];
  if (kind === 'register') {
    while (fresh.length < NEW_PEOPLE) fresh.push(await newSpeakerKeys(`ada${named++}`, DOMAIN));
  }
  let count = 0;
  const once = async (at: number): Promise<boolean> => {
    if (kind === 'connect') (await RawPeer.open(endpoint)).socket.destroy();
    else if (kind === 'log in') (await Speaker.open(endpoint, registered[at]!)).close();
    else {
      const keys = fresh.pop();
      if (keys === undefined) return false;
      (await Speaker.open(endpoint, keys, { invite: null })).close();
      registered.push(keys);
    }
    count++;
    return true;
  };
  const begin = performance.now();
  const goOn = async (at: number): Promise<void> => {
    while (performance.now() - begin < ms && (await once(at)));
  };
  await Promise.all(Array.from({ length: people }, (_, at) => goOn(at)));
  return (count / (performance.now() - begin)) * 1_000;
}

process.on('message', (order: LoginsOrder) => void rate(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit());
