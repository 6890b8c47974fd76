/** What scenes share: how one is played, told and ended, and how long it waits. docs/operating.md#a-scene-about-keys */
import { setTimeout as pause } from 'node:timers/promises';
import { renderEndpoint } from '../../server/config/address.ts';
import { Town, type TownOptions } from '../../server/town/town.ts';
import { inOrder, tidied } from './closing.ts';
import { Commands, SceneError } from './commands.ts';
import type { Ending } from './ending.ts';
import { shortKey } from './replies.ts';
import type { Screen } from './screen.ts';

/** What a scene is played with. */
export interface Stage {
  readonly screen: Screen;
  readonly ending: Ending;
  /** The file of the p3do command, for Node. */
  readonly command: string;
  /** Between two sentences. */
  readonly betweenMs: number;
}

/** How long it may take until a server does what it has to. */
const WAIT_MS_MAX = 120_000;
const LOOK_MS = 150;

/** One scene: what it starts is ended with it. */
export abstract class Scene {
  readonly stage: Stage;
  readonly #given: AbortSignal;
  readonly #commands: Commands[] = [];
  readonly #towns: Town[] = [];

  constructor(stage: Stage, given: AbortSignal) {
    this.stage = stage;
    this.#given = given;
  }

  /** Plays it to its end. Rejects when it is broken off. */
  abstract play(): Promise<void>;

  /** Ends what it has started. May be called again. */
  async close(): Promise<void> {
    await Promise.all(this.#commands.map((commands) => commands.over()));
    await Promise.all(this.#towns.map((town) => town.close()));
  }

  /** Starts a town, whose servers are told as they stand; `whose`: put behind each. */
  protected async town(options: Omit<TownOptions, 'command' | 'ready'>, whose = ''): Promise<Town> {
    const { screen, command } = this.stage;
    const width = Math.max(...options.domains.map(({ length }) => length));
    const town: Town = new Town({
      ...options,
      command,
      ready: (domain) => {
        const key = shortKey(town.fingerprints.get(domain)!);
        screen.say(`  ${domain.padEnd(width)}  ${renderEndpoint(town.endpoints.get(domain)!)}  key ${key}${whose}`);
      },
    });
    this.#towns.push(town);
    this.#given.throwIfAborted();
    await town.start();
    return town;
  }

  protected commandsOf(town: Town): Commands {
    const { screen, command } = this.stage;
    const commands = new Commands(command, town.home, screen, this.#given);
    this.#commands.push(commands);
    return commands;
  }

  protected async tell(text: string): Promise<void> {
    const { screen, betweenMs } = this.stage;
    screen.say(text, '   ');
    screen.tell({ kind: 'told', text: text.trim() });
    if (betweenMs > 0) await pause(betweenMs, undefined, { signal: this.#given });
  }

  /** Looks until there is something. Throws SceneError when it is not in time. */
  protected async within<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
    for (const endMs = performance.now() + WAIT_MS_MAX; ; ) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > endMs) throw new SceneError(`${what}: it has not come in ${WAIT_MS_MAX / 1000} seconds`);
      await pause(LOOK_MS, undefined, { signal: this.#given });
    }
  }
}

/** Plays one, and ends whatever it has started: by itself, or when the ending begins. */
export async function playScene(stage: Stage, of: new (stage: Stage, given: AbortSignal) => Scene): Promise<void> {
  const { screen, ending } = stage;
  const given = new AbortController();
  const scene = new of(stage, given.signal);
  const playing = (async () => {
    await tidied(screen);
    await scene.play();
  })();
  try {
    await Promise.race([playing, ending.begun]);
  } finally {
    // What is broken off complains to nobody.
    playing.catch(() => {});
    await inOrder([
      () => screen.close(),
      () => (ending.isBegun ? undefined : ending.begin()),
      () => screen.sayLast('\nending: servers, databases, folders …'),
      () => given.abort(),
      () => scene.close(),
      // Whatever it was about to open when it was broken off.
      () => playing.catch(() => {}),
      () => scene.close(),
      () => screen.sayLast('all gone.'),
    ]);
  }
  if (ending.error !== null) throw ending.error;
}
