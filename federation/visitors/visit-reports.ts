/** A home hears where its people have logged in while it was silent: each visit is told as soon as it answers. docs/spec/people.md#visitors */
import { messageOf } from '../../circuit/message.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { withoutChannel } from '../../psyc/uniform.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationLimits } from '../../publication/limits.ts';
import type { Author } from '../../publication/sign.ts';
import { readVisit, visitingDevice } from '../../publication/visit.ts';
import type { Operation } from '../../store/store.ts';
import type { Authors } from '../keys/authors.ts';
import type { Desk } from '../desk.ts';
import type { Done, Tell } from '../people/errand.ts';
import { answerLetter, domainOf, entityOf, isPerson, keepLetter, type Letter, newLetter } from '../letter.ts';
import { echoOf } from '../methods.ts';
import { readRecords, record, type RecordName, type Records } from '../records.ts';
import { digitsOf, visitRecord } from './visits.ts';
import { recourse } from '../../store/errors.ts';

/** Of a device's id in the name of a visit. */
const DIGITS = 16;

/** The context of what a home knows of its person's visits. */
export const visitsOf = (person: string): string => `visits of ${person}`;

/** How often a visitor's home is told of the same device again. */
const AGAIN_MS = 86_400_000;

/** The name of what tells; what it says is numbered, and kept until it is answered, like anybody's words. */
const SERVICE = '$visits';

const toldRecord = (visitor: string): RecordName => `told ${digitsOf(visitor)}`;

/** Whether a home is to be told of a device's visit; `records` are its person's here. */
export function isWorthReporting(records: Records, visitor: string, unixMs: number): boolean {
  const told = records.get(toldRecord(visitor));
  return told === undefined || unixMs - Number(decodeText(told)) >= AGAIN_MS;
}

/** It was told then. */
const reportedAt = (visitor: string, unixMs: number): Operation =>
  record(withoutChannel(visitor), toldRecord(visitor), encodeText(String(unixMs)));

/** What tells a visitor's home. */
export function reportOf(visitor: string, visit: Uint8Array, { domain, unixMs }: Desk): Letter {
  // A name that nobody had: each report is its own first.
  const source = `psyc://${domain}/${SERVICE}#${digitsOf(visitor)}-${unixMs.toString(36)}`;
  const routing = { _source: source, _target: withoutChannel(visitor), _tag: 'visit', _counter: '1' };
  return newLetter({ routing, entity: { _visit: visit }, method: VISIT_REPORT });
}

/**
 * A home has answered a report: now it need not be told again, and not before. A report is lost where this server ends before it is
 * in the log of what is on its way there.
 */
function answered(desk: Desk, { routing }: Letter): void {
  const [person, target] = [routing.get('_source') ?? '', routing.get('_target') ?? ''];
  const [digits = '', time = ''] = target.slice(target.indexOf('#') + 1).split('-');
  const unixMs = Number.parseInt(time, 36);
  const visitor = `${person}#${digits}@${desk.domain}`;
  if (!isPerson(person) || !Number.isSafeInteger(unixMs)) return;
  readRecords(desk, person, (records) => {
    // Of whom nothing is kept any more nothing is put down.
    if (records?.has(visitRecord(visitor)) !== true || !isWorthReporting(records, visitor, unixMs)) return;
    desk.ask({ kind: 'write', operations: [reportedAt(visitor, unixMs)] }, () => {});
  });
}

/** A report to a person who lives here. */
const VISIT_REPORT = '_request_visit';

/** What one home is told of its people. */
export class VisitReports {
  readonly #desk: Desk;
  readonly #authors: Authors;

  constructor(desk: Desk, authors: Authors) {
    this.#desk = desk;
    this.#authors = authors;
  }

  /** A report of another server, or what a home answers to ours; whether it is either. */
  take(letter: Letter): boolean {
    const target = letter.routing.get('_target') ?? '';
    if (entityOf(target) === `psyc://${this.#desk.domain}/${SERVICE}`) answered(this.#desk, letter);
    else if (letter.packet.method === VISIT_REPORT) this.#hear(keepLetter(letter));
    else return false;
    return true;
  }

  /** Somebody of ours is said to have been there: by his own device's word, or it counts for nothing. Silence where that is not known now. */
  #hear(letter: Letter): void {
    const { routing, packet } = letter;
    const message = messageOf(packet, (name) => routing.get(name));
    const person = withoutChannel(routing.get('_target') ?? '');
    const domain = domainOf(routing.get('_source') ?? '');
    const visit = new Uint8Array(packet.value('_visit') ?? []);
    const device = visitingDevice(visit, domain);
    if (message === null) return;
    const answer = (): void => this.#desk.post(answerLetter(message, echoOf(VISIT_REPORT)));
    if (device === null) {
      answer();
      return;
    }
    this.#authors.find(person, device, (author) => {
      const atMs = typeof author === 'string' ? null : this.#timeMs(visit, domain, device, author);
      if (author === 'later') return;
      if (atMs === null) answer();
      else {
        const name = `visit ${hexOf(device).slice(0, DIGITS)}@${domain}` as const;
        this.#keep(visitsOf(person), name, atMs, answer);
      }
    });
  }

  /** The oldest makes room. Silence where the store does not answer. */
  #keep(context: string, name: RecordName, atMs: number, answer: () => void): void {
    readRecords(this.#desk, context, (records) => {
      if (records === null) return;
      const { visitsKeptMax } = this.#desk.options.federationLimits;
      const timeOf = (value: Uint8Array): number => Number(decodeText(value));
      const known = records.get(name);
      // What is told late, or told again, does not make a visit older than it was.
      const time = Math.max(atMs, known === undefined ? 0 : timeOf(known));
      const all = [...records]
        .filter(([other]) => other !== name)
        .map(([other, value]) => [timeOf(value), other] as const);
      const over = [...all, [time, name] as const]
        .toSorted(([one], [two]) => one - two)
        .slice(0, Math.max(0, all.length + 1 - visitsKeptMax));
      const gone = over.map(([, other]) => record(context, other as RecordName, new Uint8Array(0)));
      const isNewer = !over.some(([, other]) => other === name);
      const operations = [...gone, ...(isNewer ? [record(context, name, encodeText(String(time)))] : [])];
      // What finds no room is not told again and again; what the disk has lost is.
      this.#desk.ask({ kind: 'write', operations }, (outcome) => {
        const isOver = outcome.kind === 'refused' && recourse(outcome.code) === 'never';
        if (outcome.kind === 'written' || isOver) answer();
      });
    });
  }

  #timeMs(visit: Uint8Array, domain: string, device: Uint8Array, author: Author): number | null {
    const { options, unixMs } = this.#desk;
    try {
      return readVisit(options.suite, visit, domain, device, author, unixMs) - publicationLimits.visitMsMax;
    } catch (error) {
      if (error instanceof PublicationError) return null;
      throw error;
    }
  }
}

/** Where the person's devices have spoken while this server was silent, as he asks for it. */
export function tellVisits(
  { uniform, desk }: { readonly uniform: string; readonly desk: Desk },
  tell: Tell,
  done: Done,
): void {
  readRecords(desk, visitsOf(uniform), (records) => {
    if (records !== null) {
      for (const [name, value] of records) {
        const [device = '', domain = ''] = name.replace('visit ', '').split('@');
        tell('_status_visit', {
          _uniform_visited: `psyc://${domain}`,
          _device: device,
          _time: decodeText(value),
        });
      }
      tell('_echo_visits', {});
    }
    done();
  });
}
