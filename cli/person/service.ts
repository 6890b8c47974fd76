/** What commands have in common that ask a service which knows nobody: as nobody, or by way of one's home. docs/spec/pigeonhole.md#client */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Asking } from '../../client/anonymous/asking.ts';
import { Client } from '../../client/client.ts';
import {
  type Request,
  refusalOf,
  type Service,
  ServiceRefusal,
  type Surroundings,
} from '../../client/services/asking.ts';
import { askingLimits } from '../../client/services/limits.ts';
import type { AskWish } from '../../round-trips/wish.ts';
import { suite } from '../../server/suite.ts';
import { askingOnce, type HiddenOptions, refuseHidden, withHidden } from './asking.ts';
import { sentenceOf } from './codes.ts';
import { complain, fail, type Shared, whoseOf } from './conversation.ts';
import { type Talk, talk } from './talk.ts';

/** Options of those that ask such a service something. */
export interface ServiceOptions extends Shared, HiddenOptions {
  readonly direct?: true;
}

/** As nobody, or by way of one's home. */
export type Way = 'anonymous' | 'direct';

/** A round trip takes ten minutes at most; several may be needed. */
const PATIENCE_SECONDS = { direct: 60, anonymous: 3600 } as const;
/** What a server tells that does not know what came of it, or had no room: asked anew, since nothing is done twice. */
const AGAIN = ['_mor_interrupted', '_mor_unanswered', '_mor_full'];

/** It has been told why nothing comes of it. */
class Told extends Error {}

/** How it is to be asked: as the options say, or as before. `what`: the service, as `the domain of the box`. Wrong usage ends the command. */
export function wayOf(command: Command, options: ServiceOptions, what: string, known?: Way): Way {
  const { direct, anonymous } = options;
  if (direct === true && anonymous === true) command.error('it is either --anonymous or --direct');
  const said = direct === true ? 'direct' : anonymous === true ? 'anonymous' : known;
  if (said === undefined)
    command.error(`--anonymous or --direct is needed: with --direct your home and ${what} see that it is you`);
  if (said === 'direct') refuseHidden(command, options);
  return said;
}

/** Something went wrong that is its user's to know, by code and sentence; null: something else. */
export type FaultOf = (error: unknown) => { readonly code: string; readonly message: string } | null;

/** Runs it; what is wrong with what it asks for is told as the command's failure. */
export async function telling(
  command: Command,
  options: Pick<Shared, 'json'>,
  faultOf: FaultOf,
  course: () => Promise<void>,
): Promise<void> {
  try {
    await course();
  } catch (error) {
    if (error instanceof Told) return;
    const fault = faultOf(error);
    if (fault === null) throw error;
    fail(command, options, fault.code, `${fault.message} (${fault.code})`);
  }
}

/** What is asked, and what may be wrong with it. */
export interface Errand {
  readonly service: Service;
  /** Work that is done before anybody has asked for more. */
  readonly firstBits: number;
  readonly faultOf: FaultOf;
}

/** Runs a course that asks the service; what fails is told. `folder` has the person's files. */
export async function asking(
  command: Command,
  options: ServiceOptions,
  way: Way,
  { service, firstBits, faultOf }: Errand,
  course: (around: Surroundings, folder: string) => Promise<void>,
): Promise<void> {
  const whose = await whoseOf(command, options.as);
  const { folder } = whose;
  const around = (request: Request): Surroundings => ({
    suite,
    request,
    unixMs: () => Date.now(),
    firstBits,
    working: (bits) =>
      complain(command, `so much work is asked for, ${bits} bits: about ${aboutMinutes(bits)} of this machine`),
    pause: async () => setImmediate(),
  });
  const timeout = options.timeout ?? PATIENCE_SECONDS[way];
  const run = (request: Request): Promise<void> =>
    telling(command, options, faultOf, async () => course(around(request), folder));
  await talk(command, { ...options, timeout }, async (home) => {
    if (way === 'direct') await run(directly(home, service));
    else await askingOnce(command, options, home, whose, async (one, wish) => run(asNobody(home, one, wish)));
  });
}

/** Over the circuit to the home, which passes it on: both see who asks. */
function directly(home: Talk, service: Service): Request {
  return async (target, { method, entity }) => {
    const told = await home.ask({ target, method, entity, excused: Object.keys(service.refusals) });
    if (told === null) throw new Told();
    if (typeof told === 'string') return told;
    const answer = told.at(-1);
    if (answer === undefined) throw refusalOf(service, service.invalid);
    return answer.packet;
  };
}

/** Over onions, and the answer over tickets: nobody sees who asks. */
function asNobody(home: Talk, one: Asking, anonymous: AskWish): Request {
  return async (target, request) => {
    for (let tries = 1; ; tries++) {
      const answer = await new Client(home, one).request(target, request, { anonymous });
      if (answer.kind === 'refused') throw new Told();
      if (answer.kind === 'failure')
        throw new ServiceRefusal(answer.code, sentenceOf(answer.code) ?? 'no answer has come');
      const packet = answer.packets.at(-1)!;
      const isAgain = AGAIN.includes(packet.text('_code') ?? '') && tries < askingLimits.triesMax;
      if (!isAgain) return packet;
    }
  };
}

/** Adds the choice of a way, for what is asked later. `what`: as in `wayOf`. */
export const withChoice = (command: Command, what: string): Command =>
  command
    .option('--anonymous', 'as nobody: over onions, and the answer over tickets')
    .option('--direct', `by way of your home: it and ${what} see that it is you`);

/** Adds the options that say how it is asked. */
export const withWay = (command: Command, what: string): Command =>
  withHidden(withChoice(command, what), 'as nobody: ');

/** At about two million hashes a second. */
function aboutMinutes(bits: number): string {
  const minutes = Math.max(1, Math.round(2 ** bits / 120_000_000));
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}
