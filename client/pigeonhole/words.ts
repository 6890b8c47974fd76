/** What people say through a box: words, and perhaps where an answer goes. docs/spec/pigeonhole.md#deposits */
import { parseOne } from '../../circuit/one-packet.ts';
import { copyBytes, decodeText } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { render } from '../../psyc/render.ts';
import { parseSealed } from '../../publication/inner.ts';
import { PigeonholeError } from '../../services/pigeonhole/error.ts';
import { parseAddress } from '../../services/pigeonhole/keys.ts';

const METHOD = '_message_private';
const REPLY = '_address_reply';

/** What somebody has said; `reply`: the address of a box for answers, or null. */
export interface Words {
  readonly text: string;
  readonly reply: string | null;
}

/** As the content that a box takes. */
export function renderWords({ text, reply }: Words): Uint8Array {
  const entity = reply === null ? {} : { [REPLY]: reply };
  return copyBytes(parseOne(render({ entity, method: METHOD, data: text })).content!);
}

/** The words in what came; null where it is something else. A reply address that is none is left out. */
export function readWords(content: Uint8Array): Words | null {
  try {
    const packet = parseSealed(content);
    if (packet.method !== METHOD) return null;
    const reply = packet.text(REPLY) ?? null;
    return { text: decodeText(packet.data ?? new Uint8Array(0)), reply: isAddress(reply) ? reply : null };
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}

function isAddress(text: string | null): boolean {
  try {
    return text !== null && parseAddress(text) !== null;
  } catch (error) {
    if (!(error instanceof PigeonholeError)) throw error;
    return false;
  }
}
