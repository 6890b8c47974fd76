/** Somebody who lives in a town: keys and a folder of his own, ears that stay, and a voice. docs/operating.md#playground */
import { personFolder, surroundings } from '../../client/profile/folder.ts';
import { lock, type Release } from '../../client/profile/lock.ts';
import { madeFolder, Profile, type Whose } from '../../client/profile/profile.ts';
import type { Output } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import { renderEndpoint } from '../../server/config/address.ts';
import { suite } from '../../server/suite.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import type { Proxy } from '../../server/transport/socks.ts';
import { explained } from '../person/codes.ts';
import { sessionOf } from '../person/session.ts';
import { Talk } from '../person/talk.ts';
import { Voice, type Wish } from './voice.ts';

/** Of all identities of a town: nothing here outlives it, and whoever tries commands has to know it. */
export const PASSPHRASE = 'try';

/** Why somebody cannot live here; `code` is the server's. */
class ResidentError extends Error {
  override readonly name = 'ResidentError';
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** One person of a town. */
export class Resident {
  readonly whose: Whose;
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** Fingerprints of the keys that this person has pinned, hexadecimal, by domain or uniform. */
  readonly pinned = new Map<string, string>();
  readonly #voice: Voice;
  readonly #releases = new Set<Release>();
  #ears: SessionShell | null = null;
  #home: Talk | null = null;
  #told: (output: Output) => void = () => {};

  readonly #proxy: Proxy | null;

  private constructor(whose: Whose, proxy: Proxy | null = null) {
    this.#proxy = proxy;
    this.whose = whose;
    this.person = `psyc://${whose.domain}/~${whose.nick}`;
    this.#voice = new Voice({
      proxy,
      profile: () => this.#profile(),
      lock: () => this.#locked('side'),
      told: (output) => {
        if (output.kind === 'stored before' || output.kind === 'refused') this.#told(output);
      },
    });
  }

  /** Somebody who has keys and folder already. */
  static of(whose: Whose, proxy: Proxy | null): Resident {
    return new Resident(whose, proxy);
  }

  /** Makes keys and folder; nobody is asked yet. */
  static async make(home: string, nick: string, domain: string, at: Endpoint): Promise<Resident> {
    const folder = personFolder(surroundings({ P3DO_HOME: home }), nick, domain);
    const resident = new Resident({ folder, nick, domain });
    await madeFolder(folder);
    const now = Math.floor(Date.now() / 1000);
    await Profile.make(resident.whose, { suite, now, passphrase: PASSPHRASE, server: renderEndpoint(at) });
    return resident;
  }

  /** `nick@domain`. */
  get name(): string {
    return `${this.whose.nick}@${this.whose.domain}`;
  }

  /** Of the identity key, hexadecimal. */
  async fingerprint(): Promise<string> {
    return (await this.#profile()).device.identity;
  }

  /**
   * Registers on the way, where `registration` is given, and hears everything from then on; resolves when the server has let this
   * person in. `waiting` is told which process listens already.
   */
  async listen(
    told: (output: Output) => void,
    registration: { readonly invite: string | null } | null = { invite: null },
    waiting: (pid: number) => void = () => {},
  ): Promise<void> {
    this.#told = told;
    const release = await this.#locked('main', waiting);
    const profile = await this.#profile();
    return new Promise((ready, failed) => {
      let isReady = false;
      const shell = sessionOf(profile, {
        channel: 'main',
        registration,
        proxy: this.#proxy,
        output: (output) => {
          if (this.#home?.take(output) === true) return;
          if (output.kind === 'first key') this.pinned.set(output.of, output.fingerprint);
          if (output.kind === 'ready') {
            isReady = true;
            ready();
          }
          if (output.kind === 'over') failed(new ResidentError(output.code, `${this.name}: ${explained(output.code)}`));
          told(output);
        },
      });
      this.#ears = shell;
      this.#home = new Talk(this.person, shell);
      void shell.run().then(release, (error: unknown) => {
        // Nobody waits any more: it ends the whole.
        if (isReady) throw error;
        failed(error);
      });
    });
  }

  /** What is asked of the home beside what the person does; null: nobody listens yet. */
  get home(): Talk | null {
    return this.#home;
  }

  /** What becomes of a wish; null: nobody has answered yet. `told` is told of what comes before. */
  do(wish: Wish, told?: (output: Output) => void): Promise<Output | null> {
    return this.#voice.wish(wish, told);
  }

  /** Ends all sessions of this process. */
  async leave(): Promise<void> {
    this.#ears?.stop();
    await this.#voice.hush();
    await Promise.all([...this.#releases].map((release) => release()));
  }

  async #profile(): Promise<Profile> {
    const profile = await Profile.open(this.whose);
    if (profile === null) throw new ResidentError('_profile_unknown', `${this.whose.folder} is gone`);
    return profile;
  }

  async #locked(what: 'main' | 'side', waiting: (pid: number) => void = () => {}): Promise<Release> {
    const release = await lock(this.whose.folder, what, waiting);
    const once: Release = () => {
      this.#releases.delete(once);
      return release();
    };
    this.#releases.add(once);
    return once;
  }
}
