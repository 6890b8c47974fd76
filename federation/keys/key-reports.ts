/** A person is told by other domains that they were shown another key for him than the one that they had pinned. docs/spec/people.md#another-key-for-a-person */
import { hexOf } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import { entityIn, type Letter, newLetter } from '../letter.ts';
import { remember } from '../remember.ts';

/** To a person: another key was shown for him. To a node: the DNS names another key for its domain. */
export const KEY_REPORT = '_notice_key_foreign';

/** Keys of somebody, as they came. */
interface Brought {
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

/** What one node reports. */
export class KeyReports {
  readonly #desk: Desk;
  /** When each was told last. */
  readonly #told = new Map<string, number>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Keys came that do not go with what is kept of somebody. If his home certifies them all the same, and they are of another key
   * than the pinned one, he is told. `done` is given whether they are.
   */
  look(
    person: string,
    came: Brought,
    pinned: Uint8Array,
    [authority, ...others]: readonly Uint8Array[],
    done: (isForeign: boolean) => void,
  ): void {
    if (authority === undefined) {
      done(false);
      return;
    }
    // Without the statement that is kept: that is the pinned key's, and goes with no other.
    this.#desk.askPki({ kind: 'person', person, ...came, known: null, authority }, (read) => {
      if (read.kind !== 'person') this.look(person, came, pinned, others, done);
      else {
        const isForeign = !equalBytes(read.fingerprint, pinned);
        if (isForeign) this.tell(person, read.fingerprint);
        done(isForeign);
      }
    });
  }

  /** Tells the person, by way of his home; as long as it stays so, every `keyReportMsMin` at most. */
  tell(person: string, fingerprint: Uint8Array): void {
    const { nowMs, domain, options } = this.#desk;
    const { keyReportMsMin, authorsKnownMax } = options.federationLimits;
    const last = this.#told.get(person);
    if (last !== undefined && nowMs - last < keyReportMsMin) return;
    remember(this.#told, person, nowMs, authorsKnownMax);
    const routing = { _source: `psyc://${domain}`, _target: person };
    this.#desk.post(newLetter({ routing, entity: { _fingerprint: hexOf(fingerprint) }, method: KEY_REPORT }));
  }
}

/** Whether another domain's node reports it: then the person's devices hear it. */
export const isKeyReport = ({ routing, packet }: Letter): boolean =>
  packet.method === KEY_REPORT && entityIn(routing.get('_source') ?? '')?.kind === 'node';
