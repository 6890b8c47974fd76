/** Presence: what a person's devices say of him, made one, told to friends; and what is heard of theirs. docs/spec/friends.md#presence */
import { parseOne } from '../../circuit/one-packet.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { SparseMap, SparseSet } from '../../psyc/sparse.ts';
import type { Operation } from '../../store/store.ts';
import { PRESENCE_METHOD, readAnnouncement, type Statement } from './announcement.ts';
import type { Circle } from './circle.ts';
import { type Desk, lease, type Link, type LinkChange } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { domainOf, entityOf, keepLetter, type Letter, letterBytes, newLetter, readdress } from '../letter.ts';
import { insistOnRecords } from '../records.ts';

/** How much somebody is there: 1 is not at all. */
const ABSENT = 1;
/** Of a device that has said nothing of it. */
const HERE = 7;

const CHANNEL = '_presence';

/** The channel of a person's presence. */
export const presenceOf = (person: string): string => `${person}#${CHANNEL}`;

/** The context of what a person's devices have said of him. */
export const announcedBy = (person: string): string => `presence of ${person}`;

const nobody: ReadonlySet<string> = new Set();

/** What others are shown: the person's own word, or without one the home's. */
type Shown = Pick<Statement, 'availability' | 'packet'>;

const absent: Shown = { availability: ABSENT, packet: null };

/** A word of his says how available he is. */
const isSame = (one: Shown, other: Shown): boolean =>
  one.packet === null || other.packet === null
    ? one.packet === other.packet && one.availability === other.availability
    : equalBytes(one.packet, other.packet);

const silent: Statement = { availability: HERE, timeMs: 0, packet: null };

/** What presence needs of its person. */
export interface PresenceOwner {
  readonly uniform: string;
  readonly desk: Desk;
  readonly circle: Circle;
  /** To the main channels that are here; or to one circuit. */
  hear(letter: Letter): void;
}

/** One person's presence. */
export class Presence {
  readonly #owner: PresenceOwner;
  /** By device, hexadecimal; null: not read yet. */
  #said: SparseMap<string, Statement> | null = null;
  readonly #knowing: (() => void)[] = [];
  /** Main channels of devices that are here, and how long those that were lost still count. */
  readonly #here = new SparseMap<string, number>();
  readonly #leaving = new SparseMap<string, number>();
  /** Channels of all kinds: as long as there is one, friends are followed. */
  #channels = 0;
  #isFollowing = false;
  /** What friends were told last. */
  #told: Shown = absent;
  #hasTold = false;
  #tellAtMs = 0;
  /** What was heard of friends. */
  readonly #heard = new SparseMap<string, Letter>();
  readonly #links = new SparseMap<string, { readonly link: Link; readonly changed: (change: LinkChange) => void }>();
  readonly #listing: (() => void)[] = [];
  /** Who are friends, as far as they were told so. */
  #known: ReadonlySet<string> | null = null;
  /** Friends who were asked and have not answered; domains that had no room for what they were to be told. */
  readonly #unsure = new SparseSet<string>();
  readonly #untold = new SparseSet<string>();

  constructor(owner: PresenceOwner) {
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return (
      this.#channels === 0 &&
      this.#leaving.size === 0 &&
      this.#knowing.length === 0 &&
      !this.#isFollowing &&
      this.#untold.size === 0
    );
  }

  queues(): [string, number][] {
    return [['presences', this.#heard.size]];
  }

  /** A channel of a device has come, a main one or not. The circle is known. */
  came(device: Uint8Array, isMain: boolean): void {
    this.#channels++;
    this.#known ??= this.#friendSet();
    const name = hexOf(device);
    if (isMain) {
      this.#here.set(name, (this.#here.get(name) ?? 0) + 1);
      this.#leaving.delete(name);
    }
    this.#read(() => {
      this.#follow();
      this.#tell();
    });
  }

  /** A channel is gone; a device that does not come back in time is. */
  went(device: Uint8Array, isMain: boolean): void {
    const { desk, uniform } = this.#owner;
    const { presenceGraceMs } = desk.options.federationLimits;
    this.#channels = Math.max(0, this.#channels - 1);
    const name = hexOf(device);
    const left = (this.#here.get(name) ?? 1) - 1;
    if (isMain && left > 0) this.#here.set(name, left);
    else if (isMain && this.#here.delete(name)) this.#leaving.set(name, desk.nowMs + presenceGraceMs);
    desk.timer(`presence grace ${uniform}`, presenceGraceMs, () => this.graceOver());
  }

  /** What has been heard of friends, for a channel that comes. */
  letters(): IterableIterator<Letter> {
    return this.#heard.values();
  }

  /** A device says how it is with its person. It holds until the device says otherwise, also over restarts. */
  say(device: Uint8Array, bytes: Uint8Array, done: (outcome: 'kept' | FederationCode | null) => void): void {
    const { desk, uniform } = this.#owner;
    const statement = readAnnouncement(bytes, presenceOf(uniform), device, desk.unixMs);
    if (typeof statement === 'string' || bytes.length > desk.options.federationLimits.presenceBytesMax) {
      done(typeof statement === 'string' ? statement : '_oversized_message');
      return;
    }
    const name = hexOf(device);
    if ((this.#said?.get(name)?.timeMs ?? 0) >= statement.timeMs) {
      // Said before, and said again.
      done('kept');
      return;
    }
    const operation = recordOf(uniform, name, bytes);
    desk.ask({ kind: 'write', operations: [operation] }, (outcome) => {
      if (outcome.kind !== 'written') {
        done(null);
        return;
      }
      this.#said?.set(name, statement);
      this.#tell();
      done('kept');
    });
  }

  /** What is written when devices are revoked: they speak for nobody any more. */
  revocation(devices: readonly Uint8Array[]): Operation[] {
    for (const device of devices) this.#said?.delete(hexOf(device));
    return devices.map((device) => recordOf(this.#owner.uniform, hexOf(device), new Uint8Array(0)));
  }

  /** Somebody asks how it is: a friend is told, who was one hears that nobody is here, nobody else hears anything. */
  asked(by: string): void {
    const { circle, desk } = this.#owner;
    const standing = circle.standingOf(by);
    if (!circle.isFriend(by)) {
      // Whoever was a friend, or is blocked, may have missed that he is told no more.
      if (standing === 'friend' || standing === 'parted') this.#post(this.#plain(ABSENT), by);
      return;
    }
    if (this.#knowing.length >= desk.options.federationLimits.circleMax) return;
    this.#read(() => this.#post(this.#letterOf(this.#current()), by));
  }

  /** How it is with somebody: kept for devices that come, where he is a friend. */
  heard(letter: Letter): void {
    const friend = entityOf(letter.routing.get('_context') ?? '');
    const { circle, desk } = this.#owner;
    if (!this.#isFollowing || !circle.isFriend(friend)) return;
    if ((letter.packet.content?.length ?? 0) > desk.options.federationLimits.presenceBytesMax) return;
    if (letter.packet.method !== PRESENCE_METHOD) return;
    const { _target: _, ...routing } = Object.fromEntries(letter.routing);
    const kept = keepLetter(readdress(routing, letter.packet));
    this.#unsure.delete(friend);
    const before = this.#heard.get(friend);
    this.#heard.set(friend, kept);
    if (before === undefined || !equalBytes(letterBytes(before), letterBytes(kept))) this.#owner.hear(kept);
    if (this.#heard.size >= this.#friends().length) this.#list();
  }

  /** Calls back when all friends have been heard of, or it is no use waiting any longer. */
  whenHeard(listed: () => void): void {
    const { desk, uniform } = this.#owner;
    this.#listing.push(listed);
    if (this.#heard.size >= this.#friends().length) this.#list();
    else desk.timer(`presence list ${uniform}`, desk.options.federationLimits.presenceWaitMs, () => this.#list());
  }

  /** Who is a friend, or is blocked, may be another now. */
  changed(): void {
    const before = this.#known;
    this.#known = this.#friendSet();
    if (before === null) return;
    const gained = [...this.#known].filter((friend) => !before.has(friend));
    for (const friend of gained) this.#read(() => this.#post(this.#letterOf(this.#current()), friend));
    for (const person of before) {
      if (this.#known.has(person)) continue;
      this.#heard.delete(person);
      this.#unsure.delete(person);
      // He is told like everybody who may know no more.
      this.#post(this.#plain(ABSENT), person);
    }
    if (!this.#isFollowing) return;
    this.#follow();
    this.#probe(gained);
  }

  #list(): void {
    for (const listed of this.#listing.splice(0)) listed();
  }

  #friends(): string[] {
    const { circle } = this.#owner;
    return circle.others.filter((other) => circle.isFriend(other));
  }

  #friendSet(): ReadonlySet<string> {
    const friends = this.#friends();
    return friends.length === 0 ? nobody : new Set(friends);
  }

  /** Devices that have not come back in time are gone; `isEnd`: all are, since the account is closed. */
  graceOver(isEnd = false): void {
    const { nowMs } = this.#owner.desk;
    for (const [device, untilMs] of this.#leaving) if (isEnd || untilMs <= nowMs) this.#leaving.delete(device);
    this.#tell();
    if (this.#channels > 0 || this.#leaving.size > 0) return;
    this.#isFollowing = false;
    this.#heard.clear();
    this.#unsure.clear();
    this.#owner.desk.follow(this.#owner.uniform, []);
    for (const { link, changed } of this.#links.values()) link.unwatch(changed);
    this.#links.clear();
  }

  /** Once it is known what the devices have said. */
  #read(known: () => void): void {
    if (this.#said !== null) {
      known();
      return;
    }
    this.#knowing.push(known);
    if (this.#knowing.length > 1) return;
    const { desk, uniform } = this.#owner;
    insistOnRecords(desk, announcedBy(uniform), (records) => {
      this.#said = new SparseMap();
      for (const [device, bytes] of records) {
        // What the clock of its time let in may be from the future by now's: then nothing later would count.
        const statement = readAnnouncement(bytes, presenceOf(uniform), bytesOfHex(device)!, desk.unixMs);
        if (typeof statement !== 'string') this.#said.set(device, statement);
      }
      for (const each of this.#knowing.splice(0)) each();
    });
  }

  /** Follows friends: they are asked, and their domains are kept in reach. */
  #follow(): void {
    const { desk, uniform } = this.#owner;
    const friends = this.#friends();
    desk.follow(uniform, friends);
    const domains = new Set(friends.map(domainOf).filter((domain) => domain !== desk.domain));
    for (const [domain, { link, changed }] of this.#links) {
      if (domains.has(domain)) continue;
      link.unwatch(changed);
      this.#links.delete(domain);
    }
    for (const domain of domains) if (!this.#links.has(domain)) this.#watch(domain);
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#probe(friends);
  }

  #watch(domain: string): void {
    const link = this.#owner.desk.linkTo(domain);
    if (link === null) return;
    const changed = (change: LinkChange): void => {
      // What was said meanwhile was lost, on both sides.
      if (change !== 'connected') return;
      this.#probe(this.#friends().filter((friend) => domainOf(friend) === domain));
      this.#sendTo(domain);
    };
    this.#links.set(domain, { link, changed });
    link.watch(changed);
  }

  /** Asks friends, and again those who do not answer: neither the question nor the answer is numbered. */
  #probe(friends: readonly string[]): void {
    const { desk, uniform } = this.#owner;
    for (const friend of friends) {
      this.#unsure.add(friend);
      const routing = { _source: uniform, _target: presenceOf(friend) };
      desk.post(newLetter({ routing, method: '_request_presence' }));
    }
    if (this.#unsure.size === 0) return;
    desk.timer(`presence ask ${uniform}`, desk.options.deliveryLimits.resendMsMax, () => {
      const isUp = (domain: string): boolean => domain === desk.domain || this.#links.get(domain)?.link.isUp === true;
      const again = [...this.#unsure].filter((friend) => isUp(domainOf(friend)));
      if (this.#isFollowing && again.length > 0) this.#probe(again);
    });
  }

  /** Tells a domain; where its circuit has no room, later. Where it has none, it asks when it has one. */
  #sendTo(domain: string): void {
    const { desk, uniform } = this.#owner;
    const link = desk.linkTo(domain);
    if (!this.#hasTold || link === null) return;
    // One copy for all would be passed on to him as well: his home need not know yet that he is no friend.
    const there = this.#friends().filter((friend) => domainOf(friend) === domain);
    const letter = this.#letterOf(this.#told);
    const letters = this.#hasFormerAt(domain) ? there.map((friend) => addressed(letter, friend)) : [letter];
    const isSent = letters.reduce((isSoFar, each) => link.send(each) && isSoFar, true);
    if (isSent || !link.isUp) {
      this.#untold.delete(domain);
      return;
    }
    this.#untold.add(domain);
    desk.timer(`presence send ${uniform}`, desk.options.deliveryLimits.resendMsMin, () => {
      for (const untold of [...this.#untold]) this.#sendTo(untold);
    });
  }

  /** Tells friends where something has changed, and not more often than so. */
  #tell(): void {
    const { desk, uniform } = this.#owner;
    const { presenceMsMin } = desk.options.federationLimits;
    if (this.#said === null) return;
    const current = this.#current();
    if (isSame(current, this.#told)) return;
    if (desk.nowMs < this.#tellAtMs) {
      desk.timer(`presence tell ${uniform}`, this.#tellAtMs - desk.nowMs, () => this.#tell());
      return;
    }
    this.#tellAtMs = desk.nowMs + presenceMsMin;
    this.#told = current;
    this.#hasTold = true;
    const letter = this.#letterOf(current);
    const friends = this.#friends();
    for (const domain of new Set(friends.map(domainOf))) if (domain !== desk.domain) this.#sendTo(domain);
    desk.tellFollowers(letter, new Set(friends));
  }

  /** Whether somebody there was a friend, and may know nothing any more. */
  #hasFormerAt(domain: string): boolean {
    const { circle } = this.#owner;
    return circle.others.some((other) => {
      const standing = circle.standingOf(other);
      return domainOf(other) === domain && !circle.isFriend(other) && (standing === 'friend' || standing === 'parted');
    });
  }

  /** As it is: the most available of those that are here; who is not seen on one is seen on none. */
  #current(): Shown {
    const devices = [...this.#here.keys(), ...this.#leaving.keys()];
    const said = devices.map((device) => this.#said?.get(device) ?? silent);
    const [best] = said.sort((a, b) => b.availability - a.availability || b.timeMs - a.timeMs);
    const isSeen = best !== undefined && said.every(({ availability }) => availability > ABSENT);
    if (!isSeen) return absent;
    return best.packet === null ? { availability: HERE, packet: null } : best;
  }

  #letterOf({ availability, packet }: Shown): Letter {
    if (packet === null) return this.#plain(availability);
    const { uniform } = this.#owner;
    return readdress({ _context: presenceOf(uniform), _source_relay: uniform }, parseOne(packet));
  }

  /** By the home's own word. */
  #plain(availability: number): Letter {
    const routing = { _context: presenceOf(this.#owner.uniform) };
    return newLetter({ routing, entity: { _degree_availability: String(availability) }, method: PRESENCE_METHOD });
  }

  #post(letter: Letter, to: string): void {
    this.#owner.desk.post(addressed(letter, to));
  }
}

const recordOf = (person: string, device: string, value: Uint8Array): Operation => ({
  op: 'record',
  context: announcedBy(person),
  lease,
  name: device,
  value,
});

/** The same for one of them. */
const addressed = ({ routing, packet }: Letter, to: string): Letter =>
  readdress({ ...Object.fromEntries(routing), _target: to }, packet);
