/** What others have heard of a successor of our own key: where it is not the one that we announce, somebody else has the key, one before, or the recovery key. docs/spec/trust.md#telling-the-domain */
import { hexOf } from '../../crypto/bytes.ts';
import type { RotationHeard } from '../../pki/trust-state.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Notice, RotationTold } from '../events.ts';
import { remember } from '../remember.ts';
import type { TrustOwner } from './trust-owner.ts';

/** What is signed: the lines of signatures after it may be written in more than one way, by anybody. */
const wordsOf = (statement: Uint8Array): string => decodeText(statement).split('\nsignature ', 1)[0]!;

type Named = Notice & { readonly kind: 'successor' };

/** What was told of our own key. Whoever tells it is believed nothing: a key of ours has signed it, or our recovery key. */
export class OwnSuccessors {
  readonly #node: TrustOwner;
  /** Statements that hold and are not ours, by hash of their bytes. */
  readonly #known = new Map<string, Omit<Named, 'domain'>>();
  /** Hashes of those that are being checked, by who told them: one each, so that nobody keeps others from being heard. */
  readonly #checking = new Map<string, string>();

  constructor(node: TrustOwner) {
    this.#node = node;
  }

  /** `announced`: what we say ourselves. What there is no room for now is told again. */
  heard(domain: string, told: RotationTold, announced: RotationTold | null): void {
    const { suite, identity, federationLimits } = this.#node.options;
    const { rotation, before, earlier = [] } = identity;
    const own = [announced?.statement, rotation, ...earlier.map(({ statement }) => statement)];
    const words = wordsOf(told.statement);
    if (own.some((one) => one !== undefined && wordsOf(one) === words)) return;
    const id = hexOf(suite.blake2b(encodeText(words), 32));
    const known = this.#known.get(id);
    if (known !== undefined) {
      this.#node.notify({ ...known, domain });
      return;
    }
    const isChecked = this.#checking.has(domain) || [...this.#checking.values()].includes(id);
    if (isChecked || this.#checking.size >= federationLimits.successorsHeardMax) return;
    this.#checking.set(domain, id);
    const olds = [identity.certificate, before, ...earlier.map(({ key }) => key)].filter((one) => one !== undefined);
    this.#node.askPki({ kind: 'rotation', domain: this.#node.domain, olds, ...told }, (read) => {
      this.#checking.delete(domain);
      const named = read.kind === 'rotation' ? this.#named(read.rotation) : null;
      if (named === null) return;
      remember(this.#known, id, named, federationLimits.successorsHeardMax);
      this.#node.notify({ ...named, domain });
    });
  }

  /** What a statement that holds says to the admin; null: it is not by a key of ours, or it leads to the present one. */
  #named({ from, to, signer }: Omit<RotationHeard, 'seenMs'>): Omit<Named, 'domain'> | null {
    const { fingerprint, recovery } = this.#node.options.identity;
    const present = hexOf(fingerprint);
    const isByKey = signer === 'old key';
    if (to === present || (!isByKey && (recovery === undefined || signer.recovery !== hexOf(recovery)))) return null;
    const by = !isByKey ? 'recovery key' : from === present ? 'our key' : 'former key';
    return { kind: 'successor', fingerprint: to, by };
  }
}
