/** What domains' keys say of themselves elsewhere: looked for once a day, where their DNS points and at other domains' key servers. docs/spec/trust.md#keys-that-end */
import { bytesOfHex } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import { retiredAtStake } from './trust-inputs.ts';
import { rotationsIn, trustIn } from './trust-record.ts';
import type { TrustOwner } from './trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** Those that one node looks for. */
export class KeyStates {
  readonly #node: TrustOwner;
  readonly #heard: (domain: string, copy: Uint8Array) => void;
  /** When each was looked for last. */
  readonly #fetched = new Map<string, number>();
  /** How many are being looked for: each may take a minute, and OpenPGP is asked for others too. */
  #fetching = 0;

  /** `heard`: somebody has more of its pinned key than is kept here. */
  constructor(node: TrustOwner, heard: (domain: string, copy: Uint8Array) => void) {
    this.#node = node;
    this.#heard = heard;
  }

  /** Looks for the pinned key of this domain, for the one before as long as it counts, and for those that are to follow, in its own time; not again within a day, or an hour where it is `isUrgent`. */
  fetch(domain: string, isUrgent: boolean): void {
    const { unixMs, options } = this.#node;
    const { recheckSoonMs, recheckLaterMs } = options.trustLimits;
    // At the next look then.
    if (this.#fetching >= options.federationLimits.searchesMax) return;
    const last = this.#fetched.get(domain);
    if (last !== undefined && unixMs - last < (isUrgent ? recheckSoonMs : recheckLaterMs)) return;
    remember(this.#fetched, domain, unixMs, options.federationLimits.peersMax);
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) return;
      const trust = trustIn(records, this.#node.unixMs);
      const linked = this.#node.ways.linked().filter((other) => other !== domain);
      const servers = linked.slice(0, options.federationLimits.keyServersAskedMax);
      this.#look(domain, trust.pin?.fingerprint ?? null, records.get('key'), servers);
      const retired = retiredAtStake(trust, null, this.#node.unixMs);
      this.#look(domain, retired, records.get('key before'), servers);
      const next = new Map(rotationsIn(records).map(({ heard, key }) => [heard.to, key]));
      next.delete(trust.pin?.fingerprint ?? '');
      for (const [named, key] of [...next].slice(-options.trustLimits.stepsMax))
        this.#look(domain, named, key, servers);
    });
  }

  #look(domain: string, key: string | null, kept: Uint8Array | undefined, servers: readonly string[]): void {
    if (key === null || kept === undefined) return;
    const fingerprint = bytesOfHex(key)!;
    this.#fetching++;
    this.#node.askPki({ kind: 'domain state', domain, fingerprint, copies: [kept], servers }, (answer) => {
      this.#fetching--;
      if (answer.kind === 'domain state' && !equalBytes(answer.key, kept)) this.#heard(domain, answer.key);
    });
  }
}
