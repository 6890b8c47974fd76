/** What the scripted people of a town answer, to whom, and when they are silent: a pure function of what was said. docs/operating.md#playground */

/** Something that was said to one of them, as he knows it. */
export interface Said {
  readonly text: string;
  /** To him alone. */
  readonly isPrivate: boolean;
  /** `nick@domain` of its author. */
  readonly author: string;
  /** The fingerprint of the author's key, as it was pinned; null where none is. */
  readonly key: string | null;
}

/** Who answers. */
export interface Answerer {
  readonly nick: string;
  readonly domain: string;
}

const nickOf = (name: string): string => name.slice(0, name.indexOf('@'));

/** Four groups of four: enough to compare by eye what is shown twice. */
export const shortKey = (fingerprint: string): string =>
  `${fingerprint.slice(0, 16).toUpperCase().match(/.{4}/g)?.join(' ')} …`;

type Reply = (said: Said, me: Answerer) => string;

const known = ({ key }: Said): string => (key === null ? 'a key that I have not pinned' : `the key ${shortKey(key)}`);

/** The first that matches is said. */
const replies: readonly (readonly [RegExp, Reply])[] = [
  [/\b(?:thanks?|thank you|thx)\b/i, () => 'You are welcome.'],
  [
    /\b(?:kill|stop|attack|crash|dies?|dead|down|fail)/i,
    (_, me) =>
      `Try it: /stop ${me.domain} ends my server. Say something to me then; I hear it when you /start it again. Nothing is lost.`,
  ],
  [
    /\b(?:keys?|sign|signed|signature|trust|prove|fake|fingerprint)\b/i,
    (said) =>
      `What you say is signed by ${known(said)}. Should anybody come in your name with another one, I am shown “NOT ${said.author}”.`,
  ],
  [
    /\b(?:secret|private|privacy|seal|sealed|encrypt|encrypted|read|spy)\b/i,
    ({ isPrivate }, me) =>
      isPrivate
        ? 'This is between us: it is sealed to the key of who shall read it, and our servers keep what they cannot open.'
        : `In a place everybody who is there can read, and so can its server. /msg ${me.nick} … is for me alone.`,
  ],
  [
    /\b(?:servers?|domains?|where|federation|network)\b/i,
    ({ author }, me) =>
      `I live at ${me.domain}, you at ${author.slice(author.indexOf('@') + 1)}. Our servers know each other by their keys, and speak over TLS. /servers shows them.`,
  ],
  [
    /\b(?:who|what) are you|\byour name\b|\b(?:bot|script|robot|human)\b/i,
    (_, me) => `I am a script with keys of my own: ${me.nick}@${me.domain}. To the servers I am a person like you.`,
  ],
  [/\b(?:bye|goodbye|quit|exit)\b/i, () => 'Goodbye. /quit ends the three servers, and leaves nothing behind.'],
  [
    /\b(?:help|commands?|how)\b/i,
    () => '/help has what can be typed. Ask me about keys, secrets, servers, or what happens when one dies.',
  ],
  [
    /\b(?:hi|hello|hey|hallo|moin|welcome|greetings|good (?:morning|day|evening))\b/i,
    (said, me) =>
      `Hello, ${nickOf(said.author)}. I am at ${me.domain}, and your words came with your signature, made by ${known(said)}.`,
  ],
];

/** What `me` answers. */
export function replyTo(said: Said, me: Answerer): string {
  for (const [asked, reply] of replies) if (asked.test(said.text)) return reply(said, me);
  const { length } = Array.from(said.text);
  return `I have it: ${length} ${length === 1 ? 'character' : 'characters'}, signed by ${known(said)}. I am only a script: ask me about keys, secrets, servers, or what happens when one dies.`;
}

/** Who of them answers something said in a place: those who are named; where nobody is, the first. */
export function answerersOf<A extends Answerer>(text: string, all: readonly A[]): readonly A[] {
  const named = all.filter(({ nick }) => new RegExp(`\\b${nick}\\b`, 'i').test(text));
  // To somebody else by name: `zoe@red.localhost: …`
  if (named.length > 0 || /^\S+@\S+\b/.test(text)) return named;
  return all.slice(0, 1);
}
