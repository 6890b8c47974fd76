/** Tickets in the scene `onions`: their secrets are left at servers, which crash, and used twice, or when they are over; and routes there of such secrets. docs/simulator.md#onions */
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { forgottenKey } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import { drawRoute, type Station } from '../../onion/route.ts';
import { sealOnion } from '../../onion/seal.ts';
import { makeTicket, useTicket } from '../../onion/ticket.ts';
import { hopsOver } from '../../round-trips/ways.ts';
import type { Observation } from '../observation.ts';
import type { Random } from '../random.ts';

/** What is made of the secrets that an onion has left. */
const kinds = ['twice', 'there', 'over'] as const;
const LAYERS = 2;
/** A ticket that was made so long ago is over. */
const AGO_SECONDS = 9 * 86_400;
/** The second time is so much later; which of the two is put out first the clocks of servers say. */
const TWICE_MS = 3_000;

/** Secrets, the first server's first, and the last one's domain. */
interface Left {
  readonly secrets: readonly Uint8Array[];
  readonly last: string;
}

interface Options {
  /** Which of the kinds comes first. */
  readonly first: number;
  /** The server of those people. */
  readonly from: string;
  readonly suite: Suite;
  readonly random: Random;
  /** Those that do as they should. */
  readonly stations: readonly Station[];
  readonly nowSeconds: () => number;
  readonly after: (delayMs: number, happen: () => void) => void;
  readonly observe: (observation: Observation) => void;
  /** Gives the server an onion, if it is up. */
  readonly hand: (onion: Uint8Array) => void;
}

/** Those of the people at one server. */
export class OnionTickets {
  readonly #options: Options;
  /** What onions are to leave, by their tags; it is left when they have come out. */
  readonly #coming = new Map<string, Left>();
  readonly #kept: Left[] = [];
  #came: number;
  #went = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#came = options.first;
  }

  /** An onion that leaves a secret at each server that it goes over, and comes out under this tag. */
  deposit(tag: string): Uint8Array {
    const { suite, random, stations, nowSeconds, from } = this.#options;
    const last = random.pick(stations.filter(({ domain }) => domain !== from));
    const route = drawRoute(suite, stations, LAYERS, last, 1000 * nowSeconds())!;
    const hops = route.map((hop) => ({ ...hop, isDeposit: true }));
    const packet = this.#said(tag, last.domain);
    const { onion, deposits } = sealOnion(suite, hops, 'exit', packet, nowSeconds(), suite.random);
    this.#coming.set(tag, { secrets: deposits.map((one) => one!.secret), last: last.domain });
    return onion;
  }

  /** An onion has come out: what it has left is used at once for a ticket, twice or when that is over; or kept for a route there. */
  delivered(tag: string): void {
    const left = this.#coming.get(tag);
    if (left === undefined) return;
    this.#coming.delete(tag);
    const kind = kinds[this.#came++ % kinds.length]!;
    if (kind === 'there') this.#kept.push(left);
    else this.#useTicket(left.secrets, kind === 'over');
  }

  /** Somebody says something over each route that can be made of what is kept. */
  goThere(): void {
    for (const left of this.#kept.splice(0)) this.#goThere(left);
  }

  #goThere({ secrets, last }: Left): void {
    const { suite, nowSeconds, observe, from, hand } = this.#options;
    const key = `${from}-over-secrets-${++this.#went}`;
    const packet = this.#said(key, last);
    const { onion } = sealOnion(suite, hopsOver(suite, oneTime(secrets)), 'exit', packet, nowSeconds(), suite.random);
    observe({ kind: 'handed', host: from, key, onion, isCalm: true });
    hand(onion);
  }

  #useTicket(secrets: readonly Uint8Array[], isOver: boolean): void {
    const { suite, nowSeconds, after, observe, hand } = this.#options;
    const madeSeconds = nowSeconds() - (isOver ? AGO_SECONDS : 0);
    const hops = oneTime([...secrets.toReversed(), suite.random(32)]).map((hop) => ({
      ...hop,
      alpha: forgottenKey(suite, suite.random),
      delayMs: 0,
    }));
    const { ticket } = makeTicket(suite, hops, madeSeconds, suite.random);
    // The first is put out by whoever answers, as often as he likes.
    const behind = hops.slice(1).map(({ secret }) => hexOf(oneTimeTag(suite, secret)));
    observe({ kind: 'ticket', behind, isOver });
    const answer = (text: string): void =>
      hand(useTicket(suite, ticket, textBytes(`_echo\n${text}\n|\n`), madeSeconds, suite.random));
    answer('yes');
    if (!isOver) after(TWICE_MS, () => answer('no'));
  }

  /** Words for somebody at that server. */
  #said(tag: string, domain: string): Uint8Array {
    const target = `psyc://${domain}/~bob`;
    const content = `_message_private\nthis is ${tag}\n`;
    const said = { key: tag, author: '', target, tag, counter: 1, content: textBytes(content) };
    this.#options.observe({ kind: 'said', ...said });
    return textBytes(`:_target\t${target}\n:_tag\t${tag}\n\n${content}|\n`);
  }
}

const oneTime = (secrets: readonly Uint8Array[]) => secrets.map((secret) => ({ secret }));
