/** What becomes of messages in parts, and of questions, where cells are lost. docs/simulator.md#round-trips */
import type { Suite } from '../../crypto/suite.ts';
import { Assembly } from '../../onion/assembly.ts';
import { drawRoute } from '../../onion/route.ts';
import { sealOnion } from '../../onion/seal.ts';
import { cutMessage } from '../../onion/split.ts';
import { AskingTown } from './town.ts';

/** What is played. */
export interface LossSetting {
  /** Of a hundred cells that leave somewhere so many are lost. */
  readonly losses: readonly number[];
  /** Messages in parts of each sort, and questions. */
  readonly messages: number;
  readonly questions: number;
  /** Bytes of a message. */
  readonly bytes: number;
  readonly hops: number;
  readonly level: number;
}

/** As it is played where nobody says otherwise. */
export const lossDefaults = {
  losses: [0, 10, 30],
  messages: 300,
  questions: 10,
  bytes: 9_000,
  hops: 3,
  level: 1,
} as const satisfies LossSetting;

/** Spare shards in percent of those that are needed: none, as usual, and more. */
const SPARES = [0, 50, 200] as const;

/** Messages of one sort. */
interface Parted {
  readonly needed: number;
  readonly sent: number;
  /** Share of the messages that were put together. */
  readonly arrived: number;
}

/** What came of one loss. */
export interface LossRow {
  readonly lossPercent: number;
  readonly parted: readonly Parted[];
  /** Shares of the questions that were answered: the first time they were asked, and in the end. */
  readonly once: number;
  readonly inTheEnd: number;
  /** Of those that were answered. */
  readonly attempts: number;
  /** Secrets that were used twice: none may be. */
  readonly usedTwice: number;
}

const QUARTER_MS = 900_000;

/** Plays one loss after the other, and gives each when it is known. `suite`: whose chance decides everything. */
export function* playLosses(suite: Suite, setting: LossSetting): Generator<LossRow> {
  for (const lossPercent of setting.losses) {
    const parted = SPARES.map((spare) => playParted(suite, setting, lossPercent, spare));
    yield { lossPercent, parted, ...playQuestions(suite, setting, lossPercent) };
  }
}

/** Messages to one server, each part over a route of its own, said once. */
function playParted(
  suite: Suite,
  { messages, bytes, hops }: LossSetting,
  lossPercent: number,
  sparePercent: number,
): Parted {
  const town = new AskingTown(suite, { level: 0, hops, tickets: 0 });
  town.lossPercent = lossPercent;
  const { stations } = town;
  const last = stations.find(({ domain }) => domain === 'b.test')!;
  const assembly = new Assembly(suite, () => null);
  let [arrived, needed, sent] = [0, 0, 0];
  town.part = (content) => {
    if (assembly.add(content, town.clock.nowMs).kind === 'whole') arrived++;
  };
  for (let message = 0; message < messages; message++) {
    const { blocks } = cutMessage(suite, suite.random(bytes), suite.random, { sparePercent });
    const contents = blocks.flatMap((block) => block.contents);
    needed = blocks.reduce((sum, { m }) => sum + m, 0);
    sent = contents.length;
    for (const content of contents) {
      const route = drawRoute(suite, stations, hops, last, 1000 * town.nowSeconds)!;
      town.hand(sealOnion(suite, route, 'exit', content, town.nowSeconds, suite.random).onion);
    }
    town.run(60_000);
  }
  return { needed, sent, arrived: arrived / messages };
}

function playQuestions(suite: Suite, { questions, hops, level }: LossSetting, lossPercent: number) {
  const town = new AskingTown(suite, { level, hops, tickets: 2 });
  town.lossPercent = lossPercent;
  let [once, inTheEnd, attempts] = [0, 0, 0];
  for (let question = 0; question < questions; question++) {
    const trip = String(question);
    town.ask(trip, { hops, level });
    town.run(QUARTER_MS, () => town.told.has(trip));
    const told = town.told.get(trip);
    if (told?.kind !== 'answer') continue;
    inTheEnd++;
    attempts += told.how.attempts;
    if (told.how.attempts === 1) once++;
  }
  return {
    once: once / questions,
    inTheEnd: inTheEnd / questions,
    attempts: inTheEnd === 0 ? 0 : attempts / inTheEnd,
    usedTwice: town.used.twice,
  };
}
