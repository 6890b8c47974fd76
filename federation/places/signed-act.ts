/** An act as it comes: signed by whoever asks for it. docs/spec/places.md#acts */
import { hexOf } from '../../crypto/bytes.ts';
import { readAct } from '../../publication/act.ts';
import { PublicationError, type PublicationCode } from '../../publication/error.ts';
import { readPublication } from '../../publication/packet.ts';
import type { FederationCode } from '../error.ts';
import { entityOf, isInOneName, type Letter } from '../letter.ts';
import type { SignedAct } from './place-state.ts';

/** The act, or the code where it is none. That the signature is his was checked at the border. */
export function readSigned(letter: Letter, source: string): SignedAct | FederationCode | PublicationCode {
  try {
    const publication = readPublication(letter.packet, (name) => letter.routing.get(name));
    if (publication === null) return '_necessary_signature';
    if (!isInOneName(letter)) return '_publication_foreign_source';
    const act = readAct(letter.packet);
    if (act === null) return '_invalid_act';
    const { device, counter, timeMs } = publication;
    return { act, by: entityOf(source), device: hexOf(device), counter, timeMs };
  } catch (error) {
    if (error instanceof PublicationError) return error.code;
    throw error;
  }
}
