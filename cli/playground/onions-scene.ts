/** `p3do localserve --scene onions`: something said by nobody goes over three of five real servers, and its way is drawn. docs/operating.md#a-scene-about-onions */
import type { How } from '../../round-trips/asker-events.ts';
import { askServer } from '../../server/admin/channel.ts';
import { renderEndpoint } from '../../server/config/address.ts';
import type { Town } from '../../server/town/town.ts';
import { howLine } from '../person/asking.ts';
import type { Commands } from './commands.ts';
import { Scene } from './stage.ts';
import { type Done, wayOf } from './way.ts';

const NAMES = ['red', 'green', 'blue', 'amber', 'violet'];
const domainOf = (name: string): string => `${name}.localhost`;
const nameOf = (domain: string): string => domain.replace('.localhost', '');
const DOMAINS = NAMES.map(domainOf);
const RED = domainOf('red');
const GREEN = domainOf('green');
const ADA = `ada@${RED}`;
const BOB = `bob@${GREEN}`;

/** A line of what `p3do ask --json` says. */
type Told = How & {
  readonly kind: string;
  readonly method?: string;
  readonly variables?: Readonly<Record<string, string>>;
};

/** docs/operating.md#a-scene-about-onions says what happens. */
export class OnionsScene extends Scene {
  #done: Done[] = [];

  override async play(): Promise<void> {
    await this.tell(
      'Five domains on this machine, each with its own server, keys and database. All servers send each other frames of one ' +
        'length at random times, whether there is something in them or not.\n',
    );
    const onions: (at: string, deed: Omit<Done, 'at' | 'ms'>) => void = (at, deed) => {
      this.#done.push({ ...deed, at, ms: performance.now() });
    };
    const town = await this.town({ domains: DOMAINS, onions });
    const p3do = this.commandsOf(town);
    for (const who of [ADA, BOB]) {
      const [, domain = ''] = who.split('@');
      await p3do.quiet('register', who, '--server', renderEndpoint(town.endpoints.get(domain)!));
    }
    await this.#linked(town, DOMAINS);
    await this.tell(
      '\n1. Ada lives at red, Bob at green. She tells him something, and nobody is to know that it was her. Her home looks for his ' +
        'key (--by-home), and so knows for whom it is; without that she would ask for it as nobody, as she does next.\n',
    );
    const way = await this.#send(p3do, 'Look under the stone.');
    await this.tell(
      '\n2. She wants to know Bob’s key, and asks the key server of green for it, as nobody. The answer comes back over a ticket: ' +
        'a way of one-time secrets, which are left or agreed on over onions first.\n',
    );
    await this.#ask(p3do, 3);
    await this.#kill(town, way);
    await this.#send(p3do, 'Have you looked?');
    await this.tell(
      '\n   And she asks once more; what the killed one kept of her ways is no use, and others are found: over two servers, ' +
        'since besides her own and the one that is asked no more are left.\n',
    );
    await this.#ask(p3do, 2);
    await this.tell(
      '\n   Only you can see these ways: all servers are yours, and were started to tell you. No other server would.',
    );
  }

  /** Asks for Bob's key over so many servers and back over as many. */
  async #ask(p3do: Commands, hops: number): Promise<void> {
    const { screen } = this.stage;
    const asking = ['ask', '--anonymous', '--hops', String(hops), `psyc://${GREEN}/$keys`, BOB, '--as', ADA];
    screen.say(`  $ p3do ${asking.join(' ').replace('$keys', '\\$keys')}`, '      ');
    const { out, complaints } = await p3do.quiet(...asking, '--json');
    const told = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
    const key = told.find(({ method }) => method === '_status_key');
    const how = told.find(({ kind }) => kind === 'how');
    for (const line of complaints.trimEnd().split('\n')) screen.say(`  ${line}`, '      ');
    screen.say(
      `  ${told
        .map(({ method }) => method)
        .filter((method) => method !== undefined)
        .join(', ')}`,
      '      ',
    );
    if (how !== undefined) screen.say(`  ${howLine(how)}`, '      ');
    screen.tell({ kind: 'scene', done: 'answered', isKey: key?.variables?.['_key'] !== undefined, how });
  }

  /** Says it, draws its way, and has Bob read it. */
  async #send(p3do: Commands, text: string): Promise<Done[]> {
    this.#done = [];
    const beganMs = performance.now();
    await p3do.shown('send', '--anonymous', '--hops', '3', '--by-home', BOB, text, '--as', ADA);
    const way = await this.within('an onion', () => wayOf(this.#done, GREEN, 3));
    await this.#draw(way, beganMs);
    const { out } = await p3do.shown('listen', '--count', '1', '--as', BOB);
    const [hops, isHeard] = [way.filter(({ did }) => did !== 'unwrapped').map(({ at }) => at), out.includes(text)];
    this.stage.screen.tell({
      kind: 'scene',
      done: 'arrived',
      home: RED,
      hops,
      way,
      isHeard,
      isNamed: out.includes('ada@'),
    });
    return way;
  }

  async #draw(way: readonly Done[], beganMs: number): Promise<void> {
    const { screen } = this.stage;
    await this.tell(
      '\n   It has arrived. Its way, of which each server knows its own step (in brackets: who takes an envelope off):\n',
    );
    const drawn = way.map(({ at, did }) => (did === 'unwrapped' ? `(${nameOf(at)})` : nameOf(at)));
    screen.say(`   Ada ─► ${[nameOf(RED), ...drawn].join(' ─► ')} ─► Bob\n`, '     ');
    for (const [index, { at, did, ms }] of way.entries()) {
      const seconds = ((ms - beganMs) / 1000).toFixed(1).padStart(7);
      screen.say(`   ${seconds} s  ${nameOf(at).padEnd(6)}  ${told(did, way[index + 1])}`, '                    ');
    }
    await this.tell('');
  }

  /** Whoever has relayed the first does not live to see the second. */
  async #kill(town: Town, way: readonly Done[]): Promise<void> {
    const { at } = way.find(({ did }) => did === 'relayed')!;
    await this.tell(
      `\n3. ${nameOf(at)}, which it went over, is killed. Whatever it carried is lost, and nobody says so.\n`,
    );
    await town.endDomain(at, true);
    await this.#linked(
      town,
      DOMAINS.filter((domain) => domain !== at),
    );
    await this.tell('   The others have noticed, and ways are drawn without it from now on.\n');
    this.stage.screen.tell({ kind: 'scene', done: 'killed', domain: at });
  }

  /** Resolves when each of these has a link to each other, and knows the key of its context. */
  async #linked(town: Town, domains: readonly string[]): Promise<void> {
    for (const domain of domains) {
      await this.within(`links of ${domain}`, async () => {
        const answer = await askServer(town.folderOf(domain), { kind: 'mor' });
        const status = answer.kind === 'mor' ? answer.status : null;
        const counts = [status?.links, status?.contexts, status?.stations];
        return counts.every((count) => count === domains.length - 1) ? counts : null;
      });
    }
  }
}

/** What a server did, as it knows it; `next`: the one for which it puts on an envelope. */
function told(did: Done['did'], next: Done | undefined): string {
  switch (did) {
    case 'unwrapped':
      return 'takes an envelope off, and sends to all what was in it';
    case 'relayed':
      return `opens a layer, and finds another onion: off in an envelope for ${nameOf(next?.at ?? '')}`;
    case 'handed over':
      return 'opens the last layer, and finds something sealed to Bob';
  }
}
