/** Domains that countersign each other: the word is made, told, kept, renewed, and taken back. docs/spec/trust.md#countersignatures */
import { hexOf } from '../../crypto/bytes.ts';
import { limits } from '../../pki/limits.ts';
import type { DomainTrust } from '../../pki/trust-state.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import {
  type Countersignatures,
  countersignatureBytes,
  countersignaturesIn,
  type Countersigned,
  lastingUntil,
  withGiven,
  wordOn,
} from './countersignatures-kept.ts';
import type { FederationCode } from '../error.ts';
import { domainOf, type Letter, newLetter } from '../letter.ts';
import type { Policy } from './policy.ts';
import { Rate } from './rate.ts';
import { type Records, readRecords, record } from '../records.ts';
import { remember } from '../remember.ts';
import { countersignedOperations, ringContext } from '../keys/ring-records.ts';
import { trustIn } from './trust-record.ts';
import type { TrustOwner } from './trust-owner.ts';
import type { Task } from '../turns.ts';
import { nodeUniform } from '../waking.ts';

const REQUEST = '_request_countersignature';
const NOTICE = '_notice_countersignature';

const renewalMs = limits.countersignatureRenewalSeconds * 1000;

/** Things about one domain are done one after the other; false: not at all, since too many wait. */
type InTurn = (domain: string, task: Task) => boolean;

/** A domain that may be countersigned. */
interface Peer {
  readonly records: Records;
  readonly state: DomainTrust;
  /** The pinned key. */
  readonly key: Uint8Array;
  readonly fingerprint: string;
  readonly kept: Countersignatures;
}

/** What is done about one, and says when it is done. */
type PeerTask = (peer: Peer, done: () => void) => void;

/** The countersignatures of one node. */
export class Countersigning {
  readonly #node: TrustOwner;
  readonly #policy: Policy;
  readonly #inTurn: InTurn;
  /** What waits for its turn, by domain and kind. */
  readonly #waiting = new Map<string, PeerTask>();
  /** Words of others, each of which is checked by OpenPGP. */
  readonly #notices: Rate;
  /** When each domain was last told what it asked for. */
  readonly #told = new Map<string, number>();

  constructor(node: TrustOwner, policy: Policy, inTurn: InTurn) {
    const { noticesMax, noticesMs, peersMax } = node.options.federationLimits;
    this.#notices = new Rate(noticesMax, noticesMs, peersMax);
    this.#node = node;
    this.#policy = policy;
    this.#inTurn = inTurn;
  }

  /** A domain was looked at, and its circuit stands: what is missing on either side is made, and asked for. */
  begin(domain: string): void {
    this.#withPeer(
      domain,
      'begin',
      (peer, done) => {
        const { kept, fingerprint, state } = peer;
        const { unixMs } = this.#node;
        // Made by a key that either has left, it is none: whoever has changed his key says it again with the new one.
        const isMissing = (word: Countersigned | null): boolean => word === null || word.untilMs - unixMs < renewalMs;
        if (isMissing(wordOn([kept.held], this.#own, fingerprint))) this.#send(domain, REQUEST, {});
        // Its old keys vouch for people as long as they count, and no longer.
        const isOver = (old: Countersigned): boolean =>
          old.fingerprint !== fingerprint &&
          lastingUntil(old, unixMs) !== null &&
          unixMs >= (state.retired.find((one) => one.fingerprint === old.fingerprint)?.untilMs ?? 0);
        this.#takeBackAll(domain, kept.given.filter(isOver), () => {
          if (isMissing(wordOn(kept.given, fingerprint, this.#own))) this.#give(domain, peer, done);
          else done();
        });
      },
      (peer, done) => this.#tellTakenBack(domain, peer, done),
    );
  }

  /** A letter of another node to this one; whether it is about countersignatures. */
  take({ routing, packet }: Letter): boolean {
    if (packet.method !== REQUEST && packet.method !== NOTICE) return false;
    const source = routing.get('_source') ?? '';
    const domain = domainOf(source);
    // What people there say is not what their domain says.
    if (source !== nodeUniform(domain) || domain === this.#node.domain) return true;
    if (packet.method === REQUEST) this.#answer(domain);
    else {
      const key = packet.value('_key');
      if (key === undefined || key.length > this.#node.options.federationLimits.pinnedKeyBytesMax) return true;
      if (!this.#notices.allows(domain, this.#node.nowMs)) return true;
      this.#hear(domain, new Uint8Array(key));
    }
    return true;
  }

  /** Nothing that this domain said of that one's keys counts any more; `done` when that is durable, with null, or why not. */
  takeBack(domain: string, done: (code: FederationCode | null) => void): void {
    const isTaken = this.#inTurn(domain, (over) => {
      readRecords(this.#node, nodeUniform(domain), (records) => {
        const given = records === null ? [] : countersignaturesIn(records).given;
        const end = (isDone: boolean): void => {
          over();
          done(isDone ? null : '_trust_unavailable');
        };
        if (records === null) end(false);
        else {
          const lasting = given.filter((one) => lastingUntil(one, this.#node.unixMs) !== null);
          this.#takeBackAll(domain, lasting, end);
        }
      });
    });
    if (!isTaken) done('_trust_unavailable');
  }

  /** Of this domain's key. */
  get #own(): string {
    return hexOf(this.#node.options.identity.fingerprint);
  }

  /** Who had no circuit when his key was disowned hears it now, and at each look after that: he has nothing to ask for. */
  #tellTakenBack(domain: string, { fingerprint, kept }: Peer, done: () => void): void {
    if (wordOn(kept.given, fingerprint, this.#own)?.untilMs !== 0) {
      done();
      return;
    }
    this.#sendKept(domain, fingerprint, done);
  }

  /** The newest word as it is. */
  #sendKept(domain: string, fingerprint: string, done: () => void): void {
    readRecords(this.#node, ringContext(fingerprint), (ring) => {
      const key = ring?.get('countersigned');
      if (key !== undefined) this.#send(domain, NOTICE, { _key: key });
      done();
    });
  }

  /**
   * In turn, and only of a domain that everything goes with; `limited`: of one that the admin limits. Of several of one kind that
   * would wait the last is done: no number of them takes the room of anything else.
   */
  #withPeer(
    domain: string,
    kind: 'begin' | 'answer' | 'hear',
    task: PeerTask,
    limited: PeerTask = (_, done) => done(),
  ): void {
    const isLimited = (): boolean => {
      const rule = this.#policy.ruleOf(domain);
      return rule === 'limit' || this.#policy.faultOf(domain) !== null;
    };
    const place = `${domain} ${kind}`;
    const isWaiting = this.#waiting.has(place);
    this.#waiting.set(place, task);
    if (isWaiting) return;
    const isTaken = this.#inTurn(domain, (done) => {
      const last = this.#waiting.get(place)!;
      this.#waiting.delete(place);
      readRecords(this.#node, nodeUniform(domain), (records) => {
        const state = records === null ? null : trustIn(records, this.#node.unixMs);
        const key = records?.get('key');
        if (records === null || key === undefined || state === null || state.pin === null) done();
        else if (state.standing !== 'normal') done();
        else {
          const { fingerprint } = state.pin;
          const peer = { records, state, key, fingerprint, kept: countersignaturesIn(records) };
          if (isLimited()) limited(peer, done);
          else last(peer, done);
        }
      });
    });
    if (!isTaken) this.#waiting.delete(place);
  }

  #give(domain: string, { key, fingerprint }: Peer, done: () => void): void {
    readRecords(this.#node, ringContext(fingerprint), (ring) => {
      if (ring === null) {
        done();
        return;
      }
      const kept = ring.get('countersigned') ?? null;
      this.#node.askPki({ kind: 'countersign', domain, key, kept }, (made) => {
        if (made.kind !== 'countersigned' || hexOf(made.fingerprint) !== fingerprint) {
          done();
          return;
        }
        this.#keepGiven(domain, { fingerprint, by: this.#own, untilMs: made.untilMs }, made.key, (isKept) => {
          if (isKept) this.#send(domain, NOTICE, { _key: made.key });
          done();
        });
      });
    });
  }

  /** One after the other; `done` is given whether all are. */
  #takeBackAll(domain: string, [one, ...more]: readonly Countersigned[], done: (isDone: boolean) => void): void {
    if (one === undefined) {
      done(true);
      return;
    }
    const { fingerprint } = one;
    readRecords(this.#node, ringContext(fingerprint), (ring) => {
      const key = ring?.get('countersigned');
      if (key === undefined) {
        done(false);
        return;
      }
      this.#node.askPki(
        { kind: 'uncountersign', key },
        (made) => {
          if (made.kind !== 'countersigned') {
            done(false);
            return;
          }
          this.#keepGiven(domain, { fingerprint, by: this.#own, untilMs: 0 }, made.key, (isKept) => {
            if (isKept) this.#send(domain, NOTICE, { _key: made.key });
            if (isKept) this.#takeBackAll(domain, more, done);
            else done(false);
          });
        },
        'ours',
      );
    });
  }

  /** Key and word in one write: what counts here is what others are told. */
  #keepGiven(domain: string, given: Countersigned, key: Uint8Array, done: (isKept: boolean) => void): void {
    const { options, domain: home } = this.#node;
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) {
        done(false);
        return;
      }
      const kept = withGiven(countersignaturesIn(records), given, options.trustLimits.retiredMax);
      const operations = [
        ...countersignedOperations(domain, given.fingerprint, key, home),
        record(nodeUniform(domain), 'countersignatures', countersignatureBytes(kept)),
      ];
      this.#node.ask({ kind: 'write', operations }, ({ kind }) => {
        const isKept = kind === 'written';
        if (isKept) this.#node.notify({ kind: 'countersignature', domain, by: 'us', untilMs: given.untilMs });
        done(isKept);
      });
    });
  }

  #answer(domain: string): void {
    const { unixMs, options } = this.#node;
    const last = this.#told.get(domain);
    if (last !== undefined && unixMs - last < options.federationLimits.keysMsMax) return;
    remember(this.#told, domain, unixMs, options.federationLimits.peersMax);
    this.#withPeer(domain, 'answer', ({ kept, fingerprint }, done) => {
      const given = wordOn(kept.given, fingerprint, this.#own);
      if (given === null || given.untilMs === 0) {
        done();
        return;
      }
      this.#sendKept(domain, fingerprint, done);
    });
  }

  /** Our own key has come, with what that domain says of it. */
  #hear(domain: string, key: Uint8Array): void {
    this.#withPeer(domain, 'hear', ({ records, key: authority, fingerprint: by, kept: before }, done) => {
      // Of the key that we had before nothing is kept.
      const kept = before.held?.fingerprint === this.#own ? (records.get('countersigned') ?? null) : null;
      if (kept !== null && equalBytes(kept, key) && wordOn([before.held], this.#own, by) !== null) {
        done();
        return;
      }
      this.#node.askPki(
        { kind: 'read countersignature', key, kept, authority },
        (read) => {
          if (read.kind !== 'countersigned' || hexOf(read.fingerprint) !== this.#own) {
            done();
            return;
          }
          const { untilMs } = read;
          const context = nodeUniform(domain);
          const all = { ...before, held: { fingerprint: this.#own, by, untilMs } };
          const operations = [
            record(context, 'countersigned', read.key),
            record(context, 'countersignatures', countersignatureBytes(all)),
          ];
          this.#node.ask({ kind: 'write', operations }, ({ kind }) => {
            if (kind === 'written') this.#node.notify({ kind: 'countersignature', domain, by: 'them', untilMs });
            done();
          });
        },
        { stranger: domain },
      );
    });
  }

  #send(domain: string, method: string, entity: Readonly<Record<string, Uint8Array>>): void {
    if (!this.#node.ways.linked().includes(domain)) return;
    const routing = { _source: nodeUniform(this.#node.domain), _target: nodeUniform(domain) };
    this.#node.post(newLetter({ routing, entity, method }));
  }
}
