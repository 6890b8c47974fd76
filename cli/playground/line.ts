/** What a person types in a town, read: words to the place, or a command. docs/operating.md#playground */

/** What can be wished; places and people as uniforms. */
export type Typed =
  | { readonly kind: 'nothing' | 'help' | 'servers' | 'elsewhere' | 'quit' }
  | { readonly kind: 'say'; readonly target: string | null; readonly text: string; readonly isAction?: true }
  | { readonly kind: 'enter' | 'leave' | 'who'; readonly place: string | null }
  | { readonly kind: 'history'; readonly place: string | null; readonly rows: number }
  | { readonly kind: 'start' | 'stop' | 'kill'; readonly domain: string }
  /** A sentence on what is wrong. */
  | { readonly kind: 'wrong'; readonly why: string };

/** What names may be short for. */
export interface Known {
  /** Of all domains. */
  readonly domains: readonly string[];
  /** Uniforms of people that are known. */
  readonly people: readonly string[];
  /** Where a place is that is written without its domain. */
  readonly placesAt: string;
  /** A place or a person as a uniform, as commands read it; throws an Error whose message says what it takes. */
  readonly target: (text: string) => string;
}

/** The page of help: what is typed, and what it does. */
export const commands: readonly (readonly [typed: string, does: string])[] = [
  ['TEXT', 'say it in the place where you are'],
  ['/me DOES', 'say what you do: /me waves; also behind /msg and /say'],
  ['/msg PERSON TEXT', 'say it to one person, sealed: /msg ada hello'],
  ['/say PLACE TEXT', 'say it in another place where you are a member'],
  ['/enter PLACE', 'enter a place, or make it: /enter @garden'],
  ['/leave [PLACE]', 'leave a place'],
  ['/history [PLACE]', 'what was said there; /history 3: the last 3 of it'],
  ['/who [PLACE]', 'who is in the place'],
  ['/servers', 'the three servers'],
  ['/stop DOMAIN', 'end a server; /kill ends it without a warning'],
  ['/start DOMAIN', 'start it again'],
  ['/elsewhere', 'how to take part from another terminal'],
  ['/quit', 'end everything, as Ctrl-C does; nothing is left behind'],
];

const HISTORY_ROWS = 20;
/** What a server gives at once. */
const HISTORY_ROWS_MAX = 100;

const wrong = (why: string): Typed => ({ kind: 'wrong', why });

/** What other chats have commands for at the prompt, and p3do outside of it. */
const ofPlaces = /^(?:kick|ban|unban|silence|unsilence|topic|mode|invite|uninvite|clear)$/;

/** Reads one line. */
export function parseLine(line: string, known: Known): Typed {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  // `//` is for who wants to say something that begins with a stroke.
  if (!text.startsWith('/')) return { kind: 'say', target: null, text };
  if (text.startsWith('//')) return { kind: 'say', target: null, text: text.slice(1) };
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/su.exec(text) ?? [];
  switch (name) {
    case 'help':
    case '?':
      return { kind: 'help' };
    case 'servers':
    case 'elsewhere':
      return { kind: name };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    case 'me':
      return rest === ''
        ? wrong('what do you do? As /me waves')
        : { kind: 'say', target: null, text: rest, isAction: true };
    case 'msg':
    case 'say':
      return saying(name, rest, known);
    case 'enter':
    case 'leave':
    case 'who':
      if (rest === '') return name === 'enter' ? wrong('which place? As /enter @garden') : { kind: name, place: null };
      return resolved(rest, '@', known, (place) => ({ kind: name, place }));
    case 'history':
      return history(rest, known);
    case 'start':
    case 'stop':
    case 'kill':
      return server(name, rest, known);
    default:
      return wrong(
        ofPlaces.test(name)
          ? `/${name}: not at the prompt, but in another terminal: p3do place ${name}`
          : `/${name}: there is no such command; /help has all`,
      );
  }
}

/** A number at the end is how many rows; a place of such a name takes its `@`. */
function history(rest: string, known: Known): Typed {
  const [, place = '', digits = String(HISTORY_ROWS)] = /^(.*?)(?:(?<=^|\s)(\d+))?$/su.exec(rest)!;
  const rows = Number(digits);
  if (rows < 1 || rows > HISTORY_ROWS_MAX) return wrong(`how many? From 1 to ${HISTORY_ROWS_MAX}, as /history 3`);
  if (place.trim() === '') return { kind: 'history', place: null, rows };
  return resolved(place.trim(), '@', known, (uniform) => ({ kind: 'history', place: uniform, rows }));
}

function saying(name: 'msg' | 'say', rest: string, known: Known): Typed {
  const [, to = '', text = ''] = /^(\S*)\s*(.*)$/su.exec(rest) ?? [];
  const example = name === 'msg' ? '/msg ada hello' : '/say @garden hello';
  if (to === '') return wrong(`to whom? As ${example}`);
  if (text === '') return wrong(`and what? As ${example}`);
  return resolved(to, name === 'msg' ? '~' : '@', known, (target) => {
    const done = /^\/me\s+(.*)$/su.exec(text)?.[1];
    return done === undefined ? { kind: 'say', target, text } : { kind: 'say', target, text: done, isAction: true };
  });
}

/** A name, which may be short, of the kind that is wanted. */
function resolved(text: string, kind: '@' | '~', known: Known, make: (uniform: string) => Typed): Typed {
  let name = text;
  if (kind === '@' && /^@?[^@/]+$/.test(text)) name = `@${text.replace('@', '')}@${known.placesAt}`;
  else if (kind === '@' && /^[^@/]+@[^@]+$/.test(text)) name = `@${text}`;
  else if (kind === '~' && !text.includes('@')) {
    const named = known.people.filter((person) => person.endsWith(`/~${text.toLowerCase()}`));
    if (named.length === 0 && !text.startsWith('psyc:'))
      return wrong(`who is ${text}? It takes nick@domain, as ada@${known.domains[0]}`);
    if (named.length > 1) return wrong(`which ${text}? There are ${named.length}: write nick@domain`);
    name = named[0] ?? text;
  }
  try {
    const uniform = known.target(name);
    if (uniform.includes(`/${kind}`)) return make(uniform);
    return wrong(kind === '@' ? `${text} is no place, but a person: /msg` : `${text} is no person, but a place: /say`);
  } catch (error) {
    if (kind === '@') return wrong(`${text}: it takes @garden, or @garden@green.localhost`);
    return wrong(`${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function server(kind: 'start' | 'stop' | 'kill', text: string, { domains }: Known): Typed {
  const domain = domains.find((name) => name === text.toLowerCase() || name.startsWith(`${text.toLowerCase()}.`));
  if (domain !== undefined && text !== '') return { kind, domain };
  return wrong(`which server? There are ${domains.join(', ')}`);
}
