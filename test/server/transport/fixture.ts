/** Both ends of circuits on the loopback, and closing all that a test opened. */
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { newCircuit } from '../../../circuit/circuit.ts';
import { renderRouted } from '../../../psyc/render.ts';
import { type CircuitLimits, circuitLimits } from '../../../circuit/limits.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import type { DialOptions } from './dial.ts';
import { type TransportLimits, transportLimits } from '../../../server/transport/limits.ts';
import { Listener } from '../../../server/transport/listen.ts';
import { CircuitRunner } from './runner.ts';
import { systemTimers, type Timers } from '../../../server/transport/timers.ts';
import { needs } from '../../needs.ts';
import { Ear } from './ear.ts';

export const silent = pino({ level: 'silent' });
export const credentials = selfSigned('b.example', Date.now());

/** A `describe` for tests over ::1. */
export const needsIpv6 = needs({
  name: 'IPv6 on the loopback',
  otherwise: 'turn it on for the loopback interface',
  probe: () => Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1')),
});

/** What is to be different about a station. */
export interface StationOptions {
  host?: string;
  limits?: Partial<TransportLimits>;
  circuit?: Partial<CircuitLimits>;
  timers?: Timers;
  log?: typeof silent;
}

/** A listener whose circuits are all heard by one ear. */
export class Station {
  readonly ear = new Ear();
  readonly listener: Listener;

  private constructor(listener: Listener, ear: Ear) {
    this.listener = listener;
    this.ear = ear;
  }

  static async open({
    host = '127.0.0.1',
    limits = {},
    circuit = {},
    timers = systemTimers,
    log = silent,
  }: StationOptions = {}): Promise<Station> {
    const ear = new Ear();
    const all = { ...transportLimits, ...limits };
    const listener = await Listener.open({
      hosts: [host],
      port: 0,
      credentials,
      timers,
      log,
      limits: all,
      accept: (stream) =>
        new CircuitRunner(newCircuit(true, { ...circuitLimits, ...circuit }), {
          owner: ear,
          timers,
          log,
          limits: all,
        }).carry(stream),
    });
    return new Station(listener, ear);
  }

  get port(): number {
    return this.listener.addresses[0]!.port;
  }

  get host(): string {
    return this.listener.addresses[0]!.address;
  }

  /** Ends all circuits in order, then the listener; afterwards no connection may be left. */
  async close(): Promise<void> {
    for (const circuit of this.ear.circuits) circuit.close();
    await this.listener.close();
    if (this.listener.connections !== 0) throw new Error(`${this.listener.connections} connections are left`);
  }

  /** TLS by hand, for bytes that no circuit would send. */
  async tls(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const { host, port } = this;
    const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['psyc/1'], ...options });
    await new Promise<void>((done, failed) => {
      socket.once('secureConnect', done).once('error', failed);
    });
    socket.on('error', () => {});
    // Unread bytes would hide the end.
    return socket.resume();
  }
}

/** How to dial a station. */
export function dialling(
  station: { host: string; port: number },
  owner: Ear,
  more: Partial<DialOptions> = {},
): DialOptions {
  return {
    domain: 'b.example',
    peers: new Map([['b.example', { host: station.host, port: station.port }]]),
    resolver: unasked,
    random: () => 0,
    owner,
    timers: systemTimers,
    log: silent,
    ...more,
  };
}

/** A resolver that must not be asked. */
export const unasked = {
  services: (name: string) => Promise.reject(new Error(`asked for ${name}`)),
  addresses: (host: string) => Promise.reject(new Error(`asked for ${host}`)),
};

/** A packet to be sent. */
export function saying(text: string, source = 'psyc://a.example/~ada'): Uint8Array {
  return renderRouted({ _source: source }, new TextEncoder().encode(`_message\n${text}\n`));
}

/** Everything that a socket says until its end. */
export async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await new Promise<void>((done) => void socket.once('close', () => done()));
  return text;
}

/** What a test has opened and must close. */
export type Closing = (() => Promise<void>)[];

/** A station that `closeAll` closes. */
export async function opened(closing: Closing, options?: StationOptions): Promise<Station> {
  const station = await Station.open(options);
  closing.push(() => station.close());
  return station;
}

/** Closes everything, the last first. */
export async function closeAll(closing: Closing): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}
