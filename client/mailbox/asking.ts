/** How a mailbox is asked: one address a request. docs/spec/mailbox.md#requests */
import { mailboxOf, nameOf, type Signed } from '../../services/mailbox/address.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { readFound, renderGet, renderPut, renderTerms } from '../../services/mailbox/request.ts';
import { digestOf } from '../../services/work.ts';
import { askedOf, refusalOf, type Service, type Surroundings, withWorkOf } from '../services/asking.ts';

/** Bits of work that are tried before a mailbox has asked for more. */
export const putBits = mailboxLimits.putBitsMin;

/** What is known of mailboxes. */
export const mailboxService: Service = {
  echo: '_echo_mailbox',
  invalid: '_mailbox_invalid_answer',
  lazy: '_mailbox_necessary_work',
  refusals: {
    _mailbox_invalid_request: 'the domain does not understand it: it may be older, or newer',
    _mailbox_invalid_proof: 'the domain does not take the signature of the address',
    _mailbox_necessary_work: 'it asks for more work than anybody should do',
    _mailbox_taken: 'something else lies there already',
    _mailbox_full: 'the mailbox of this domain is full: try again tomorrow',
    _mailbox_excessive_requests: 'too much is asked of this mailbox at once: try again',
    _mailbox_unavailable_store: 'the disk of this domain has no room',
    _mailbox_invalid_answer: 'what the domain says is no answer',
    _unknown_target: 'this domain has no mailbox',
    _unsupported_method: 'this domain has no mailbox',
  },
};

/** Puts a value at its address; the same again is no matter. Throws ServiceRefusal. */
export async function put(around: Surroundings, domain: string, signed: Signed): Promise<void> {
  const { suite } = around;
  const name = nameOf(suite, signed.address);
  const subject = { service: 'mailbox', domain, name, digest: digestOf(suite, signed.value) } as const;
  const target = mailboxOf(domain);
  const bits = async (): Promise<number> =>
    Number((await askedOf(around, mailboxService, target, renderTerms())).text('_bits'));
  await withWorkOf(
    around,
    mailboxService,
    subject,
    { isFirst: true, bitsMax: mailboxLimits.putBitsMax, bits },
    (work) => askedOf(around, mailboxService, target, renderPut(signed, work)),
  );
}

/** What lies at an address; null: nothing; `'altered'`: what its owner has not put there. Throws ServiceRefusal. */
export async function get(
  around: Surroundings,
  domain: string,
  address: Uint8Array,
): Promise<Uint8Array | 'altered' | null> {
  const answer = await askedOf(around, mailboxService, mailboxOf(domain), renderGet(address));
  const found = readFound(around.suite, address, answer);
  if (found === 'invalid') throw refusalOf(mailboxService, mailboxService.invalid);
  return found;
}
