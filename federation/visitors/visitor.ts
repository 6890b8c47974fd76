/** A person of another domain who has logged in here, since his home does not answer: his devices speak through this server. docs/spec/people.md#visitors */
import { visitorIn } from '../../circuit/channel.ts';
import type { ServerAnswer } from '../../circuit/server-handshake.ts';
import { PublicationError } from '../../publication/error.ts';
import type { Author } from '../../publication/sign.ts';
import { readVisit } from '../../publication/visit.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { SparseMap } from '../../psyc/sparse.ts';
import type { Authors } from '../keys/authors.ts';
import type { PersonQuestion } from '../people/claims.ts';
import type { Desk, Entity } from '../desk.ts';
import type { FoundKeys } from '../keys/key-search.ts';
import { domainOf, isNumbered, type Letter, refusalLetter } from '../letter.ts';
import type { PersonCircuits } from '../people/person.ts';
import { Addressed } from '../people/person-channel.ts';
import { readRecords, record } from '../records.ts';
import { Turns } from '../turns.ts';
import { isWorthReporting, reportOf } from './visit-reports.ts';
import type { VisitorLedger } from './visitor-ledger.ts';
import { isForNow, judgeVisitor, type VisitorJudge, type VisitorKeys } from '../keys/visitor-keys.ts';
import { visitRecord } from './visits.ts';

type Answering = (answer: ServerAnswer) => void;

const refused = (code: string): ServerAnswer => ({ kind: 'refused', code });

/** A circuit of his, and whom it has addressed. */
interface Channel {
  readonly circuit: string;
  readonly addressed: Addressed;
}

/** Who may come in on a channel. */
interface Admitted {
  /** Unix milliseconds. */
  readonly untilMs: number;
  /** By what, where too few key servers have said whether it was taken back; null: enough have. */
  readonly unheard: Brought | null;
}

/** His keys, and which of his devices it is. */
interface Brought {
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
  readonly device: Uint8Array;
}

/** What a visitor needs of its node. */
export interface VisitorOwner {
  readonly uniform: string;
  readonly desk: Desk;
  readonly circuits: PersonCircuits;
  readonly authors: Authors;
  readonly judge: VisitorJudge;
  readonly ledger: VisitorLedger;
}

/** One visitor, on all his circuits. He has no log here: what is for him waits at home. */
export class Visitor implements Entity {
  readonly #owner: VisitorOwner;
  readonly #turns: Turns;
  readonly #channels = new SparseMap<string, Channel>();
  /** Channels that have not come in yet. */
  readonly #admitted = new SparseMap<string, Admitted>();

  constructor(owner: VisitorOwner) {
    this.#owner = owner;
    this.#turns = new Turns(owner.desk.options.federationLimits.loginsMax);
  }

  get isIdle(): boolean {
    return this.#channels.size === 0 && this.#turns.count === 0;
  }

  /** Circuits of his. */
  get devices(): number {
    return this.#channels.size;
  }

  queues(): [string, number][] {
    return [
      ['devices', this.#channels.size],
      ['errands', this.#turns.count],
    ];
  }

  /** A device of his logs in. Answers now or later, once. */
  ask(question: PersonQuestion, answer: Answering): void {
    const hasRoom = this.#turns.take((done) => {
      const answered: Answering = (told) => {
        answer(told);
        done();
      };
      if (question.kind === 'device key') this.#deviceKey(question, answered);
      else if (question.kind === 'admission') this.#admit(question, answered);
      else answered(refused('_registration_foreign_domain'));
    });
    if (!hasRoom) answer(refused('_trust_unavailable'));
  }

  attach(channel: string, circuit: string): { replaced: string | null } | '_excessive_devices' {
    const { desk } = this.#owner;
    const before = this.#channels.get(channel);
    if (before === undefined && this.#channels.size >= desk.options.federationLimits.devicesMax) {
      return '_excessive_devices';
    }
    const { addressedMax } = desk.options.federationLimits;
    this.#channels.set(channel, { circuit, addressed: before?.addressed ?? new Addressed(addressedMax) });
    const { untilMs, unheard } = this.#admitted.get(channel) ?? { untilMs: 0, unheard: null };
    this.#admitted.delete(channel);
    const restMs = Math.max(0, untilMs - desk.unixMs);
    desk.timer(`visit ${channel}`, restMs, () => this.#dismiss(channel, '_publication_invalid_visit'));
    if (unheard !== null) this.#askAgain(channel, circuit, unheard);
    return { replaced: before?.circuit ?? null };
  }

  detach(channel: string, circuit: string): void {
    if (this.#channels.get(channel)?.circuit === circuit) this.#channels.delete(channel);
  }

  /** Until enough have said that nothing was taken back, or he has gone; who is in on the same channel since was judged anew. */
  #askAgain(channel: string, circuit: string, brought: Brought): void {
    const { uniform: person, desk, authors, judge } = this.#owner;
    const { visitorAgainMs, visitorWitnessesMin } = desk.options.federationLimits;
    const isHere = (): boolean => this.#channels.get(channel)?.circuit === circuit;
    desk.timer(`heard ${circuit}`, visitorAgainMs, () => {
      if (!isHere()) return;
      const { key, statement, device } = brought;
      judgeVisitor(judge, { person, key, statement }, { isAsking: true }, (judged) => {
        if (!isHere()) return;
        if (typeof judged === 'string') {
          if (isForNow(judged)) this.#askAgain(channel, circuit, brought);
          else this.#dismiss(channel, judged);
          return;
        }
        authors.adopt(person, judged, () => {
          if (deviceIn(judged.read, device) === null) this.#dismiss(channel, '_unlisted_device');
          else if (judged.heard < visitorWitnessesMin) this.#askAgain(channel, circuit, brought);
        });
      });
    });
  }

  /** He is wanted here no more. */
  dismissDevices(code: string): void {
    for (const channel of [...this.#channels.keys()]) this.#dismiss(channel, code);
  }

  #dismiss(channel: string, code: string): void {
    const there = this.#channels.get(channel);
    if (there !== undefined) this.#owner.circuits.giveUp(there.circuit, code);
  }

  /** Whom a channel that is here has addressed; null: no such channel is. */
  addressedBy(channel: string): Addressed | null {
    return this.#channels.get(channel)?.addressed ?? null;
  }

  /** What answers one of his devices. */
  take(letter: Letter): void {
    const circuit = this.#channels.get(letter.routing.get('_target') ?? '')?.circuit;
    if (isNumbered(letter)) {
      const answer = refusalLetter(letter, '_invalid_target', `psyc://${this.#owner.desk.domain}`);
      if (answer !== null) this.#owner.desk.post(answer);
    } else if (circuit !== undefined) this.#owner.circuits.send(circuit, letter);
  }

  /** Which key his device has, by the keys that came along: nothing is kept, and nobody else asked, before he has proved that it is his. */
  #deviceKey({ claim, evidence }: PersonQuestion & { kind: 'device key' }, answer: Answering): void {
    const { uniform: person, judge } = this.#owner;
    const { key, statement, visit } = evidence;
    if (key === null || statement === null || visit === undefined) {
      answer(refused('_necessary_visit'));
      return;
    }
    judgeVisitor(judge, { person, key, statement }, { isAsking: false }, (judged) => {
      const publicKey = typeof judged === 'string' ? null : deviceIn(judged.read, claim.device);
      if (typeof judged === 'string') answer(refused(judged));
      else answer(publicKey === null ? refused('_unlisted_device') : { kind: 'key', publicKey });
    });
  }

  /** Others may know better by now; and his device has said, for all to see, that it speaks through this server. Kept before it does. */
  #admit({ peer, evidence }: PersonQuestion & { kind: 'admission' }, answer: Answering): void {
    const { uniform: person, authors, judge, desk } = this.#owner;
    const { visitorWitnessesMin } = desk.options.federationLimits;
    const { key, statement, visit } = evidence;
    if (peer.kind !== 'client' || key === null || statement === null || visit === undefined) {
      answer(refused('_necessary_visit'));
      return;
    }
    judgeVisitor(judge, { person, key, statement }, { isAsking: true }, (judged) => {
      if (typeof judged === 'string') {
        answer(refused(judged));
        return;
      }
      const { fingerprint, untilMs } = judged.read;
      const deviceKey = deviceIn(judged.read, peer.device);
      const isHis = deviceKey !== null && equalBytes(deviceKey, peer.deviceKey);
      const read = isHis ? this.#visitUntil(visit, peer.device, { uniform: person, fingerprint, deviceKey }) : null;
      if (typeof read !== 'number') answer(refused(read ?? '_unlisted_device'));
      else {
        authors.adopt(person, judged, () => {
          this.#keep(peer.channel, judged, visit, (code) => {
            const brought = { key: judged.key, statement: judged.statement, device: peer.device };
            const unheard = judged.heard < visitorWitnessesMin ? brought : null;
            if (code === null) this.#admitted.set(peer.channel, { untilMs: Math.min(read, untilMs), unheard });
            answer(code === null ? { kind: 'admitted', key: null, statement: null } : refused(code));
          });
        });
      }
    });
  }

  #keep(channel: string, { key, heard }: VisitorKeys, visit: Uint8Array, kept: (code: string | null) => void): void {
    const { uniform, desk, ledger } = this.#owner;
    const visitor = visitorIn(channel)!;
    if (!ledger.takes(uniform)) {
      kept('_excessive_entities');
      return;
    }
    readRecords(desk, uniform, (records) => {
      const isNews = records !== null && isWorthReporting(records, visitor, desk.unixMs);
      const operations = [record(uniform, 'key', key), record(uniform, visitRecord(visitor), visit)];
      operations.push(ledger.entry(visitor));
      desk.ask({ kind: 'write', operations }, (outcome) => {
        if (outcome.kind !== 'written') {
          kept('_trust_unavailable');
          return;
        }
        desk.notify({ kind: 'visitor', domain: domainOf(uniform), heard });
        // Again at each login until his home has answered: nobody else says it again.
        if (isNews) desk.post(ledger.report(visitor, () => reportOf(visitor, visit, desk)));
        kept(null);
      });
    });
  }

  /** Until when, Unix milliseconds; or why it is no visit. */
  #visitUntil(visit: Uint8Array, device: Uint8Array, author: Author): number | string {
    const { options, domain, unixMs } = this.#owner.judge.desk;
    try {
      return readVisit(options.suite, visit, domain, device, author, unixMs);
    } catch (error) {
      if (error instanceof PublicationError) return error.code;
      throw error;
    }
  }
}

const deviceIn = ({ devices }: FoundKeys['read'], device: Uint8Array): Uint8Array | null =>
  devices.find(({ id }) => equalBytes(id, device))?.key ?? null;
