/** What somebody asks of a place with his signature: topic, offices, who may come and speak, how long it remembers. docs/spec/places.md#acts */
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import { isEntity } from '../psyc/uniform.ts';
import { publicationLimits } from './limits.ts';

const modes = ['public', 'published', 'invited', 'members'] as const;

/** Who may enter, and read: everybody enters; and everybody reads, without entering; who was invited enters; and what is said is sealed to the members. */
export type Mode = (typeof modes)[number];

/** About a person. */
const personal = ['owner', 'aide', 'dismiss', 'kick', 'move', 'invite', 'uninvite'] as const;
/** About a person, or about everybody of a domain. */
const general = ['ban', 'unban', 'silence', 'unsilence'] as const;
const kinds = [...personal, ...general, 'topic', 'mode', 'limit', 'clear'] as const;

/** What is asked. Uniforms are in their one form: a person's `psyc://domain/~nick`, a domain's `psyc://domain`. */
export type Act =
  /** `reason`: what is told of why, with what is done against somebody. */
  | {
      readonly kind: (typeof personal)[number] | (typeof general)[number];
      readonly whom: string;
      readonly reason?: string;
    }
  | { readonly kind: 'topic'; readonly text: string }
  | { readonly kind: 'mode'; readonly mode: Mode }
  /** How many rows, and how many days, are kept; null: no limit. */
  | { readonly kind: 'limit'; readonly rows: number | null; readonly days: number | null }
  /** Everything up to this row is erased. */
  | { readonly kind: 'clear'; readonly through: number };

type Kind = Act['kind'];

/** The names that are understood: ours, and psyced's spelling. */
const families: readonly (readonly [family: string, kind: Kind])[] = [
  ...kinds.flatMap((kind) => [[`_request_context_${kind}`, kind] as const, [`_request_place_${kind}`, kind] as const]),
  ['_request_set_topic', 'topic'],
];

/** What a method asks for, or null. */
export function actKindOf(method: string | null): Kind | null {
  if (method === null || !method.startsWith('_request_')) return null;
  return families.find(([family]) => inherits(method, family))?.[1] ?? null;
}

/** Whether it may be told why. */
export const isReasoned = (kind: Kind): boolean => kind === 'kick' || kind === 'ban' || kind === 'silence';

/** How we ask for it. */
export const actMethod = ({ kind }: Act): string => `_request_context_${kind}`;

/** The entity variables that say it. */
export function actVariables(act: Act): Readonly<Record<string, string | undefined>> {
  const text = (number: number | null): string | undefined => (number === null ? undefined : String(number));
  switch (act.kind) {
    case 'topic':
      return { _topic: act.text };
    case 'mode':
      return { _mode: act.mode };
    case 'limit':
      return { _amount_rows: text(act.rows), _amount_days: text(act.days) };
    case 'clear':
      return { _sequence: String(act.through) };
    default:
      return { _uniform_member: act.whom, _reason: act.reason };
  }
}

/** What a packet asks for; null where its variables are not what its method needs, or it asks for nothing of the kind. */
export function readAct(packet: Packet): Act | null {
  const kind = actKindOf(packet.method);
  if (kind === null) return null;
  const text = (name: string): string | undefined => packet.text(name);
  switch (kind) {
    case 'topic': {
      const topic = text('_topic') ?? '';
      return bytesOf(topic) > publicationLimits.topicBytesMax ? null : { kind, text: topic };
    }
    case 'mode': {
      const mode = modes.find((one) => one === text('_mode'));
      return mode === undefined ? null : { kind, mode };
    }
    case 'limit': {
      const [rows, days] = [limitOf(text('_amount_rows')), limitOf(text('_amount_days'))];
      return rows === undefined || days === undefined ? null : { kind, rows, days };
    }
    case 'clear': {
      const through = limitOf(text('_sequence'));
      return through === undefined || through === null ? null : { kind, through };
    }
    default: {
      const whom = text('_uniform_member') ?? '';
      const isDomain = isEntity(whom, 'node') && (general as readonly Kind[]).includes(kind);
      if (!isDomain && !isEntity(whom, 'person')) return null;
      const reason = isReasoned(kind) ? (text('_reason') ?? '') : '';
      if (bytesOf(reason) > publicationLimits.reasonBytesMax) return null;
      return reason === '' ? { kind, whom } : { kind, whom, reason };
    }
  }
}

/** Whom it ends a membership of, a person or a domain: `move` is of whoever has another name now; null: of nobody. */
export const putOutBy = (act: Act | null): string | null =>
  act?.kind === 'kick' || act?.kind === 'ban' || act?.kind === 'move' ? act.whom : null;

/** Whether what names a person or a domain names this person. */
export const covers = (whom: string, person: string): boolean => whom === person || person.startsWith(`${whom}/`);

/** A number from 1; null: none is said; undefined: it is none. */
function limitOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
