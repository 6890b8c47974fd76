/** What a person's own devices ask of his home: drawers, friends, strangers' words. docs/spec/friends.md#at-home */
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Value } from '../../psyc/render.ts';
import { exportRecords, exportRows } from './exporting.ts';
import { cabinetOf, drawerIn, storeDrawer } from './cabinet.ts';
import type { Circle } from './circle.ts';
import type { Closed } from './closing.ts';
import type { Desk } from '../desk.ts';
import type { Done, Tell } from './errand.ts';
import type { FederationCode } from '../error.ts';
import type { Friendship } from './friendship.ts';
import { entityOf, keepLetter, type Letter, letterBytes, newLetter, refusalLetter } from '../letter.ts';
import { type Home, takeMove } from './moving.ts';
import type { Presence } from './presence.ts';
import { readRecords } from '../records.ts';
import { Turns } from '../turns.ts';
import { tellVisits } from '../visitors/visit-reports.ts';

/** What an errand needs of its person. */
export interface ErrandOwner {
  readonly uniform: string;
  readonly desk: Desk;
  readonly circle: Circle;
  readonly friendship: Friendship;
  /** Closes the account by this key. */
  close(key: Uint8Array, done: (outcome: Closed) => void): void;
  readonly presence: Presence;
  readonly residence: Home;
  /** The device that has this channel. */
  deviceOf(channel: string): Uint8Array | null;
  /** He has decided anew whom he blocks or ignores. */
  ruled(): void;
}

type Errand = (owner: ErrandOwner, letter: Letter, tell: Tell, done: Done) => void;

const errands: Readonly<Record<string, Errand>> = {
  _request_store: store,
  _request_retrieve: retrieve,
  _request_friends: friends,
  _request_strangers: strangers,
  _request_dismiss: dismiss,
  _request_close: close,
  _request_export: exportRows,
  _request_records: exportRecords,
  _request_log: log,
  _request_announce: announce,
  _request_presences: presences,
  _request_move: takeMove,
  _request_visits: (owner, _, tell, done) => tellVisits(owner, tell, done),
};

/** Things asked by one person's devices, one after the other. */
export class Errands {
  readonly #owner: ErrandOwner;
  readonly #turns: Turns;

  constructor(owner: ErrandOwner) {
    this.#owner = owner;
    this.#turns = new Turns(owner.desk.options.federationLimits.errandsMax);
  }

  get count(): number {
    return this.#turns.count;
  }

  /** Whether this is one; it is answered now or later, or, where the store does not answer, not at all. */
  take(letter: Letter): boolean {
    const { method } = letter.packet;
    const [, errand] = Object.entries(errands).find(([family]) => method !== null && inherits(method, family)) ?? [];
    if (errand === undefined) return false;
    const kept = keepLetter(letter);
    // Where there is no room there is silence: it may be one that waits already, asked again.
    this.#turns.take((over) => {
      const tell: Tell = (...told) => this.#tell(kept, ...told);
      errand(this.#owner, kept, tell, (code) => {
        if (code !== undefined) this.#refuse(kept, code);
        over();
      });
    });
    return true;
  }

  #tell(letter: Letter, ...[method, entity, data]: Parameters<Tell>): void {
    const { uniform, desk } = this.#owner;
    const { routing } = letter;
    const tag = routing.get('_tag');
    const heading = { _source: uniform, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag };
    const given = Object.entries(entity).filter((pair): pair is [string, Value] => pair[1] !== undefined);
    try {
      desk.post(newLetter({ routing: heading, entity: Object.fromEntries(given), method, data }));
    } catch (error) {
      if (!(error instanceof PsycError)) throw error;
      // What others have said is in it, and is longer than an answer can be.
      this.#refuse(letter, '_oversized_message');
    }
  }

  #refuse(letter: Letter, code: FederationCode): void {
    const answer = refusalLetter(letter, code, this.#owner.uniform);
    if (answer !== null) this.#owner.desk.post(answer);
  }
}

const numberIn = (text: string | undefined): number => (/^[0-9]{1,15}$/.test(text ?? '') ? Number(text) : 0);

function store(owner: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const { uniform, desk, circle } = owner;
  const [name = '', version] = [packet.text('_name'), numberIn(packet.text('_version'))];
  storeDrawer(desk, uniform, name, version, new Uint8Array(packet.value('_value') ?? []), (outcome) => {
    if (outcome === null || typeof outcome === 'string') {
      done(outcome ?? undefined);
      return;
    }
    if (outcome.rules !== null) {
      circle.ruleBy(outcome.rules);
      owner.ruled();
    }
    tell('_echo_store', { _name: name, _version: String(outcome.version) });
    done();
  });
}

function retrieve({ uniform, desk }: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const name = packet.text('_name') ?? '';
  readRecords(desk, cabinetOf(uniform), (records) => {
    if (records !== null) {
      const { version, value } = drawerIn(records, name);
      tell('_echo_retrieve', { _name: name, _version: String(version), _value: value });
    }
    done();
  });
}

/** A page of the others behind `_after`, each with both words, so that whoever reads them need not take ours. */
function friends({ desk, circle, friendship }: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const [after, only] = [packet.text('_after') ?? '', packet.text('_uniform')];
  const { othersRowsMax, historyBytesMax } = desk.options.federationLimits;
  const all = circle.others.filter((other) => other > after && (only === undefined || other === only));
  let bytes = 0;
  const goOn = (at: number): void => {
    const other = all[at];
    if (other === undefined || at >= othersRowsMax || bytes > historyBytesMax) {
      tell('_echo_friends', { _next: other === undefined ? undefined : all[at - 1] });
      done();
      return;
    }
    friendship.withPair(other, (pair) => {
      if (pair === null) {
        done();
        return;
      }
      bytes += (pair.mine?.packet.length ?? 0) + (pair.theirs?.packet.length ?? 0);
      tell('_status_friend', {
        _uniform: other,
        _standing: circle.standingOf(other) ?? undefined,
        _packet_mine: pair.mine?.packet,
        _packet_theirs: pair.theirs?.packet,
      });
      goOn(at + 1);
    });
  };
  goOn(0);
}

/** A page of what strangers have written behind `_after`, as it lies in the log. */
function strangers({ uniform, desk, circle }: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const { othersRowsMax, historyBytesMax } = desk.options.federationLimits;
  const rows = circle.strangersAfter(numberIn(packet.text('_after')));
  let bytes = 0;
  const goOn = (at: number): void => {
    const row = rows[at];
    if (row === undefined || at >= othersRowsMax || bytes > historyBytesMax) {
      tell('_echo_strangers', { _next: row === undefined ? undefined : String(rows[at - 1]?.sequence ?? 0) });
      done();
      return;
    }
    const page = { kind: 'read', context: uniform, after: row.sequence - 1, rowsMax: 1 } as const;
    desk.ask(page, (outcome) => {
      const [found] = outcome.kind === 'rows' ? outcome.rows : [];
      if (found === undefined) {
        done();
        return;
      }
      bytes += found.packet.length;
      tell('_status_stranger', { _uniform: row.author, _sequence: String(row.sequence), _packet: found.packet });
      goOn(at + 1);
    });
  };
  goOn(0);
}

/** Takes somebody's words off the strangers', without an answer to him. */
function dismiss({ desk, circle }: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const person = packet.text('_uniform') ?? '';
  const operations = circle.dismissal(person);
  const isAsked = circle.standingOf(person) === 'asked';
  if (isAsked) operations.push(...circle.operationsOf(person, 'parted', false));
  const told = (): void => {
    tell('_echo_dismiss', { _uniform: person });
    done();
  };
  if (operations.length === 0) {
    told();
    return;
  }
  desk.ask({ kind: 'write', operations }, (outcome) => {
    if (outcome.kind !== 'written') {
      done();
      return;
    }
    if (isAsked) circle.set(person, 'parted', operations);
    else circle.dismissed(operations);
    told();
  });
}

/** Everything of the account goes; the device that asked is told last. */
function close(owner: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  owner.close(new Uint8Array(packet.value('_key') ?? []), (outcome) => {
    if (outcome === 'closed') tell('_echo_close', {});
    done(outcome === 'closed' || outcome === 'unknown' ? undefined : outcome);
  });
}

/** How long the person's log is. */
function log({ uniform, desk }: ErrandOwner, _: Letter, tell: Tell, done: Done): void {
  desk.ask({ kind: 'marks', context: uniform }, (outcome) => {
    if (outcome.kind === 'marks') tell('_echo_log', { _sequence: String(outcome.last) });
    done();
  });
}

/** A device says how it is with its person. */
function announce(owner: ErrandOwner, { routing, packet }: Letter, tell: Tell, done: Done): void {
  const device = owner.deviceOf(routing.get('_source') ?? '');
  if (device === null) {
    done();
    return;
  }
  owner.presence.say(device, new Uint8Array(packet.value('_packet') ?? []), (outcome) => {
    if (outcome === 'kept') tell('_echo_announce', {});
    done(outcome === 'kept' ? undefined : (outcome ?? undefined));
  });
}

/** A page of how it is with friends behind `_after`, as far as is known; who has not answered is none of them. */
function presences({ desk, presence }: ErrandOwner, { packet }: Letter, tell: Tell, done: Done): void {
  const after = packet.text('_after');
  const { othersRowsMax, historyBytesMax } = desk.options.federationLimits;
  const listed = (): void => {
    const rows = [...presence.letters()]
      .map((letter) => ({ friend: entityOf(letter.routing.get('_context') ?? ''), bytes: letterBytes(letter) }))
      .filter(({ friend }) => friend > (after ?? ''))
      .sort((a, b) => (a.friend < b.friend ? -1 : 1));
    let [at, sum] = [0, 0];
    for (; at < Math.min(rows.length, othersRowsMax) && sum <= historyBytesMax; at++) {
      const { friend, bytes } = rows[at]!;
      sum += bytes.length;
      tell('_status_presence', { _uniform: friend, _packet: bytes });
    }
    tell('_echo_presences', { _next: at < rows.length ? rows[at - 1]!.friend : undefined });
    done();
  };
  // Who asks for another page has waited.
  if (after === undefined) presence.whenHeard(listed);
  else listed();
}
