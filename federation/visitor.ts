/** A person of another domain who has logged in here, since his home does not answer: his devices speak through this server. docs/spec/people.md#visitors */
import { visitorIn } from '../circuit/channel.ts';
import type { ServerAnswer } from '../circuit/server-handshake.ts';
import { PublicationError } from '../publication/error.ts';
import type { Author } from '../publication/sign.ts';
import { readVisit } from '../publication/visit.ts';
import { equalBytes } from '../psyc/bytes.ts';
import { SparseMap } from '../psyc/sparse.ts';
import type { Authors } from './authors.ts';
import type { PersonQuestion } from './claims.ts';
import type { Desk, Entity } from './desk.ts';
import type { FoundKeys } from './key-search.ts';
import { domainOf, isNumbered, type Letter, refusalLetter } from './letter.ts';
import type { PersonCircuits } from './person.ts';
import { readRecords, record } from './records.ts';
import { authoritiesIn, honouredIn, trustIn } from './trust-record.ts';
import { Turns } from './turns.ts';
import { isWorthReporting, reportOf } from './visit-reports.ts';
import { visitRecord } from './visits.ts';

/** So many key servers are asked whether they have heard that something was taken back, beside our own ring. */
const WITNESSES = 3;

type Answering = (answer: ServerAnswer) => void;

const refused = (code: string): ServerAnswer => ({ kind: 'refused', code });

/** What a visitor needs of its node. */
export interface VisitorOwner {
  readonly uniform: string;
  readonly desk: Desk;
  readonly circuits: PersonCircuits;
  readonly authors: Authors;
  /** Other domains to which a circuit is ready. */
  readonly linked: () => readonly string[];
}

/** One visitor, on all his circuits. He has no log here: what is for him waits at home. */
export class Visitor implements Entity {
  readonly #owner: VisitorOwner;
  readonly #turns: Turns;
  /** Circuits by channel. */
  readonly #channels = new SparseMap<string, string>();

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
    const before = this.#channels.get(channel);
    if (before === undefined && this.#channels.size >= this.#owner.desk.options.federationLimits.devicesMax) {
      return '_excessive_devices';
    }
    this.#channels.set(channel, circuit);
    return { replaced: before ?? null };
  }

  detach(channel: string, circuit: string): void {
    if (this.#channels.get(channel) === circuit) this.#channels.delete(channel);
  }

  /** What answers one of his devices. */
  take(letter: Letter): void {
    const circuit = this.#channels.get(letter.routing.get('_target') ?? '');
    if (isNumbered(letter)) {
      const answer = refusalLetter(letter, '_invalid_target', `psyc://${this.#owner.desk.domain}`);
      if (answer !== null) this.#owner.desk.post(answer);
    } else if (circuit !== undefined) this.#owner.circuits.send(circuit, letter);
  }

  /** Which key his device has, by the keys that came along, under his home's key as this server knows it, and by what was taken back since. */
  #deviceKey({ claim, evidence }: PersonQuestion & { kind: 'device key' }, answer: Answering): void {
    const { uniform, authors } = this.#owner;
    const { key, statement, visit } = evidence;
    if (key === null || statement === null || visit === undefined) {
      answer(refused('_necessary_visit'));
      return;
    }
    this.#judge(key, statement, (judged) => {
      if (typeof judged === 'string') {
        answer(refused(judged));
        return;
      }
      authors.adopt(uniform, judged, () => {
        const author = authors.known(uniform, claim.device);
        if (typeof author === 'string') answer(refused('_unlisted_device'));
        else answer({ kind: 'key', publicKey: author.deviceKey });
      });
    });
  }

  #judge(key: Uint8Array, statement: Uint8Array, found: (keys: FoundKeys | string) => void): void {
    const { uniform, desk, linked } = this.#owner;
    const home = domainOf(uniform);
    readRecords(desk, `psyc://${home}`, (ofHome) => {
      readRecords(desk, uniform, (pinned) => {
        const state = ofHome === null ? null : trustIn(ofHome, desk.unixMs);
        if (ofHome === null || pinned === null || state === null) {
          found('_trust_unavailable');
          return;
        }
        const { standing } = state;
        if (standing !== 'normal') {
          // Where his home is found somewhere, it is known the next time.
          if (standing === 'unknown') desk.meet(home);
          found(standing === 'unknown' ? '_login_unknown_home' : '_login_doubtful_home');
          return;
        }
        const authorities = authoritiesIn(ofHome, desk.unixMs);
        const honoured = honouredIn(ofHome, desk.unixMs, desk.options.trustLimits);
        const [fingerprint, known] = [pinned.get('fingerprint') ?? null, pinned.get('statement') ?? null];
        // The home itself first, where it answers us, and then others.
        const all = linked();
        const servers = [...all.filter((domain) => domain === home), ...all.filter((domain) => domain !== home)];
        const question = { kind: 'visitor', person: uniform, key, statement, known, authorities, honoured } as const;
        desk.askPki({ ...question, servers: servers.slice(0, WITNESSES) }, (answer) => {
          if (answer.kind !== 'found') found(answer.kind === 'refused' ? answer.code : '_trust_unavailable');
          else if (fingerprint !== null && !equalBytes(fingerprint, answer.read.fingerprint))
            found('_trust_changed_key');
          else found({ ...answer, isPinned: fingerprint !== null });
        });
      });
    });
  }

  /** His device has said, for others to see, that it speaks through this server: kept before it does. */
  #admit({ peer, evidence }: PersonQuestion & { kind: 'admission' }, answer: Answering): void {
    const { uniform, desk, authors } = this.#owner;
    const { key, statement, visit } = evidence;
    if (peer.kind !== 'client' || key === null || statement === null || visit === undefined) {
      answer(refused('_necessary_visit'));
      return;
    }
    const author = authors.known(uniform, peer.device);
    const fault = typeof author === 'string' ? '_unlisted_device' : this.#faultOf(visit, peer.device, author);
    if (fault !== null) {
      answer(refused(fault));
      return;
    }
    const visitor = visitorIn(peer.channel)!;
    readRecords(desk, uniform, (records) => {
      const before = records?.get(visitRecord(visitor));
      const isNews = records !== null && isWorthReporting(before, desk.domain, desk.unixMs);
      const operations = [record(uniform, 'key', key), record(uniform, visitRecord(visitor), visit)];
      desk.ask({ kind: 'write', operations }, (outcome) => {
        if (outcome.kind !== 'written') {
          answer(refused('_trust_unavailable'));
          return;
        }
        desk.notify({ kind: 'visitor', domain: domainOf(uniform) });
        if (isNews) desk.post(reportOf(visitor, visit, desk));
        answer({ kind: 'admitted', key: null, statement: null });
      });
    });
  }

  #faultOf(visit: Uint8Array, device: Uint8Array, author: Author): string | null {
    const { suite } = this.#owner.desk.options;
    try {
      readVisit(suite, visit, this.#owner.desk.domain, device, author, this.#owner.desk.unixMs);
      return null;
    } catch (error) {
      if (error instanceof PublicationError) return error.code;
      throw error;
    }
  }
}
