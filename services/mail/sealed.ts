/** What is told of a letter to whoever has its key: a reply, or that it was not delivered, sealed to that key. docs/spec/mail.md#sealed */
import { joinBytes, textBytes } from '../../crypto/bytes.ts';
import { hpkeOpen, hpkeSeal } from '../../crypto/hpke.ts';
import type { Suite } from '../../crypto/suite.ts';
import { decodeTextStrict } from '../../psyc/bytes.ts';
import type { DeliveryCode } from './error.ts';
import { letterId } from './letter.ts';

const INFO = textBytes('p3do-mail-reply-v1');
const NOTHING = new Uint8Array(1);
const REPLY = 1;
const FAILURE = 2;
const CODES: readonly DeliveryCode[] = ['_mail_rejected', '_mail_undelivered', '_mail_bounced'];
const STATUS = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/;

/** What came of a letter. */
export type Told =
  | { readonly kind: 'reply'; readonly text: string }
  /** `status`: an enhanced status code (RFC 3463), where a server has given one. */
  | { readonly kind: 'failure'; readonly code: DeliveryCode; readonly status: string | null };

const aadOf = (suite: Suite, domain: string, key: Uint8Array): Uint8Array =>
  joinBytes(textBytes(domain), NOTHING, letterId(suite, key));

/** Whether text is an enhanced status code. */
export const isStatus = (text: string): boolean => STATUS.test(text);

/** null: the key is none, which whoever wanted the letter sent has chosen. */
export function sealTold(suite: Suite, domain: string, key: Uint8Array, told: Told): Uint8Array | null {
  const [kind, text] =
    told.kind === 'reply'
      ? [REPLY, told.text]
      : [FAILURE, [told.code, ...(told.status === null ? [] : [told.status])].join(' ')];
  const plain = joinBytes(new Uint8Array([kind]), textBytes(text));
  return hpkeSeal(suite, key, INFO, aadOf(suite, domain, key), plain);
}

/** What was told; null: it was not sealed to this letter's key, or is nothing that is told. `secret`: the key's, 32 bytes. */
export function openTold(suite: Suite, domain: string, secret: Uint8Array, sealed: Uint8Array): Told | null {
  const key = suite.x25519PublicKey(secret);
  const plain = hpkeOpen(suite, secret, INFO, aadOf(suite, domain, key), sealed);
  const text = plain === null ? null : decodeTextStrict(plain.subarray(1));
  if (plain === null || text === null) return null;
  if (plain[0] === REPLY) return { kind: 'reply', text };
  if (plain[0] !== FAILURE) return null;
  const [said = '', status = null, ...more] = text.split(' ');
  const code = CODES.find((one) => one === said);
  if (code === undefined || more.length > 0 || (status !== null && !isStatus(status))) return null;
  return { kind: 'failure', code, status };
}
