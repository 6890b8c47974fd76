/** When a domain's key, and what is part of it, ends. docs/operating.md#doctor */
import { type Certificate, encryptionKeys } from '../../pki/certificate.ts';
import { keyFlags } from '../../pki/signature.ts';
import { domainLimits } from '../domain/limits.ts';
import { bad, dayOf, type Finding, good, warning } from './finding.ts';

const EXPIRY = 'expiry';

const MONTH_SECONDS = 2_592_000;

/** An onion key is followed by the next one half an epoch before it ends; with less left than half of that nobody has done it. */
const LATE_EPOCH_SECONDS = domainLimits.epochSeconds / 4;

/** Of the key itself, of what signs circuits, and of the onion key; `now` in Unix seconds. `hasOnions`: whether the domain passes onions on; null: nobody here knows. */
export function expiries(certificate: Certificate, now: number, hasOnions: boolean | null): Finding[] {
  return [
    ending('the key', certificate.until, now, 'p3do key rotate: another one has to be announced three days ahead'),
    circuits(certificate, now),
    ...epochs(certificate, now, hasOnions),
  ];
}

function ending(what: string, until: number, now: number, remedy: string): Finding {
  if (until === Infinity) return good(EXPIRY, `${what} does not end`);
  if (until <= now) return bad(EXPIRY, `${what} ended ${dayOf(until)}`, remedy);
  const text = `${what} ends ${dayOf(until)}`;
  return until - now < MONTH_SECONDS ? warning(EXPIRY, text, remedy) : good(EXPIRY, text);
}

/** The subkeys [A]: by the last of them that is good circuits are proved. */
function circuits({ subkeys }: Certificate, now: number): Finding {
  const all = subkeys.filter(({ key, flags }) => key.curve === 'ed25519' && flags === keyFlags.authenticate);
  const remedy = 'p3do key rotate: nobody takes circuits of this domain without it';
  const last = all.filter(({ isMutual, isRevoked }) => isMutual && !isRevoked).at(-1);
  return last === undefined
    ? bad(EXPIRY, 'the key has no subkey that proves circuits', remedy)
    : ending('the subkey that proves circuits', last.until, now, remedy);
}

function epochs(certificate: Certificate, now: number, hasOnions: boolean | null): Finding[] {
  const until = encryptionKeys(certificate, now).reduce((latest, key) => Math.max(latest, key.until), 0);
  const remedy = 'start the server again: it makes the next one';
  if (until === 0) {
    if (hasOnions === true) return [bad(EXPIRY, 'no onion key counts now: nobody sends onions here', remedy)];
    return [good(EXPIRY, 'no onion key counts now: the domain passes no onions on')];
  }
  const text = `the onion key ends ${dayOf(until)}`;
  if (hasOnions !== true || until - now >= LATE_EPOCH_SECONDS) return [good(EXPIRY, text)];
  return [warning(EXPIRY, `${text}, and none follows it yet`, remedy)];
}
