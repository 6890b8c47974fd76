/** `p3do localserve --scene trust`: what keys are for, played by real servers and commands, and told as it happens. docs/operating.md#a-scene-about-keys */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderEndpoint } from '../../server/config/address.ts';
import { TownNames } from '../../server/town/names.ts';
import type { Town } from '../../server/town/town.ts';
import type { Commands } from './commands.ts';
import { shortKey } from './replies.ts';
import { Scene } from './stage.ts';

const RED = 'red.test';
const GREEN = 'green.test';
const BLUE = 'blue.test';
const DOMAINS = [RED, GREEN, BLUE];
const PLACE = `@square@${GREEN}`;
const ALICE = `alice@${RED}`;
const BOB = `bob@${GREEN}`;

/** Three days are six and a half seconds. */
const TIME_SCALE = 40_000;
/** docs/operating.md#a-scene-about-keys says what happens. */
export class TrustScene extends Scene {
  #names: TownNames | null = null;

  override async play(): Promise<void> {
    const names = await TownNames.open('127.0.0.1');
    this.#names = names;
    await this.tell(
      'Three domains on this machine that have never heard of each other. They have a DNS, and nothing else. Its times and ' +
        `those of keys run ${TIME_SCALE.toLocaleString('en')} times faster: three days are six seconds.\n`,
    );
    const town = await this.#town(names, DOMAINS);
    for (const domain of DOMAINS) this.#point(names, town, domain);
    const p3do = this.commandsOf(town);
    await this.#meet(p3do, town);
    await this.#rotate(p3do, town);
    await this.#speak(p3do, town);
    await this.#takeOver(p3do, names, town);
    await this.#speakOn(p3do);
  }

  override async close(): Promise<void> {
    await super.close();
    const names = this.#names;
    this.#names = null;
    await names?.close();
  }

  async #meet(p3do: Commands, town: Town): Promise<void> {
    await this.tell('\n1. They find each other by the DNS alone, and try what it says for three days.\n');
    for (const [one, other] of pairs) await p3do.shown('federate', 'add', other, '--domain', one);
    await this.tell(
      '\n   Meanwhile nobody vouches for anybody. (Where a resolver validates DNSSEC, this wait falls away.)\n',
    );
    const isKnown = /, normal,[^]*by us {3}countersigned until[^]*by them countersigned until/;
    for (const one of DOMAINS) {
      for (const other of DOMAINS) if (one !== other) await this.#until(p3do, one, other, isKnown);
    }
    await this.tell('   The three days are over. Each has countersigned the key of each other:\n');
    await p3do.shown('federate', 'show', GREEN, '--domain', RED);
    this.stage.screen.tell({ kind: 'scene', done: 'federated', keys: Object.fromEntries(town.fingerprints) });
  }

  async #rotate(p3do: Commands, town: Town): Promise<void> {
    await this.tell(`\n2. ${GREEN} takes another key. The old one signs for the new one, three days ahead.\n`);
    const from = await Promise.all([RED, BLUE].map((domain) => this.#logOf(town, domain)));
    const { out } = await p3do.shown('key', 'rotate', '--domain', GREEN);
    const next = /^key ([0-9a-f]{40}) /.exec(out)?.[1] ?? '';
    const key = next.toUpperCase().replace(/(.{4})(?=.)/g, '$1 ');
    for (const [at, domain] of [RED, BLUE].entries()) {
      const { row } = await this.#alarm(town, domain, from[at]!, (line) => line.alarm === 'key followed');
      await this.#until(p3do, domain, GREEN, new RegExp(`rotated[^]*${key}[^]*by us {3}countersigned until`));
      await this.tell(`   ${domain} has followed (row ${row} of docs/spec/trust.md), and countersigned the new key.`);
      this.stage.screen.tell({ kind: 'scene', done: 'followed', by: domain, row, key: next });
    }
    await p3do.shown('federate', 'show', GREEN, '--domain', RED);
  }

  async #speak(p3do: Commands, town: Town): Promise<void> {
    await this.tell(`\n3. Alice lives at ${RED}, Bob at ${GREEN}; they meet in a place of his domain.\n`);
    for (const [who, domain] of [
      [ALICE, RED],
      [BOB, GREEN],
    ] as const) {
      await p3do.quiet('register', who, '--server', renderEndpoint(town.endpoints.get(domain)!));
      await p3do.quiet('enter', PLACE, '--as', who);
    }
    await p3do.shown('say', PLACE, 'Hello Bob, from my own home.', '--as', ALICE);
    await this.tell('\n   Bob reads it. His side keeps her key, and that of her domain, from now on:\n');
    await p3do.shown('history', PLACE, '--as', BOB);
    // Where she would go if her home were gone.
    await p3do.shown('servers', 'add', BLUE, '--server', renderEndpoint(town.endpoints.get(BLUE)!), '--as', ALICE);
  }

  async #takeOver(p3do: Commands, names: TownNames, town: Town): Promise<void> {
    await this.tell(
      `\n4. Mallory gets hold of the DNS of ${RED}. He has a server of his own that calls itself ${RED}, and lets the DNS ` +
        'name his key, and lead to him.\n',
    );
    const his = await this.#town(names, [RED], '  (Mallory’s)');
    const others = [GREEN, BLUE];
    const before = await Promise.all(others.map((domain) => this.#logOf(town, domain)));
    this.#point(names, his, RED);
    for (const [at, domain] of others.entries()) {
      const { row, msg } = await this.#alarm(
        town,
        domain,
        before[at]!,
        (line) => line.alarm === 'dns names another key',
      );
      await this.tell(`   log of ${domain}: ${msg} (row ${row})`);
      this.stage.screen.tell({ kind: 'scene', done: 'alarmed', by: domain, row });
    }
    await this.tell(
      `\n   Nothing else happens: whoever is there still proves the old key. So he has the server killed.\n`,
    );
    const later = await Promise.all(others.map((domain) => this.#logOf(town, domain)));
    await town.endDomain(RED, true);
    await this.tell(`   ${RED} was killed. All who look for it come to him now:\n`);
    const [real = '', false_ = ''] = [town, his].map((one) => one.fingerprints.get(RED));
    for (const [at, domain] of others.entries()) {
      const { msg } = await this.#alarm(town, domain, later[at]!, (line) => line.fingerprint === false_);
      await this.tell(`   log of ${domain}: ${msg}`);
    }
    await this.#until(p3do, GREEN, RED, /\(_trust_changed_key, row 13\)/);
    const { out } = await p3do.shown('federate', 'show', RED, '--domain', GREEN);
    await this.tell(
      `\n   The key is still ${shortKey(real)}, and not his, ${shortKey(false_)}: he has gained an alarm.`,
    );
    const isKept = out.replaceAll(' ', '').includes(real.toUpperCase());
    this.stage.screen.tell({ kind: 'scene', done: 'refused', row: '13', isKept });
  }

  async #speakOn(p3do: Commands): Promise<void> {
    await this.tell('\n5. Her home is dead, and her DNS is his. Alice says something all the same.\n');
    const beganMs = performance.now();
    const { complaints } = await p3do.shown('say', PLACE, 'My home is gone. It is still me.', '--as', ALICE);
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
    await this.tell(`   It took ${seconds} seconds, and she was asked nothing. Bob reads:\n`);
    const { out, complaints: newKeys } = await p3do.shown('history', PLACE, '--as', BOB);
    await this.tell(
      '\n   Her own name, and her own signature, by the key that his side has known since she wrote from home: ' +
        'he had to believe no server.',
    );
    const isKnown = !newKeys.includes('first key');
    const isHers = isKnown && out.includes(ALICE) && out.includes('It is still me.') && !out.includes('NOT ');
    this.stage.screen.tell({
      kind: 'scene',
      done: 'spoken',
      isThrough: complaints.includes(`through ${BLUE}`),
      isHers,
    });
  }

  #town(names: TownNames, domains: readonly string[], whose = ''): Promise<Town> {
    return this.town({ domains, trial: { names, timeScale: TIME_SCALE } }, whose);
  }

  #point(names: TownNames, town: Town, domain: string): void {
    names.point(domain, town.delegations.get(domain)!);
  }

  /** Resolves when a domain's page of another one is so. Throws SceneError when it is not in time. */
  async #until(p3do: Commands, one: string, other: string, what: RegExp): Promise<void> {
    await this.within(`what ${one} knows of ${other}`, async () => {
      const { out } = await p3do.quiet('federate', 'show', other, '--domain', one);
      return what.test(out) ? out : null;
    });
  }

  async #logOf(town: Town, domain: string): Promise<string> {
    return readFile(join(town.folderOf(domain), 'log'), 'utf8');
  }

  /** The first alarm of a log, behind what stood there before, for which it holds. Throws SceneError when none comes in time. */
  #alarm(town: Town, domain: string, before: string, holds: (line: LogLine) => boolean): Promise<LogLine> {
    return this.within(`an alarm at ${domain}`, async () => {
      const lines = (await this.#logOf(town, domain)).slice(before.length).split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as LogLine).find(holds) ?? null;
    });
  }
}

const pairs = [
  [RED, GREEN],
  [GREEN, BLUE],
  [BLUE, RED],
] as const;

interface LogLine {
  readonly msg: string;
  readonly row?: string;
  readonly alarm?: string;
  readonly fingerprint?: string;
}
