/** What domains tell each other, signed, of the keys that they see of a third. docs/spec/trust.md#asking-others */
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import type { Witness } from '../../pki/trust-state.ts';
import { isDomain } from '../../psyc/names.ts';
import { KEY_REPORT } from '../keys/key-reports.ts';
import { domainOf, entityIn, type Letter, newLetter } from '../letter.ts';
import type { Policy } from './policy.ts';
import { readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import { trustIn } from './trust-record.ts';
import type { TrustOwner } from './trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** A key that was proved on a circuit of ours, whether it was taken or not. */
interface Sighting {
  readonly fingerprint: string;
  readonly atMs: number;
}

/** What a domain says of another. */
interface Told {
  /** The tag of the question that it answers. */
  readonly nonce: string;
  readonly witness: Witness;
  readonly isSilent: boolean;
  readonly toldMs: number;
}

const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const NUMBER = /^[1-9][0-9]{0,15}$/;

/** What a witness signs with the subkey that signs its circuits. */
export const sightingBytes = (
  witness: string,
  asker: string,
  domain: string,
  { fingerprint, time, state, nonce }: Readonly<Record<'fingerprint' | 'time' | 'state' | 'nonce', string>>,
): Uint8Array =>
  joinBytes(
    ...['P3DO-KEY-SEEN-v1', witness, asker, domain, fingerprint, time, state, nonce].map((text) =>
      textBytes(`${text}\0`),
    ),
  );

/** What one node has seen, and was told. */
export class Sightings {
  readonly #node: TrustOwner;
  readonly #policy: Policy;
  readonly #news: (domain: string) => void;
  /** By domain, the key that was seen there last. */
  readonly #seen = new Map<string, Sighting>();
  /** By domain that others were asked about, what each of them has said. */
  readonly #told = new Map<string, Map<string, Told>>();
  /** What the answers must name, by the domain that is asked about. */
  readonly #asked = new Map<string, { readonly nonce: string; readonly atMs: number }>();
  /** When each domain was told last that the DNS names another key for it. */
  readonly #named = new Map<string, number>();

  /** `news`: somebody has told of this domain. */
  constructor(node: TrustOwner, policy: Policy, news: (domain: string) => void) {
    this.#node = node;
    this.#policy = policy;
    this.#news = news;
  }

  queues(): [string, number][] {
    let told = 0;
    for (const { size } of this.#told.values()) told = Math.max(told, size);
    return [
      ['keys seen', this.#seen.size],
      ['told of keys', told],
    ];
  }

  /** A key was proved where the domain is found, whether it was taken or not; or it was taken. */
  saw(domain: string, fingerprint: string): void {
    remember(this.#seen, domain, { fingerprint, atMs: this.#node.unixMs }, this.#max);
  }

  /** What others say that they see of it. */
  witnesses(domain: string): Witness[] {
    return this.#fresh(domain).map(({ witness }) => witness);
  }

  /** How many of them find nobody there. */
  silentWitnesses(domain: string): number {
    return this.#fresh(domain).filter(({ isSilent, witness }) => isSilent && witness.standing === 'normal').length;
  }

  /** Asks those to whom there is a circuit; not again before the last answers had time to come. */
  ask(domain: string): void {
    const { options, unixMs, domain: own } = this.#node;
    const last = this.#asked.get(domain);
    if (last !== undefined && unixMs - last.atMs < options.federationLimits.keysMsMax) return;
    const peers = this.#node.ways.linked().filter((peer) => peer !== domain);
    if (peers.length === 0) return;
    const nonce = hexOf(options.suite.random(16));
    remember(this.#asked, domain, { nonce, atMs: unixMs }, this.#max);
    for (const peer of peers.slice(0, options.federationLimits.witnessesAskedMax)) {
      const routing = { _source: nodeUniform(own), _target: nodeUniform(peer), _tag: nonce };
      this.#node.post(newLetter({ routing, entity: { _domain: domain }, method: '_request_keys_seen' }));
    }
  }

  /** Tells a domain that the DNS names this key for it, as seen from here: its admin may have lost hold of the DNS. */
  tellNamed(domain: string, fingerprint: string): void {
    const { options, unixMs, domain: own } = this.#node;
    const last = this.#named.get(domain);
    if (last !== undefined && unixMs - last < options.federationLimits.keyReportMsMin) return;
    remember(this.#named, domain, unixMs, this.#max);
    const routing = { _source: nodeUniform(own), _target: nodeUniform(domain) };
    this.#node.post(newLetter({ routing, entity: { _fingerprint: fingerprint }, method: KEY_REPORT }));
  }

  /** A letter of another node to this one; whether it is about what is seen. */
  take({ routing, packet }: Letter): boolean {
    const source = routing.get('_source') ?? '';
    // Whoever has an account there does not speak for it.
    if (entityIn(source)?.kind !== 'node') return false;
    const from = domainOf(source);
    const domain = packet.text('_domain') ?? '';
    if (packet.method === '_request_keys_seen') this.#answer(from, domain, routing.get('_tag') ?? '');
    else if (packet.method === '_status_keys_seen') {
      const signature = packet.value('_signature');
      const text = (name: string): string => packet.text(name) ?? '';
      const said = {
        fingerprint: text('_fingerprint'),
        time: text('_time'),
        state: text('_state'),
        nonce: routing.get('_tag_relay') ?? '',
      };
      if (signature?.length === 64) this.#check(from, domain, said, new Uint8Array(signature));
    } else if (packet.method === KEY_REPORT) {
      const fingerprint = packet.text('_fingerprint') ?? '';
      const isOurs = fingerprint === hexOf(this.#node.options.identity.fingerprint);
      if (FINGERPRINT.test(fingerprint) && !isOurs) this.#node.notify({ kind: 'named', domain: from, fingerprint });
    } else return false;
    return true;
  }

  get #max(): number {
    return this.#node.options.federationLimits.peersMax;
  }

  #fresh(domain: string): Told[] {
    const { unixMs, options } = this.#node;
    return [...(this.#told.get(domain)?.values() ?? [])].filter(
      ({ toldMs }) => unixMs - toldMs <= options.trustLimits.witnessSeenMs,
    );
  }

  #answer(asker: string, domain: string, nonce: string): void {
    const { domain: own, options } = this.#node;
    if (!isDomain(domain) || domain === own || nonce === '') return;
    const seen = this.#seen.get(domain);
    const state = this.#node.ways.linked().includes(domain)
      ? 'up'
      : this.#node.ways.isUnreached(domain)
        ? 'silent'
        : 'unknown';
    const said = { fingerprint: seen?.fingerprint ?? '', time: String(seen?.atMs ?? 0), state, nonce };
    const signature = options.suite.ed25519Sign(sightingBytes(own, asker, domain, said), options.identity.seed);
    this.#node.post(
      newLetter({
        routing: { _source: nodeUniform(own), _target: nodeUniform(asker), _tag_relay: nonce, _tag_reply: nonce },
        entity: {
          _domain: domain,
          _state: state,
          _time: said.time,
          ...(seen === undefined ? {} : { _fingerprint: seen.fingerprint }),
          _signature: signature,
        },
        method: '_status_keys_seen',
      }),
    );
  }

  /** Only what answers our question, signed by the key that the domain is pinned with. */
  #check(from: string, domain: string, said: Parameters<typeof sightingBytes>[3], signature: Uint8Array): void {
    const asked = this.#asked.get(domain);
    if (asked?.nonce !== said.nonce || !this.#node.ways.linked().includes(from)) return;
    // Who has answered is not asked twice: his word would be looked at as often as he likes.
    if (this.#told.get(domain)?.get(from)?.nonce === said.nonce) return;
    const { fingerprint, time, state } = said;
    const isNone = fingerprint === '' && time === '0';
    if (!isNone && !(FINGERPRINT.test(fingerprint) && NUMBER.test(time))) return;
    const address = this.#node.ways.addressOf(from);
    readRecords(this.#node, nodeUniform(from), (records) => {
      const key = records?.get('key');
      if (records === null || key === undefined) return;
      const { pin, standing } = trustIn(records, this.#node.unixMs);
      if (pin === null) return;
      this.#node.askPki({ kind: 'domain', domain: from, key }, (read) => {
        if (read.kind !== 'domain' || read.circuitKey === null || hexOf(read.fingerprint) !== pin.fingerprint) return;
        const { suite } = this.#node.options;
        const bytes = sightingBytes(from, this.#node.domain, domain, said);
        if (!suite.ed25519Verify(signature, bytes, read.circuitKey)) return;
        const witness: Witness = {
          domain: from,
          address: address ?? '',
          standing: this.#policy.ruleOf(from) === 'limit' ? 'quarantine' : standing,
          pinnedMs: pin.sinceMs,
          saw: isNone ? null : { fingerprint, atMs: Number(time) },
        };
        const all = this.#told.get(domain) ?? new Map<string, Told>();
        remember(
          all,
          from,
          { nonce: said.nonce, witness, isSilent: state === 'silent', toldMs: this.#node.unixMs },
          this.#node.options.federationLimits.witnessesAskedMax,
        );
        remember(this.#told, domain, all, this.#max);
        this.#news(domain);
      });
    });
  }
}
