/** A session of a person's folder at work: dialled to his home, kept on the disk. docs/spec/people.md#session */
import type { Profile } from '../../client/profile/profile.ts';
import type { Output } from '../../client/session/events.ts';
import { Session, type SessionOptions } from '../../client/session/session.ts';
import { SessionShell } from '../../client/session/shell.ts';
import { parseEndpoint } from '../../server/config/address.ts';
import { suite } from '../../server/suite.ts';
import { reach } from '../../server/transport/dial.ts';
import { systemResolver } from '../../server/transport/resolve.ts';
import type { Proxy } from '../../server/transport/socks.ts';
import { systemTimers } from '../../server/transport/timers.ts';

/** What a session is for, and who is told of it. */
export interface AtWork extends Pick<SessionOptions, 'channel' | 'registration' | 'heardMax'> {
  readonly proxy?: Proxy | null;
  /** The domain that is visited, and where it is (`host:port`) if it is not found by that; null: at home. */
  readonly visited?: { readonly domain: string; readonly server: string | null } | null;
  readonly output: (output: Output, shell: SessionShell) => void;
  /** Told each time the home was dialled: null, or why it was not reached. */
  readonly reached?: (error: unknown) => void;
}

/** The session, to be run. */
export function sessionOf(
  profile: Profile,
  { output, proxy = null, visited = null, reached = () => {}, ...rest }: AtWork,
): SessionShell {
  const { domain, server } = visited ?? { domain: profile.whose.domain, server: profile.server };
  const endpoint = server === null ? null : parseEndpoint(server);
  const peers = new Map(endpoint === null ? [] : [[domain, endpoint]]);
  const reaching = { domain, resolver: systemResolver, peers, random: Math.random, timers: systemTimers, proxy };
  return new SessionShell({
    session: new Session({ ...profile.session(suite), ...rest, at: visited?.domain ?? null }),
    async reach(signal) {
      try {
        const stream = await reach(reaching, signal);
        reached(null);
        return stream;
      } catch (error) {
        reached(error);
        throw error;
      }
    },
    keep: (change) => profile.keep(change),
    now: () => ({ monotoneMs: performance.now(), wallMs: Date.now() }),
    after: (delayMs, wake) => systemTimers.after(delayMs, wake),
    output,
  });
}
