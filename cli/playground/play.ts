/** What is typed in a town, done: one line after the other. docs/operating.md#playground */
import type { Output } from '../../client/session/events.ts';
import { renderEndpoint } from '../../server/config/address.ts';
import type { Town } from '../../server/town/town.ts';
import { explained } from '../person/codes.ts';
import { enteredLine } from '../person/lines.ts';
import { meantOf } from '../person/meant.ts';
import { PutOut } from '../person/put-out.ts';
import { nameOf } from '../person/show.ts';
import { isNothing } from '../person/status.ts';
import { target } from '../person/target.ts';
import { commandHere, shellWord } from '../whose.ts';
import { eventShort, heardShort, placeLost } from './heard.ts';
import { commands, type Known, parseLine, type Typed } from './line.ts';
import { PASSPHRASE, type Resident } from './resident.ts';
import type { Screen } from './screen.ts';
import type { Wish } from './voice.ts';

/** How long an answer of the scripted people is waited for, where lines are read one after the other. */
const ANSWER_MS_MAX = 10_000;

/** Who sits at the prompt, and who is there to be spoken to. */
export interface Company {
  readonly guest: Pick<Resident, 'whose' | 'person' | 'name' | 'do'>;
  /** Where plain words go at first, and where places are whose domain is left out; null: nowhere, and at home. */
  readonly place: string | null;
  readonly people: readonly string[];
  /** Of these, for whom a nick stands alone. */
  readonly named: readonly string[];
  /** Resolves when what is said now has been answered by those who always do. */
  answered(target: string, text: string, delayMs: number): Promise<void>;
}

/** What only those can wish who have a town. */
const ofTown = /^\/(?:servers|elsewhere|start|stop|kill)(?= |$)/;

/** A person's turn at the prompt. */
export class Play {
  readonly #town: Town | null;
  readonly #circle: Company;
  readonly #screen: Screen;
  /** The place where plain words go; null: none. */
  #here: string | null;
  readonly #putOut = new PutOut();
  /** What may have been written wrongly; typed again it is meant. */
  #doubted: string | null = null;

  constructor(town: Town | null, circle: Company, screen: Screen) {
    this.#town = town;
    this.#circle = circle;
    this.#screen = screen;
    this.#here = circle.place;
  }

  get here(): string | null {
    return this.#here;
  }

  /** Whoever is put out of the place, or leaves it at another terminal, is not there any more. */
  take(output: Output): void {
    const place = placeLost(output, this.#circle.guest.person);
    if (place === null) return;
    if (place === this.#here) {
      this.#here = null;
      this.#screen.setPrompt(this.#prompt());
    }
    if (output.kind === 'act')
      this.#screen.say(`      you are not in ${nameOf(place)} any more: /enter ${nameOf(place)}`, '        ');
  }

  /** That somebody has put him out while he was away, whoever heard it first. */
  expelled(output: Extract<Output, { kind: 'expelled' }>): void {
    const line = this.#putOut.lineOf(output);
    if (line !== null) this.#screen.say(`      ${atThePrompt(line)}`, '        ');
  }

  /** Enters a place, as `/enter` does. */
  async enter(place: string): Promise<void> {
    await this.#visit('enter', place, '/enter');
  }

  /** Reads lines until there are no more, or `/quit`. `failed` is called with what must not happen. */
  async run(interrupted: () => void, failed: (error: unknown) => void): Promise<void> {
    const screen = this.#screen;
    screen.ask(this.#prompt(), (line) => this.#completions(line), interrupted);
    for (let line = await screen.line(); line !== null; line = await screen.line()) {
      const typed = parseLine(line, this.#known());
      if (typed.kind === 'quit') return;
      const done = this.#do(typed, line);
      // Whoever looks on goes on while an answer is under way; where lines are read, they are done one after the other.
      if (screen.isLive && typed.kind === 'say') done.catch(failed);
      else await done;
      screen.setPrompt(this.#prompt());
    }
  }

  /** How to take part from another terminal. */
  elsewhere(): string[] {
    const [first = '', ...rest] = [...this.#endpoints];
    const [domain, at] = rest.length === 0 ? [first[0] ?? '', first[1]] : rest[0]!;
    const p3do = commandHere();
    const place = nameOf(this.#circle.place ?? '');
    return [
      'In another terminal, while this runs:',
      `  export P3DO_HOME=${shellWord(this.#town?.home ?? '')} P3DO_PASSPHRASE=${PASSPHRASE}`,
      `  ${p3do} register zoe@${domain} --server ${at === undefined || typeof at === 'string' ? '' : renderEndpoint(at)}`,
      `  ${p3do} enter ${place} --as zoe@${domain}`,
      `  ${p3do} say ${place} --as zoe@${domain} hello`,
      `  ${p3do} listen --as zoe@${domain}`,
    ];
  }

  /** The servers, a line each. */
  servers(): string[] {
    const widest = Math.max(...[...this.#endpoints.keys()].map(({ length }) => length));
    return [...this.#endpoints].map(([domain, at]) => {
      const pid = this.#town?.pidOf(domain) ?? null;
      const state = pid === null ? 'stopped' : `process ${pid}`;
      return `  ${domain.padEnd(widest)}  ${renderEndpoint(at)}  ${state}`;
    });
  }

  #prompt(): string {
    const { nick, domain } = this.#circle.guest.whose;
    const here = this.#here === null ? '' : ` ${nameOf(this.#here)}`;
    // One's own domain goes without saying.
    return `${nick}${here.endsWith(`@${domain}`) ? here.slice(0, -domain.length - 1) : here}> `;
  }

  get #endpoints(): Town['endpoints'] {
    return this.#town?.endpoints ?? new Map();
  }

  #known(): Known {
    const { guest, place } = this.#circle;
    const domains = this.#town === null ? [guest.whose.domain] : [...this.#endpoints.keys()];
    const placesAt = place === null ? guest.whose.domain : nameOf(place).replace(/^.*@/, '');
    return { domains, people: this.#circle.named, placesAt, target };
  }

  /** What can be typed here. */
  get #commands(): typeof commands {
    if (this.#town !== null) return commands;
    return commands
      .filter(([typed]) => !ofTown.test(typed))
      .map(([typed, does]) => [typed, typed === '/quit' ? 'end' : does]);
  }

  #completions(line: string): string[] {
    if (!line.includes(' ')) {
      const more = this.#town === null ? ['/help'] : ['/help', '/kill'];
      return this.#commands.flatMap(([typed]) => /^\/\w+/.exec(typed) ?? []).concat(more);
    }
    if (/^\/(?:start|stop|kill) /.test(line)) return [...this.#endpoints.keys()];
    if (/^\/(?:enter|leave|history|say) /.test(line))
      return [this.#circle.place ?? this.#here ?? ''].filter((one) => one !== '').map(nameOf);
    return this.#circle.people.map(nameOf);
  }

  async #do(typed: Typed, line: string): Promise<void> {
    const screen = this.#screen;
    if (this.#town === null && ofTown.test(line)) {
      this.#wrong('that is for p3do localserve; /help has what goes here');
      return;
    }
    switch (typed.kind) {
      case 'nothing':
      case 'quit':
        return;
      case 'wrong':
        this.#wrong(typed.why);
        return;
      case 'help':
        for (const [what, does] of this.#commands) screen.say(`  ${what.padEnd(19)}  ${does}`, ' '.repeat(23));
        return;
      case 'elsewhere':
        for (const one of this.elsewhere()) screen.say(one, '    ');
        return;
      case 'servers':
        for (const one of this.servers()) screen.say(one);
        return;
      case 'who':
        await this.#who(typed.place ?? this.#here);
        return;
      case 'say':
        await this.#say(typed.target, typed.text, typed.isAction === true);
        return;
      case 'history':
        await this.#history(typed.place ?? this.#here, typed.rows, line);
        return;
      case 'enter':
      case 'leave':
        await this.#visit(typed.kind, typed.place ?? this.#here, line);
        return;
      case 'start':
      case 'stop':
      case 'kill':
        await this.#server(typed.kind, typed.domain);
    }
  }

  #wrong(why: string): void {
    this.#screen.say(`      ${why}`, '      ');
    this.#screen.tell({ kind: 'wrong', text: why });
  }

  async #who(place: string | null): Promise<void> {
    if (place === null) {
      this.#wrong('you are in no place: /enter @square');
      return;
    }
    const status = await this.#wish({ kind: 'status', place });
    if (status?.kind !== 'status') return;
    const { amount, members } = status;
    const more = members !== null && amount !== null && amount > members.length ? ' …' : '';
    const told = members === null ? `${amount ?? 'some'}; who they are is for members` : members.map(nameOf).join(', ');
    this.#screen.say(`      in ${nameOf(place)}: ${told === '' ? 'nobody' : told}${more}`, '        ');
  }

  async #say(to: string | null, text: string, isAction: boolean): Promise<void> {
    const target = to ?? this.#here;
    if (target === null) {
      this.#wrong('you are in no place: /enter @square, or /msg ada hello');
      return;
    }
    const answered = this.#screen.isLive ? null : this.#circle.answered(target, text, ANSWER_MS_MAX);
    const outcome = await this.#wish({ kind: 'say', target, text, ...(isAction && { isAction }) });
    if (outcome?.kind !== 'stored') return;
    if (target.includes('/~')) {
      const { name } = this.#circle.guest;
      const who = `${name} to ${nameOf(target)} alone`;
      this.#screen.say(`      ${isAction ? `* ${who} ${text}` : `${who}: ${text}`}`, '        ');
    }
    await answered;
  }

  async #history(place: string | null, limit: number, line: string): Promise<void> {
    if (place === null) {
      this.#wrong(`which place? As ${line.trim().split(/\s/, 1)[0]} @square`);
      return;
    }
    await this.#wish({ kind: 'history', place, after: null, limit }, (output) => {
      const told = output.kind === 'heard' ? heardShort(output, this.#here, 'you') : eventShort(output, this.#here);
      if (told !== null && output.kind !== 'expelled') this.#screen.say(told, '        ');
      this.#screen.tell(output);
    });
  }

  async #visit(kind: 'enter' | 'leave', place: string | null, line: string): Promise<void> {
    if (place === null) {
      this.#wrong(`which place? As ${line.trim()} @square`);
      return;
    }
    if (kind === 'enter' && (await this.#isDoubtful(place))) return;
    const outcome = await this.#wish({ kind, place });
    if (outcome?.kind === 'entered') {
      this.#putOut.entered(place);
      this.#here = place;
      for (const one of enteredLine(outcome).trimEnd().split('\n')) this.#screen.say(`      ${one}`, '        ');
    }
    if (outcome?.kind === 'left') {
      if (this.#here === place) this.#here = null;
      this.#screen.say(`      left ${nameOf(place)}`, '        ');
    }
  }

  /** Whether nobody was ever there, and it is written nearly like another place: it is told, and made when it is typed again. */
  async #isDoubtful(place: string): Promise<boolean> {
    const known = [this.#circle.place, this.#here].filter((one) => one !== null);
    const near = meantOf(place, known, true);
    if (near === null || this.#doubted === place) return false;
    const status = await this.#wish({ kind: 'status', place });
    if (status?.kind !== 'status') return true;
    if (!isNothing(status)) return false;
    this.#doubted = place;
    this.#wrong(`there is no ${nameOf(place)}; did you mean ${nameOf(near)}? Typed again it is made`);
    return true;
  }

  async #server(kind: 'start' | 'stop' | 'kill', domain: string): Promise<void> {
    const town = this.#town;
    if (town === null) return;
    const isUp = town.pidOf(domain) !== null;
    if (isUp === (kind === 'start')) {
      this.#wrong(isUp ? `${domain} runs already` : `${domain} does not run: /start ${domain}`);
      return;
    }
    if (kind === 'start') await town.startDomain(domain);
    else await town.endDomain(domain, kind === 'kill');
    const did = { start: 'is up again', stop: 'has stopped', kill: 'was killed' }[kind];
    this.#screen.say(`      ${domain} ${did}`);
    this.#screen.tell({ kind: 'server', domain, pid: town.pidOf(domain) });
  }

  /** Has the guest do something, and tells what went wrong. */
  async #wish(wish: Wish, told: (output: Output) => void = () => {}): Promise<Output | null> {
    const outcome = await this.#circle.guest.do(wish, (output) => {
      if (output.kind === 'expelled') this.expelled(output);
      told(output);
    });
    if (outcome !== null) this.#screen.tell(outcome);
    if (outcome === null) {
      const whom = 'target' in wish ? wish.target : wish.place;
      this.#wrong(`${nameOf(whom)} has not answered yet; it stays under way`);
    } else if (outcome.kind === 'refused')
      this.#wrong(`${nameOf(outcome.target)}: ${atThePrompt(this.#putOut.explained(outcome))}`);
    else if (outcome.kind === 'over') this.#wrong(explained(outcome.code, outcome.by));
    return outcome;
  }
}

/** As it is told elsewhere, with the commands of the prompt. */
const atThePrompt = (sentence: string): string => sentence.replace(/p3do enter/g, '/enter');
