/** Hosts and what lies between them: links, datagrams and streams under one set of faults. docs/simulator.md#network */
import type { Clock } from './clock.ts';
import { Datagrams } from './datagrams.ts';
import type { Faults } from './faults.ts';
import { Links } from './links.ts';
import type { Random } from './random.ts';
import { Streams } from './streams.ts';

/** One network. Links and streams and datagrams draw from streams of their own, so that one does not shift the other. */
export class Network {
  readonly links: Links;
  readonly datagrams: Datagrams;
  readonly streams: Streams;

  constructor(clock: Clock, random: Random, faults: Faults) {
    this.links = new Links(clock, random.stream('links'), faults);
    this.datagrams = new Datagrams(clock, random.stream('datagrams'), faults, this.links);
    this.streams = new Streams(clock, random.stream('streams'), faults, this.links);
  }
}
