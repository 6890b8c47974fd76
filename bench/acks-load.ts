/** Publishers who say the next thing when one of so many is acknowledged. Child of acks.ts. */
import { newSpeakerKeys, offerFriendship, Sayings, Speaker } from '../test/server/node/speaker.ts';

/** Let so many speak for so long, each with so many messages under way; answered with acknowledgements a second. */
export interface AcksOrder {
  readonly port: number;
  readonly publishers: number;
  readonly window: number;
  readonly ms: number;
}

const body = 'x'.repeat(1024);
const all: { speaker: Speaker; sayings: Sayings }[] = [];

async function join(port: number): Promise<void> {
  const endpoint = { host: '127.0.0.1', port };
  // Somebody who lives there and is away: what is said to him is kept, and goes to nobody.
  const away = await newSpeakerKeys(`eve${all.length}`, 'localhost');
  (await Speaker.open(endpoint, away, { invite: null })).close();
  const keys = await newSpeakerKeys(`ada${all.length}`, 'localhost');
  const speaker = await Speaker.open(endpoint, keys, { invite: null });
  await offerFriendship(endpoint, away, [keys.person]);
  all.push({ speaker, sayings: new Sayings(keys, away.person) });
}

async function rate({ port, publishers, window, ms }: AcksOrder): Promise<number> {
  while (all.length < publishers) await join(port);
  const begin = performance.now();
  let count = 0;
  await Promise.all(
    all.map(async ({ speaker, sayings }) => {
      let open = 0;
      const say = (): void => {
        speaker.say(sayings.say('_message_private_sealed', body));
        open++;
      };
      for (let at = 0; at < window; at++) say();
      while (open > 0) {
        await speaker.method('_echo_message');
        open--;
        count++;
        if (performance.now() - begin < ms) say();
      }
    }),
  );
  return (count / (performance.now() - begin)) * 1_000;
}

process.on('message', (order: AcksOrder) => void rate(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit());
