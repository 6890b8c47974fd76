/** How many servers keep a publication, as the one that took it has been told. docs/spec/feeds.md#publishing */
import { systemTimers } from '../../server/transport/timers.ts';
import { type Shared, tell } from './conversation.ts';
import type { Talk } from './talk.ts';

/** How often it is asked how far it has come. */
const ASK_MS = 250;

/** What is asked after. */
export interface Reach {
  readonly target: string;
  /** The publication's id in hex: of this person another device may have published since. */
  readonly publication: string | null;
  /** Servers to wait for. */
  readonly wanted: number;
}

/** Asks how many servers keep it, until so many do, or it cannot be asked. */
export async function reached(
  talk: Pick<Talk, 'ask'>,
  { target, publication, wanted }: Reach,
  options: Shared,
): Promise<void> {
  const entity = publication === null ? {} : { _publication: publication };
  const excused = ['_unsupported_method'];
  let told = 1;
  while (told < wanted) {
    const answer = await talk.ask({ target, method: '_request_reach', entity, excused });
    if (answer === null || typeof answer === 'string') break;
    const servers = Number(answer.at(-1)?.packet.text('_amount_servers') ?? 1);
    if (servers > told) {
      told = servers;
      tell(options, { kind: 'reached', target, servers }, `reached ${servers} servers\n`);
    } else await new Promise((go) => systemTimers.after(ASK_MS, () => go(null)));
  }
}
