/** A person's home for tests of the client: it proves itself, takes logins, and says what the test tells it to. */
import type { Exported } from '../../circuit/binding.ts';
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import { checkDevice, proveServer } from '../../circuit/proof.ts';
import { parseProof, type ProofMessage, renderProof } from '../../circuit/proof-packet.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { certify } from '../../pki/certification.ts';
import { type SignedStatement, splitStatement } from '../../pki/device-statement.ts';
import { deviceKey } from '../../pki/enrolment.ts';
import { makeDomainKey } from '../../pki/make-key.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render, renderRouted, type Value } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** When all of it happens, Unix seconds. */
export const NOW = 1_800_000_000;

/** A domain's key from a byte. */
export const domainKey = async (domain: string, byte: number, now = NOW): Promise<SecretKey> =>
  readSecretKey(
    await makeDomainKey({
      domain,
      seed: fill(byte),
      circuitSeed: fill(byte + 1),
      epochSeed: fill(byte + 2),
      epochUntil: now + 1e6,
      now,
    }),
  );

/** What one TLS connection exports at both ends. */
export const exportedOn = (connection: number): Exported => ({
  initiator: fill(connection),
  acceptor: fill(connection + 50),
  host: fill(connection + 100),
  device: fill(connection + 150),
});

/** What a test may change about the home. */
export interface HomeOptions {
  readonly key?: SecretKey;
  /** Made in place of the proof. */
  readonly proof?: (proof: Extract<ProofMessage, { kind: 'server' }>) => ProofMessage;
  /** What the home's end exported; another than the client's for a man in the middle. */
  readonly exported?: (connection: number) => Exported;
  /** Closes with this code what is asked by this kind of message. */
  readonly refuses?: { readonly kind: ProofMessage['kind']; readonly code: string };
  readonly silent?: boolean;
  /** What it hands back as the newest statement of devices. */
  readonly newest?: Uint8Array;
  /** The same, to who registers. */
  readonly enrolled?: Uint8Array;
  /** Unix seconds, where it is not NOW. */
  readonly now?: number;
  /** What it does at once with what it hears. */
  readonly hears?: (home: Home, heard: HeardPacket) => void;
}

/** What the client said, copied. */
export interface HeardPacket {
  readonly packet: Packet;
  readonly routing: ReadonlyMap<string, string>;
}

/** One domain's server, as far as one client meets it. */
export class Home {
  readonly key: SecretKey;
  readonly options: HomeOptions;
  readonly domain: string;
  /** Everything that came after the login, in order. */
  readonly heard: HeardPacket[] = [];
  readonly proofs: ProofMessage[] = [];
  /** The key of who has registered, certified. */
  certified: Uint8Array | null = null;
  /** Nobody is there: a stream stands, and says nothing. */
  absent = false;
  #circuit: Circuit | null = null;
  #connection = 0;
  #nowMs = 0;
  #out: Uint8Array[] = [];
  #isClosed = false;
  #work: Promise<void>[] = [];

  constructor(domain: string, key: SecretKey, options: HomeOptions = {}) {
    this.domain = domain;
    this.key = options.key ?? key;
    this.options = options;
  }

  connect(connection: number): void {
    this.#circuit = this.absent ? null : newCircuit(true);
    this.#connection = connection;
    this.#isClosed = false;
    this.#tell({ kind: 'opened' });
  }

  hear(bytes: Uint8Array): void {
    this.#tell({ kind: 'bytes', bytes });
  }

  /** What is on its way to the client, and whether the circuit is closed behind it. Waits for work on keys. */
  async take(): Promise<{ bytes: Uint8Array[]; isClosed: boolean }> {
    while (this.#work.length > 0) await Promise.all(this.#work.splice(0));
    const bytes = this.#out;
    this.#out = [];
    return { bytes, isClosed: this.#isClosed };
  }

  /** Says a packet. */
  say(bytes: Uint8Array): void {
    this.#tell({ kind: 'send', bytes });
  }

  /** Answers a packet as its target. */
  answer({ routing }: HeardPacket, method: string, entity: Record<string, Value> = {}, data?: string): void {
    const tag = routing.get('_tag') ?? '';
    this.say(
      render({
        routing: {
          _source: routing.get('_target'),
          _target: routing.get('_source'),
          _tag_relay: tag,
          _tag_reply: tag,
        },
        entity: { ...(routing.has('_counter') ? { _counter_relay: routing.get('_counter')! } : {}), ...entity },
        method,
        data: data ?? null,
      }),
    );
  }

  /** A place's multicast of what somebody said to it. */
  multicast(
    { packet, routing }: HeardPacket,
    place: string,
    sequence: number,
    changed: Record<string, string> = {},
  ): void {
    const relay = (routing.get('_source') ?? '').replace(/#.*/, '');
    const heading = { _context: place, _source_relay: relay, _counter: String(sequence), ...changed };
    this.say(renderRouted(heading, packet.content, packet.hasLength));
  }

  /** Puts something into the log of the person who is here. */
  deliver({ packet, routing }: HeardPacket, person: string, sequence: number): void {
    const heading = { _source: routing.get('_source'), _target: person, _tag: 'd', _counter: String(sequence) };
    this.say(renderRouted(heading, packet.content, packet.hasLength));
  }

  /** The circuit breaks. */
  drop(): void {
    this.#circuit = null;
    this.#isClosed = true;
  }

  #tell(event: CircuitEvent): void {
    if (this.#circuit === null) return;
    for (const effect of stepCircuit(this.#circuit, event, this.#nowMs)) {
      if (effect.kind === 'write') this.#out.push(new Uint8Array(effect.bytes));
      else if (effect.kind === 'closed') this.#isClosed = true;
      else if (effect.kind === 'packet') {
        const message = parseProof(effect.packet);
        if (message !== null) this.#work.push(this.#prove(message));
        else {
          const heard = { packet: effect.packet.copy(), routing: new Map(effect.routing) };
          this.heard.push(heard);
          this.options.hears?.(this, heard);
        }
      }
    }
  }

  async #prove(message: ProofMessage): Promise<void> {
    this.proofs.push(message);
    const { silent, refuses } = this.options;
    if (silent === true) return;
    if (refuses?.kind === message.kind) {
      this.say(render({ entity: { _code: refuses.code }, method: `_error${refuses.code}` }));
      this.#tell({ kind: 'ended' });
      return;
    }
    const exported = (this.options.exported ?? exportedOn)(this.#connection);
    const fingerprint = bytesOfHex(this.key.certificate.key.fingerprint)!;
    if (message.kind === 'server request') {
      const claim = { role: 'host', from: this.domain, to: '', fingerprint, peerFingerprint: null } as const;
      const signature = proveServer(suite, claim, exported.host, this.key.circuitSeed!);
      const evidence = { key: this.key.certificate.bytes, statement: null };
      const proof = { kind: 'server', claim, signature, evidence } as const;
      this.say(renderProof(this.options.proof?.(proof) ?? proof));
    } else if (message.kind === 'registration') {
      const { person } = message;
      const { domain, key } = { domain: this.domain, key: await readCertificate(message.key) };
      const nick = person.replace(/.*~/, '');
      const certified = await certify(this.key, key, `${nick} <${nick}@${domain}>`, this.options.now ?? NOW);
      this.certified = certified;
      this.say(renderProof({ kind: 'registered', person, key: certified, statement: this.options.enrolled ?? null }));
    } else if (message.kind === 'device') {
      const { claim, signature, evidence } = message;
      const { statement }: SignedStatement = splitStatement(evidence.statement!);
      const publicKey = deviceKey(statement, claim.device);
      checkDevice(suite, { domain: this.domain, fingerprint }, claim, exported.device, publicKey, signature);
      this.say(
        renderProof({ kind: 'proved', uniform: claim.person, key: null, statement: this.options.newest ?? null }),
      );
    }
  }
}
