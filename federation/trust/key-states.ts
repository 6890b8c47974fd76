/** What domains' keys say of themselves elsewhere: looked for once a day, where their DNS points and at other domains' key servers. docs/spec/trust.md#keys-that-end */
import { bytesOfHex } from '../../crypto/bytes.ts';
import { type KeySought, lastingRetired } from '../../pki/trust-state.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { type Records, readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import { rotationsIn, trustIn } from './trust-record.ts';
import type { TrustOwner } from './trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** Those that one node looks for. */
export class KeyStates {
  readonly #node: TrustOwner;
  readonly #heard: (domain: string, copy: Uint8Array) => void;
  /** By domain, when its keys were looked for last. */
  readonly #fetched = new Map<string, number>();
  /** By domain, when others were last asked for each of its keys. */
  readonly #sought = new Map<string, readonly KeySought[]>();
  /** By domain whose keys are being looked for, who waits for that. So few at once that OpenPGP has time for others: one may take a minute. */
  readonly #fetching = new Map<string, () => void>();

  /** `heard`: somebody has more of a key than is kept here. */
  constructor(node: TrustOwner, heard: (domain: string, copy: Uint8Array) => void) {
    this.#node = node;
    this.#heard = heard;
  }

  /** When others were last asked for keys of this domain, and knew of no revocation for cause; not over a restart. */
  sought(domain: string): readonly KeySought[] {
    return this.#sought.get(domain) ?? [];
  }

  /**
   * Looks for the pinned key of this domain, for the one before as long as it counts, and for those that are to follow, in its own
   * time; not where that was begun less than `ageMsMax` ago. `done`: all were looked for.
   */
  fetch(domain: string, ageMsMax: number, done?: () => void): void {
    const { unixMs, options } = this.#node;
    const isUnderWay = this.#fetching.has(domain);
    if (isUnderWay && done !== undefined) this.#fetching.set(domain, done);
    // Where there is no room the next look asks again.
    if (isUnderWay || this.#fetching.size >= options.federationLimits.searchesMax) return;
    const last = this.#fetched.get(domain);
    if (last !== undefined && unixMs - last < ageMsMax) return;
    remember(this.#fetched, domain, unixMs, options.federationLimits.peersMax);
    this.#fetching.set(domain, done ?? (() => {}));
    readRecords(this.#node, nodeUniform(domain), (records) => {
      const keys = records === null ? [] : [...this.#keysOf(records)];
      const linked = this.#node.ways.linked().filter((other) => other !== domain);
      const servers = linked.slice(0, options.federationLimits.keyServersAskedMax);
      const before = this.sought(domain);
      const sought: KeySought[] = [];
      const next = ([one, ...more]: typeof keys): void => {
        if (one === undefined) {
          remember(this.#sought, domain, sought, options.federationLimits.peersMax);
          const waiting = this.#fetching.get(domain);
          this.#fetching.delete(domain);
          waiting?.();
          return;
        }
        const [key, kept] = one;
        const beganMs = this.#node.unixMs;
        this.#look(domain, key, kept, servers, (isUnrevoked) => {
          const atMs = isUnrevoked ? beganMs : before.find(({ fingerprint }) => fingerprint === key)?.atMs;
          if (atMs !== undefined) sought.push({ fingerprint: key, atMs });
          next(more);
        });
      };
      next(keys);
    });
  }

  /** The keys to look for, each with the copy that is kept of it. */
  #keysOf(records: Records): ReadonlyMap<string, Uint8Array | undefined> {
    const { options, unixMs } = this.#node;
    const trust = trustIn(records, unixMs);
    // Whoever has stolen it has it still.
    const retired = lastingRetired(trust, unixMs).at(-1);
    const pinned = trust.pin?.fingerprint;
    const named = rotationsIn(records).map(({ heard, key }) => [heard.to, key] as const);
    const next = [...new Map(named)].filter(([key]) => key !== pinned && key !== retired);
    return new Map([
      ...(pinned === undefined ? [] : [[pinned, records.get('key')] as const]),
      ...(retired === undefined ? [] : [[retired, records.get('key before')] as const]),
      ...next.slice(-options.trustLimits.stepsMax),
    ]);
  }

  /** `asked` is called when all have been asked, with whether nobody knows that the key has revoked itself for cause. */
  #look(
    domain: string,
    key: string,
    kept: Uint8Array | undefined,
    servers: readonly string[],
    asked: (isUnrevoked: boolean) => void,
  ): void {
    const fingerprint = bytesOfHex(key)!;
    const copies = kept === undefined ? [] : [kept];
    this.#node.askPki({ kind: 'domain state', domain, fingerprint, copies, servers }, (answer) => {
      const isFound = answer.kind === 'domain state';
      asked(isFound ? answer.revocation !== 'hard' : answer.kind === 'refused' && answer.code === '_keys_unknown');
      if (isFound && (kept === undefined || !equalBytes(answer.key, kept))) this.#heard(domain, answer.key);
    });
  }
}
