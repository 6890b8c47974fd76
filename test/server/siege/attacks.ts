/** What hostile or broken clients do to a server on the loopback: each attack bounded in count, and over when it is told so. */
import { randomBytes } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { newSpeakerKeys, Sayings, Speaker, type SpeakerKeys } from '../node/speaker.ts';
import { UPGRADE } from '../node/frames.ts';

/** Whom to attack, and with how many. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly domain: string;
  readonly place: string;
  readonly count: number;
}

/** What became of it: how often each thing happened. */
export type Tally = Record<string, number>;

/** One attack on one server. */
export interface Attack {
  /** Everything that is no harm yet. */
  prepare?(): Promise<void>;
  /** Resolves when the attack is on. */
  begin(): Promise<void>;
  /** Resolves when it has done as much as it was to do, where it comes to that. */
  done?(): Promise<void>;
  /** Ends it, and leaves nothing open. */
  end(): Promise<Tally>;
}

/** Connections from one address, below what a server takes from one. */
const PER_ADDRESS = 100;
/** People that come at once while an attack is prepared. */
const AT_ONCE = 16;

let connections = 0;
/** An address of the loopback that nobody else comes from too often. */
const nextAddress = (): string => {
  const block = Math.floor(connections++ / PER_ADDRESS);
  return `127.77.${Math.floor(block / 250) % 250}.${1 + (block % 250)}`;
};

let people = 0;
const newKeys = (domain: string): Promise<SpeakerKeys> => newSpeakerKeys(`siege${process.pid}x${++people}`, domain);

/** Does something so many times, some at once. */
async function times(count: number, atOnce: number, once: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < count) await once(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, run));
}

const say = (tally: Tally, what: string): void => void (tally[what] = (tally[what] ?? 0) + 1);

/** What an error says, without names and numbers. */
const kindOf = (error: unknown): string => /_[a-z_]+|E[A-Z]+/.exec(String(error))?.[0] ?? 'broken';

/** Connections that are looked after, so that nothing they do goes unnoticed or stays open. */
class Held {
  readonly tally: Tally = {};
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (!this.#isOver) say(this.tally, 'closed by the server');
    });
  }

  each(act: (socket: Socket) => void): void {
    for (const socket of this.#sockets) act(socket);
  }

  close(): Tally {
    this.#isOver = true;
    this.tally['open to the end'] = this.#sockets.size;
    this.each((socket) => socket.destroy());
    return this.tally;
  }
}

/** A connection that begins and is not waited for. */
function held(held: Held, socket: Socket, stands: string): Promise<void> {
  held.add(socket);
  return new Promise((done) => {
    socket.once(stands, () => done());
    socket.once('close', () => done());
  });
}

/** Subscribers of the place who stop reading. */
function deaf({ endpoint, domain, place, count }: Target): Attack {
  const all = new Held();
  return {
    prepare: () =>
      times(count, AT_ONCE, async () => {
        const keys = await newKeys(domain);
        const localAddress = nextAddress();
        const speaker = await Speaker.open(endpoint, keys, { invite: null, localAddress });
        speaker.say(new Sayings(keys, place).ask('_request_context_enter'));
        await speaker.method('_echo_context_enter');
        speaker.peer.release(() => {});
        all.add(speaker.peer.socket);
      }),
    begin: async () => all.each((socket) => socket.pause()),
    end: async () => all.close(),
  };
}

/** People who log in and then say one long thing a byte at a time. */
function slow({ endpoint, domain, place, count }: Target): Attack {
  const all = new Held();
  const dribbling: (() => void)[] = [];
  let timer: NodeJS.Timeout;
  return {
    prepare: () =>
      times(count, AT_ONCE, async () => {
        const keys = await newKeys(domain);
        const speaker = await Speaker.open(endpoint, keys, { invite: null, localAddress: nextAddress() });
        const { bytes } = new Sayings(keys, place).say('_message_public', 'z'.repeat(100_000));
        const { socket } = speaker.peer;
        let at = 0;
        all.add(socket);
        dribbling.push(() => void (socket.writable && socket.write(bytes.subarray(at, ++at))));
      }),
    begin: async () => {
      timer = setInterval(() => dribbling.forEach((dribble) => dribble()), 100);
    },
    end: async () => {
      clearInterval(timer);
      return all.close();
    },
  };
}

/** Connections that never become circuits: TCP alone, half a TLS hello, a head of HTTP without an end, a greeting without a proof. */
function slowloris({ endpoint, count }: Target): Attack {
  const all = new Held();
  const dribbling: Socket[] = [];
  let timer: NodeJS.Timeout;
  const plain = (first: Uint8Array | null): Promise<void> => {
    const socket = connectPlain({ ...endpoint, localAddress: nextAddress() });
    if (first !== null) socket.write(first);
    return held(all, socket, 'connect');
  };
  const secured = (first: string, goesOn: boolean): Promise<void> => {
    const ALPNProtocols = [first.startsWith('|') ? 'psyc/1' : 'http/1.1'];
    const options = { ...endpoint, localAddress: nextAddress(), rejectUnauthorized: false, ALPNProtocols };
    const socket = connect(options, () => void socket.write(first));
    if (goesOn) dribbling.push(socket);
    return held(all, socket, 'secureConnect');
  };
  // The head of a TLS record that announces a hello of 512 bytes, and nothing behind it.
  const half = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01);
  const kinds = [
    () => plain(null),
    () => plain(half),
    () => secured(UPGRADE.slice(0, 40), true),
    () => secured('|\n', false),
  ];
  return {
    begin: async () => {
      timer = setInterval(() => dribbling.forEach((socket) => socket.writable && socket.write('x')), 1_000);
      await times(count, 2 * AT_ONCE, (at) => kinds[at % kinds.length]!());
    },
    end: async () => {
      clearInterval(timer);
      return all.close();
    },
  };
}

/** Something done again and again by `atOnce` clients until the end. */
function again(count: number, atOnce: number, once: (tally: Tally) => Promise<void>): Attack {
  const tally: Tally = {};
  let isOver = false;
  let run = Promise.resolve();
  return {
    begin: async () => {
      run = times(count, atOnce, async () => {
        if (!isOver) await once(tally).catch((error: unknown) => say(tally, kindOf(error)));
      });
    },
    done: () => run,
    end: async () => {
      isOver = true;
      await run;
      return tally;
    },
  };
}

/** Connections that come, greet and go. */
const churn = ({ endpoint, count }: Target): Attack =>
  again(count, 2 * AT_ONCE, async (tally) => {
    const options = { ...endpoint, localAddress: nextAddress(), rejectUnauthorized: false, ALPNProtocols: ['psyc/1'] };
    await new Promise<void>((done, failed) => {
      const socket = connect(options, () => {
        socket.write('|\n');
        socket.destroy();
        say(tally, 'came and went');
      });
      socket.once('error', failed);
      socket.once('close', () => done());
    });
  });

/** People who log in and out all the time, every other one with a key that is not his. */
function storm({ endpoint, domain, count }: Target): Attack {
  const all: SpeakerKeys[] = [];
  let next = 0;
  const storming = again(count, 2 * AT_ONCE, async (tally) => {
    const keys = all[next % all.length]!;
    const isForged = next++ % 2 === 1;
    const seed = isForged ? new Uint8Array(randomBytes(32)) : keys.seed;
    const speaker = await Speaker.open(endpoint, { ...keys, seed }, { localAddress: nextAddress(), side: `${next}` });
    say(tally, isForged ? 'forged and let in' : 'logged in');
    speaker.close();
  });
  return {
    ...storming,
    prepare: () =>
      times(4 * AT_ONCE, AT_ONCE, async () => {
        const keys = await newKeys(domain);
        (await Speaker.open(endpoint, keys, { invite: null, localAddress: nextAddress() })).close();
        all.push(keys);
      }),
  };
}

/** Channels of one device; a person may have that many circuits. */
const CHANNELS = 16;

/** People who log in and do nothing, each over many channels. */
function idle({ endpoint, domain, count }: Target): Attack {
  const all = new Held();
  return {
    begin: () =>
      times(Math.ceil(count / CHANNELS), AT_ONCE, async () => {
        const keys = await newKeys(domain);
        for (let channel = 0; channel < CHANNELS; channel++) {
          const options = { localAddress: nextAddress(), side: String(channel + 1), isWebSocket: true };
          const speaker = await Speaker.open(endpoint, keys, channel === 0 ? { ...options, invite: null } : options);
          speaker.peer.release(() => {});
          all.add(speaker.peer.socket);
        }
      }),
    end: async () => all.close(),
  };
}

/** All attacks, by name. */
export const attacks = { deaf, slow, slowloris, churn, storm, idle };

export type AttackName = keyof typeof attacks;
