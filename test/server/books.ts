/** What is in the books after all: a place's log as the database and as its pages have it, and what a person finds who was away. */
import { expect } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { channelOf } from '../../circuit/channel.ts';
import { render } from '../../psyc/render.ts';
import { Speaker, type SpeakerKeys } from './node/speaker.ts';
import type { Served } from './served.ts';
import type { Heard, Talker } from './talkers.ts';

/** The messages of a log in the database; null where a row is none. */
export async function logOf(
  served: Served,
  context: string,
  connection = served.connection,
): Promise<(Heard | null)[]> {
  return (await served.packetsOf(context, connection)).map((bytes) => {
    const packet = parseOne(bytes);
    const author = (packet.ownRoute('_source') ?? '').replace(/#.*/, '');
    return packet.method?.startsWith('_message') === true ? { author, text: packet.dataText } : null;
  });
}

/** The messages of a place as a member reads them, page by page; null where a row is none. */
export async function pagesOf(served: Served, keys: SpeakerKeys, place: string): Promise<(Heard | null)[]> {
  const speaker = await Speaker.open(served.endpoint, keys, { side: 'reader' });
  const rows: (Heard | null)[] = [];
  try {
    for (;;) {
      const routing = {
        _source: channelOf(keys.person, keys.device, { side: 'reader' }),
        _target: place,
        _tag: 'page',
      };
      const entity = { _after: String(rows.length), _limit: '100' };
      speaker.peer.say(render({ routing, entity, method: '_request_history' }));
      for (;;) {
        const packet = await speaker.until(() => true);
        if (packet.method === '_echo_history') {
          if (Number(packet.text('_sequence')) === rows.length) return rows;
          break;
        }
        if (packet.ownRoute('_context') !== place) continue;
        expect(Number(packet.ownRoute('_counter'))).toBe(rows.length + 1);
        const author = packet.ownRoute('_source_relay') ?? '';
        rows.push(packet.method?.startsWith('_message') === true ? { author, text: packet.dataText } : null);
      }
    }
  } finally {
    speaker.close();
  }
}

/** Everything that was said to a person while he was away, as his device gets it row by row. */
export async function mailOf(served: Served, keys: SpeakerKeys, rows: number): Promise<Heard[]> {
  const speaker = await Speaker.open(served.endpoint, keys);
  const mail: Heard[] = [];
  const own = channelOf(keys.person, keys.device);
  try {
    while (mail.length < rows) {
      const packet = await speaker.method('_message_private_sealed');
      const sequence = Number(packet.ownRoute('_counter'));
      expect(sequence).toBe(mail.length + 1);
      mail.push({ author: (packet.ownRoute('_source') ?? '').replace(/#.*/, ''), text: packet.dataText });
      speaker.peer.say(
        render({
          routing: { _source: own, _target: keys.person },
          entity: { _sequence: String(sequence) },
          method: '_echo_message_private_sealed',
        }),
      );
    }
    return mail;
  } finally {
    speaker.close();
  }
}

/** Exactly what these people said is there: each message once, each person's in his order, and nothing else. */
export function verify(log: readonly (Heard | null)[], talkers: readonly Talker[]): void {
  const messages = log.filter((row): row is Heard => row !== null);
  for (const { keys, said, acknowledged } of talkers) {
    const theirs = messages.filter(({ author }) => author === keys.person).map(({ text }) => text);
    // One of these says more than the other when it fails: what was promised, and what was only said.
    expect(acknowledged.filter((text) => !theirs.includes(text))).toEqual([]);
    expect(theirs).toEqual(said);
  }
  const people = new Set(talkers.map(({ keys }) => keys.person));
  expect(messages.filter(({ author }) => !people.has(author))).toEqual([]);
}

/** Nobody was told of a row that is another one now, or none. */
export function verifyHeard(log: readonly (Heard | null)[], talkers: readonly Talker[]): void {
  for (const { heard } of talkers) {
    const wrong = [...heard].filter(([sequence, { author, text }]) => {
      const row = log[sequence - 1];
      return row?.author !== author || row.text !== text;
    });
    expect(wrong).toEqual([]);
  }
}
