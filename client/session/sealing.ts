/** How something is said in a members-only place: under a key that its members have, and nobody else. docs/spec/places.md#sender-keys */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { Reader } from '../../publication/sender-key.ts';
import { covers } from '../../publication/act.ts';
import type { Moment, Status } from './events.ts';
import type { Hearing, OwnKey } from './kept.ts';
import type { Keyring } from './keyring.ts';
import { sessionLimits } from './limits.ts';

/** What can be done now. */
export type Course =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'refused'; readonly code: string }
  /** A key for this membership has to be said first. */
  | { readonly kind: 'key'; readonly epoch: number; readonly parted: number; readonly readers: readonly Reader[] }
  | { readonly kind: 'sealed'; readonly own: OwnKey };

type Membership = { readonly epoch: number; readonly members: readonly string[] } | { readonly code: string };

/** What one session knows of who is a member where. */
export class Sealing {
  readonly #person: string;
  readonly #keyring: Keyring;
  readonly #ask: (place: string) => void;
  readonly #gone: Hearing['gone'];
  /** null: it is being asked. */
  readonly #memberships = new Map<string, Membership | null>();

  /** `ask` asks a place for its status, which is given to `told`; `gone`: who has gone from where, by what the person's listening sessions have heard. */
  constructor(person: string, keyring: Keyring, ask: (place: string) => void, gone: Hearing['gone']) {
    this.#gone = gone;
    this.#person = person;
    this.#keyring = keyring;
    this.#ask = ask;
  }

  /** Somebody has come or gone: what is known of the place counts for nothing. */
  forget(place: string): void {
    if (this.#memberships.get(place) !== null) this.#memberships.delete(place);
  }

  /** What the place says, or the code of its refusal. */
  told(place: string, answer: Status | string): void {
    if (this.#memberships.get(place) === null) this.#memberships.set(place, this.#membershipIn(answer));
  }

  /** What comes next; `own`: our key there. */
  course(place: string, own: OwnKey, now: Moment): Course {
    const known = this.#memberships.get(place);
    if (known === undefined) {
      this.#memberships.set(place, null);
      this.#ask(place);
    }
    if (known === undefined || known === null) return { kind: 'waiting' };
    if ('code' in known) {
      this.#memberships.delete(place);
      return { kind: 'refused', code: known.code };
    }
    const gone = [...(this.#gone.get(place) ?? [])];
    // Whoever names a membership that is over would have us speak to somebody who has gone.
    const isOver = gone.some(([whom, row]) => row > known.epoch && known.members.some((one) => covers(whom, one)));
    if (isOver || known.epoch < own.epoch) {
      this.#memberships.delete(place);
      return { kind: 'refused', code: '_session_stale_place' };
    }
    // A ban may name whoever was no member: then no membership begins, and a new key does no harm.
    const parted = Math.max(0, ...gone.map(([, row]) => row));
    const isFresh = now.wallMs - own.madeAtMs < sessionLimits.senderKeyMsMax && own.parted >= parted;
    if (own.epoch === known.epoch && isFresh) return { kind: 'sealed', own };
    const readers = this.#readers(known.members, now);
    return readers === null ? { kind: 'waiting' } : { kind: 'key', epoch: known.epoch, parted, readers };
  }

  #membershipIn(answer: Status | string): Membership {
    if (typeof answer === 'string') return { code: answer };
    const { mode, epoch, members, amount } = answer;
    // It never ends: who says otherwise wants to read what we say.
    if (mode !== 'members') return { code: '_session_unsealed_place' };
    if (epoch === null || members === null || !members.includes(this.#person)) return { code: '_necessary_membership' };
    return members.length === amount ? { epoch, members } : { code: '_session_excessive_readers' };
  }

  /** Those of the members whose keys are known; null: some are being asked for. Who has none, or another than before, is left out. */
  #readers(members: readonly string[], now: Moment): Reader[] | null {
    const found = members.map((uniform) => {
      return [uniform, this.#keyring.of(uniform, now.monotoneMs, sessionLimits.keysTrustedMsMax)] as const;
    });
    if (found.some(([, { kind }]) => kind === 'waiting')) return null;
    return found.flatMap(([uniform, known]) => {
      if (known.kind !== 'known' || known.keys.encryptionKey === null) return [];
      const { fingerprint, encryptionKey } = known.keys;
      return [{ uniform, fingerprint: bytesOfHex(fingerprint)!, publicKey: encryptionKey }];
    });
  }
}
