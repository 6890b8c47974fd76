/** An owner of circuits that notes what it hears, and wakes whoever waits for it. */
import type { Packet } from '../../../psyc/packet.ts';
import type { CircuitOwner, CircuitRunner } from './runner.ts';
import type { Channel } from '../../../server/transport/stream.ts';

/** Waits for what others do, without a clock: whoever changes something says so. */
class Watch {
  #waiting: (() => void)[] = [];

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((look) => this.#waiting.push(look));
  }
}

/** Notes what a circuit's owner hears, a line each. */
export class Ear extends Watch implements CircuitOwner {
  readonly lines: string[] = [];
  readonly channels: Channel[] = [];
  readonly circuits: CircuitRunner[] = [];
  /** What to do at a packet, beside noting it. */
  answer: ((circuit: CircuitRunner, packet: Packet, routing: ReadonlyMap<string, string>) => void) | null = null;

  opened(circuit: CircuitRunner, channel: Channel): void {
    this.circuits.push(circuit);
    this.channels.push(channel);
    this.changed();
  }

  ready(): void {
    this.#note('ready');
  }

  packet(circuit: CircuitRunner, packet: Packet, routing: ReadonlyMap<string, string>): void {
    this.#note(`packet ${routing.get('_source') ?? ''} ${packet.method} ${packet.dataText}`);
    this.answer?.(circuit, packet, routing);
  }

  refused(): void {
    this.#note('refused');
  }

  closed(_circuit: CircuitRunner, code: string): void {
    this.#note(`closed ${code}`);
  }

  /** Once this line, or one that the pattern fits, was heard so often. */
  async heard(line: string | RegExp, times = 1): Promise<void> {
    const fits = (heard: string): boolean => (typeof line === 'string' ? heard === line : line.test(heard));
    await this.until(() => this.lines.filter(fits).length >= times);
  }

  #note(line: string): void {
    this.lines.push(line);
    this.changed();
  }
}
