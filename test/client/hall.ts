/** What others say in a place, each signed by its author, and how a client hears it. */
import { parseOne } from '../../circuit/one-packet.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { deviceId } from '../../pki/device-statement.ts';
import { render } from '../../psyc/render.ts';
import type { Publication, Statement } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { signPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { NOW } from './home.ts';
import type { Life, Someone } from './life.ts';

export const hall = 'psyc://b.example/@hall';

/** Content of words in the open. */
export const plain = (text: string): Uint8Array =>
  new Uint8Array(parseOne(render({ method: '_message_public', data: text })).content!);

/** What somebody signs. */
export function signed(
  who: Someone,
  address: string,
  content: Uint8Array,
  change: Partial<Statement> = {},
): Publication {
  const statement = {
    address,
    fingerprint: bytesOfHex(who.identity.certificate.key.fingerprint)!,
    device: deviceId(suite.ed25519PublicKey(who.seed)),
    counter: 1,
    previous: new Uint8Array(32),
    timeMs: NOW * 1000,
    content,
    ...change,
  };
  return signPublication(suite, statement, who.seed);
}

/** A row of the hall. */
export const inHall = (
  who: Someone,
  sequence: number,
  publication: Publication,
  more: Record<string, string> = {},
): Uint8Array =>
  renderPublication(publication, { _context: hall, _source_relay: who.uniform, _counter: String(sequence), ...more });

/** The home says these, and whatever follows without time going on. */
export async function hears(client: Life, ...packets: Uint8Array[]): Promise<void> {
  for (const packet of packets) client.home.say(packet);
  await client.settle();
}
