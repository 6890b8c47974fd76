/** A server of the scene `trust` is gone for a while: its person speaks through others, and its home hears of it when it is back. docs/simulator.md#trust */
import { render } from '../../psyc/render.ts';
import type { Device } from './device.ts';
import { SECOND } from './federation-run.ts';
import { Speaker } from './speaker.ts';
import { hostOf } from './town.ts';
import { planWords, type Townsman } from './trust-people.ts';
import type { TrustRun } from './trust-run.ts';
import { domains, killed, people, robbed, squares, visiting } from './trust-town.ts';

/** When it is asked where one has been. */
const askFromUs = 34 * SECOND;
const askEveryUs = 3 * SECOND;
/** A home is silent for a while before its people go elsewhere. */
const patienceUs = 2 * SECOND;

/** Kills the server, and has its person visit one or two others; gives the visiting device as it comes. */
export function planVisits(
  run: TrustRun,
  { plan, identity, author, speaker, entered }: Townsman,
  came: (device: Device) => void,
): void {
  const { world, homes } = run;
  const random = world.random.stream('visits');
  const [killUs, goneUs] = [random.between(6 * SECOND, 12 * SECOND), random.between(8 * SECOND, 14 * SECOND)];
  const host = homes.get(killed)!.host!;
  world.clock.at(killUs, () => host.stop());
  world.clock.at(killUs + goneUs, () => host.resume());
  // Whose key is stolen may be anybody.
  const hosts = random.shuffle(domains.filter((domain) => domain !== killed && domain !== robbed));
  // Nobody is one of his home's people by way of another server.
  const isElsewhere = (uniform: string): boolean => hostOf(uniform) !== killed;
  const others = people.map(({ uniform }) => uniform).filter(isElsewhere);
  const untilUs = killUs + goneUs;
  for (const [at, domain] of hosts.slice(0, random.between(1, 2)).entries()) {
    const fromUs = killUs + patienceUs + at * 3 * SECOND;
    world.clock.at(fromUs, () => {
      const visitor = new Speaker(run, visiting(plan, domain), identity, author);
      came(visitor.machine);
      planWords(run, visitor, { fromUs, untilUs }, others, entered, squares.filter(isElsewhere));
    });
  }
  const { channel, person } = speaker.plan;
  const ask = (number: number): void => {
    const tag = `visits-${number}`;
    const packet = render({ routing: { _source: channel, _target: person, _tag: tag }, method: '_request_visits' });
    speaker.ask(tag, packet, () => {});
    world.clock.after(askEveryUs, () => ask(number + 1));
  };
  world.clock.at(askFromUs, () => ask(1));
}
