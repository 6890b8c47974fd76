/** The questions about keys that a node asks, put to OpenPGP and to the simulator's ideal keys: both give the same answers. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import type { PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import { Notary } from '../../server/node/notary.ts';
import { DAY, domainKey, NOW } from '../pki/keys.ts';
import { ideal, openPgp, type Shown, type Who, type World } from './pki-worlds.ts';

interface Row {
  readonly what: string;
  readonly ask: (world: World) => Promise<PkiQuestion> | PkiQuestion;
  readonly days?: number;
  readonly isOpen?: boolean;
  /** A code, or what an answer says. */
  readonly answer: string;
}

const ada: Who = { nick: 'ada', identity: 11 };
const uniform = (nick: string): string => `psyc://a.example/~${nick}`;

/** Whose keys are these? `change` says what is not as it should be. */
const person =
  (change: (world: World, shown: Shown) => Promise<object> | object = () => ({}), who = ada) =>
  async (world: World): Promise<PkiQuestion> => {
    const shown = await world.show(who);
    const authority = world.domains.get('a.example')!;
    const question = { kind: 'person', person: uniform(who.nick), key: shown.certified, authority } as const;
    return { ...question, statement: shown.statement, known: null, ...(await change(world, shown)) };
  };

const certify =
  (change: object = {}, who = ada, member: Who | null = null) =>
  async (world: World): Promise<PkiQuestion> => {
    const { key, statement } = await world.show(who);
    const lives = member === null ? null : (await world.show(member)).fingerprint;
    const question = { kind: 'certify', person: uniform(who.nick), key, statement } as const;
    return { ...question, invite: null, member: lives, kept: null, ...change };
  };

const close =
  (change: (shown: Shown) => object = () => ({}), who = ada) =>
  async (world: World): Promise<PkiQuestion> => {
    const shown = await world.show(who);
    const member = (await world.show(ada)).fingerprint;
    return { kind: 'close', person: uniform('ada'), key: shown.retired, member, isByAdmin: false, ...change(shown) };
  };

const domain =
  (name: string, of = name) =>
  (world: World): PkiQuestion => ({
    kind: 'domain',
    domain: name,
    key: world.domains.get(of)!,
  });

/** What does b.example's key say of itself? */
const stateOf =
  (copies: (world: World) => Promise<Uint8Array[]> | Uint8Array[]) =>
  async (world: World): Promise<PkiQuestion> => {
    const read = await world.answer(
      { kind: 'domain', domain: 'b.example', key: world.domains.get('b.example')! },
      NOW,
      true,
    );
    if (read.kind !== 'domain') throw new Error(told(read));
    const { fingerprint } = read;
    return { kind: 'domain state', domain: 'b.example', fingerprint, copies: await copies(world), servers: null };
  };

/** Whose home says nothing: others have his key, certified or not. */
const find =
  (change: object = {}, isCertified = true) =>
  async (world: World): Promise<PkiQuestion> => {
    const shown = await world.show(ada);
    world.publish(uniform('ada'), isCertified ? shown.certified : shown.key, shown.statement);
    const { fingerprint } = shown;
    const authorities = [world.domains.get('b.example')!, world.domains.get('a.example')!];
    const question = { kind: 'find', person: uniform('ada'), fingerprint, known: null, authorities } as const;
    return { ...question, honoured: null, servers: [], ...change };
  };

const none = { keys: [], statements: [] };

/** Who brings his keys himself; others have another statement of his. */
const visitor =
  (change: object = {}, isCertified = true, elsewhere: Who = ada) =>
  async (world: World): Promise<PkiQuestion> => {
    const [shown, other] = [await world.show(ada), await world.show(elsewhere)];
    world.publish(uniform('ada'), other.certified, other.statement);
    const authorities = [world.domains.get('a.example')!];
    const key = isCertified ? shown.certified : shown.key;
    const asked = { kind: 'visitor', person: uniform('ada'), key, statement: shown.statement } as const;
    return { ...asked, known: null, authorities, honoured: null, others: none, ...change };
  };

const honoured = { atMs: (NOW + 10 * DAY) * 1000, untilMs: (NOW + 400 * DAY) * 1000 };

/** A key as it comes out of a question about countersignatures; `by` is whom they are of. */
async function signed(world: World, question: PkiQuestion, by?: 'b.example'): Promise<Uint8Array> {
  const answer = await world.answer(question, NOW, true, by);
  if (answer.kind !== 'countersigned') throw new Error(told(answer));
  return answer.key;
}

/** The key of one domain, countersigned by the other at the beginning, or not any more. */
async function countersigned(world: World, whose: 'a.example' | 'b.example', isTakenBack = false): Promise<Uint8Array> {
  const key = world.domains.get(whose)!;
  const by = whose === 'a.example' ? 'b.example' : undefined;
  const made = await signed(world, { kind: 'countersign', domain: whose, key, kept: null }, by);
  return isTakenBack ? signed(world, { kind: 'uncountersign', key: made }, by) : made;
}

const countersign =
  (kept: 'none' | 'lasting' | 'taken back', domain = 'b.example') =>
  async (world: World): Promise<PkiQuestion> => {
    const before = kept === 'none' ? null : await countersigned(world, 'b.example', kept === 'taken back');
    return { kind: 'countersign', domain, key: world.domains.get('b.example')!, kept: before };
  };

const reading =
  (key: (world: World) => Promise<Uint8Array> | Uint8Array) =>
  async (world: World): Promise<PkiQuestion> => ({
    kind: 'read countersignature',
    key: await key(world),
    kept: null,
    authority: world.domains.get('b.example')!,
  });

const statementOf = async (world: World, more: Partial<Who>): Promise<Uint8Array> =>
  (await world.show({ ...ada, ...more })).statement;

const rows: readonly Row[] = [
  { what: 'a domain’s key', ask: domain('b.example'), answer: 'domain' },
  { what: 'another domain’s key', ask: domain('b.example', 'a.example'), answer: '_foreign_user_id' },
  { what: 'a certified person', ask: person(), answer: 'person, 30 days' },
  { what: 'without a certification', ask: person((_, { key }) => ({ key })), answer: '_uncertified' },
  {
    what: 'with another domain’s authority',
    ask: person((world) => ({ authority: world.domains.get('b.example') })),
    answer: '_foreign_user_id',
  },
  { what: 'on the last day', ask: person(), days: 29, answer: 'person, 30 days' },
  { what: 'after it', ask: person(), days: 30, answer: '_expired_certification' },
  { what: 'one of ours', ask: person(() => ({ authority: null })), answer: 'person, 30 days' },
  { what: 'one of ours after it', ask: person(() => ({ authority: null })), days: 30, answer: 'person, 0 days' },
  {
    what: 'one of ours never certified',
    ask: person((_, { key }) => ({ key, authority: null })),
    answer: 'person, 0 days',
  },
  { what: 'somebody else’s', ask: person(() => ({ person: uniform('bob') })), answer: '_foreign_user_id' },
  {
    what: 'a newer statement',
    ask: person(async (world) => ({
      statement: await statementOf(world, { counter: 2, devices: [2], revoked: [1] }),
      known: await statementOf(world, {}),
    })),
    answer: 'person, 30 days, news, revokes 1',
  },
  {
    what: 'the same statement again',
    ask: person(async (world) => ({ known: await statementOf(world, {}) })),
    answer: 'person, 30 days',
  },
  {
    what: 'an older statement',
    ask: person(async (world) => ({ known: await statementOf(world, { counter: 2 }) })),
    answer: '_stale_statement',
  },
  {
    what: 'another statement with one counter',
    ask: person(async (world) => ({ known: await statementOf(world, { devices: [3] }) })),
    answer: '_conflicting_statement',
  },
  {
    what: 'a statement of another identity',
    ask: person(async (world) => ({ statement: await statementOf(world, { identity: 21 }) })),
    answer: '_foreign_statement',
  },
  {
    what: 'a known statement of another identity',
    ask: person(async (world) => ({ known: await statementOf(world, { identity: 21 }) })),
    answer: '_foreign_statement',
  },
  {
    what: 'a statement in another name',
    ask: person(async (world) => ({ statement: await statementOf(world, { nick: 'bob' }) })),
    answer: '_foreign_statement',
  },
  {
    what: 'the same key under another name',
    ask: person(undefined, { ...ada, nick: 'bob' }),
    answer: 'person, 30 days',
  },
  { what: 'a registration', ask: certify(), answer: 'certified' },
  { what: 'in another name', ask: certify({ person: uniform('bob') }), answer: '_foreign_user_id' },
  { what: 'without an invitation', ask: certify(), isOpen: false, answer: '_registration_closed' },
  {
    what: 'with none of ours',
    ask: certify({ invite: 'x' }),
    isOpen: false,
    answer: '_registration_invalid_invite',
  },
  { what: 'with one of ours', ask: certify({ invite: 'welcome' }), isOpen: false, answer: 'certified, invited' },
  { what: 'of a member', ask: certify({}, ada, ada), isOpen: false, answer: 'certified' },
  { what: "under a member's name", ask: certify({}, { ...ada, identity: 77 }, ada), answer: '_registration_taken' },
  { what: 'who takes his name back', ask: close(), answer: 'closed' },
  { what: 'who has not taken it back', ask: close(({ key }) => ({ key })), answer: '_necessary_revocation' },
  { what: 'who is only certified', ask: close(({ certified: key }) => ({ key })), answer: '_necessary_revocation' },
  { what: 'who is found with others', ask: find(), answer: 'found, person, 30 days' },
  { what: 'who is found uncertified', ask: find({}, false), answer: '_keys_unknown' },
  { what: 'somebody else', ask: find({ person: uniform('bob') }), answer: '_keys_unknown' },
  { what: 'under a domain that is not trusted', ask: find({ authorities: [] }), answer: '_keys_unknown' },
  { what: 'found when his certification has ended', ask: find(), days: 30, answer: '_keys_unknown' },
  {
    what: 'the same of a home that was silent before',
    ask: find({ honoured }),
    days: 30,
    answer: 'found, person, 400 days',
  },
  {
    what: 'the same of one that fell silent later',
    ask: find({ honoured: { ...honoured, atMs: (NOW + 31 * DAY) * 1000 } }),
    days: 32,
    answer: '_keys_unknown',
  },
  { what: 'a visitor', ask: visitor(), answer: 'found, person, 30 days' },
  {
    what: 'a visitor whose newest statement others have',
    ask: visitor({}, true, { ...ada, counter: 2, revoked: [1], devices: [2] }),
    answer: 'found, person, 30 days, revokes 1',
  },
  { what: 'a visitor as somebody else', ask: visitor({ person: uniform('bob') }), answer: '_foreign_user_id' },
  { what: 'a visitor of a domain that is not trusted', ask: visitor({ authorities: [] }), answer: '_uncertified' },
  { what: 'a visitor whose certification has ended', ask: visitor(), days: 30, answer: '_expired_certification' },
  {
    what: 'the same of a home that was silent',
    ask: visitor({ honoured }),
    days: 30,
    answer: 'found, person, 400 days',
  },
  {
    what: 'what a domain’s key says of itself',
    ask: stateOf((world) => [world.domains.get('b.example')!]),
    answer: 'domain state, not revoked, ends never',
  },
  { what: 'the same without a copy', ask: stateOf(() => []), answer: '_keys_unknown' },
  {
    what: 'the same of another key',
    ask: stateOf((world) => [world.domains.get('a.example')!]),
    answer: '_keys_unknown',
  },
  {
    what: 'the same where one copy is revoked, and one is broken',
    ask: stateOf(async (world) => [world.domains.get('b.example')!, new Uint8Array([1, 2]), await world.revoked()]),
    answer: 'domain state, hard revoked, ends never',
  },
  { what: 'a domain to be countersigned', ask: countersign('none'), answer: 'countersigned, 180 days' },
  { what: 'in another domain’s name', ask: countersign('none', 'c.example'), answer: '_foreign_user_id' },
  { what: 'countersigned already', ask: countersign('lasting'), days: 120, answer: 'countersigned, 180 days' },
  { what: 'with less than 60 days left', ask: countersign('lasting'), days: 121, answer: 'countersigned, 301 days' },
  { what: 'taken back before', ask: countersign('taken back'), days: 1, answer: 'countersigned, 181 days' },
  {
    what: 'a countersignature to be taken back',
    ask: async (world) => ({ kind: 'uncountersign', key: await countersigned(world, 'b.example') }),
    answer: 'countersigned, 0 days',
  },
  {
    what: 'ours, as another countersigns it',
    ask: reading((world) => countersigned(world, 'a.example')),
    answer: 'countersigned, 180 days',
  },
  {
    what: 'ours, of which another takes that back',
    ask: reading((world) => countersigned(world, 'a.example', true)),
    answer: 'countersigned, 0 days',
  },
  {
    what: 'ours, of which another says what has ended',
    ask: reading((world) => countersigned(world, 'a.example')),
    days: 180,
    answer: '_expired_certification',
  },
  {
    what: 'ours, of which nobody says anything',
    ask: reading((world) => world.domains.get('a.example')!),
    answer: '_uncertified',
  },
  {
    what: 'theirs in place of ours',
    ask: reading((world) => countersigned(world, 'b.example')),
    answer: '_foreign_user_id',
  },
  { what: 'who is somebody else', ask: close(undefined, { ...ada, identity: 77 }), answer: '_trust_changed_key' },
];

/** What an answer says, in words that both worlds share. */
function told(answer: PkiAnswer): string {
  switch (answer.kind) {
    case 'refused':
      return answer.code;
    case 'domain':
    case 'closed':
    case 'moved':
    case 'named':
    case 'rotation':
      return answer.kind;
    case 'certified':
      return answer.invite === null ? 'certified' : 'certified, invited';
    case 'domain state': {
      const ends = answer.endsMs === null ? 'never' : `in ${Math.round((answer.endsMs / 1000 - NOW) / DAY)} days`;
      return `domain state, ${answer.revocation ?? 'not'} revoked, ends ${ends}`;
    }
    case 'ring':
      return `ring, ${answer.keys.length}`;
    case 'found':
      return `found, ${told(answer.read)}`;
    case 'countersigned':
      return `countersigned, ${answer.untilMs === 0 ? 0 : Math.round((answer.untilMs / 1000 - NOW) / DAY)} days`;
    case 'person': {
      const days = answer.untilMs === 0 ? 0 : Math.round((answer.untilMs / 1000 - NOW) / DAY);
      const revoked = answer.revoked.length === 0 ? '' : `, revokes ${answer.revoked.length}`;
      return `person, ${days} days${answer.isNews ? ', news' : ''}${revoked}`;
    }
  }
}

const worlds = { OpenPGP: await openPgp(), 'ideal keys': await ideal() };

for (const [name, world] of Object.entries(worlds)) {
  test.each(rows)(`${name}: $what`, async ({ ask, days = 0, isOpen = true, answer }) => {
    expect(told(await world.answer(await ask(world), NOW + days * DAY, isOpen))).toBe(answer);
  });

  test(`${name}: a fingerprint is the key’s, and no name’s`, async () => {
    const [one, other] = [await world.show(ada), await world.show({ ...ada, nick: 'bob' })];
    const another = await world.show({ ...ada, identity: 21 });
    expect(hexOf(other.fingerprint)).toBe(hexOf(one.fingerprint));
    expect(hexOf(another.fingerprint)).not.toBe(hexOf(one.fingerprint));
    const certifiedNow = await world.answer(await certify()(world), NOW, true);
    expect(certifiedNow).toMatchObject({ kind: 'certified', fingerprint: one.fingerprint });
  });
}

test('a visitor brings the copy in which he has not taken his name back: another one is known', async () => {
  const world = await openPgp();
  const { certified, retired, statement } = await world.show(ada);
  const question = await visitor()(world);
  // Behind something that is no key of his.
  world.publish(uniform('ada'), retired, statement);
  expect(await world.answer(question, NOW + DAY, true)).toMatchObject({ kind: 'refused' });
  world.publish(uniform('ada'), Uint8Array.of(1, 2, 3), Uint8Array.of(4));
  expect(await world.answer(question, NOW + DAY, true)).toMatchObject({ kind: 'found' });
  // So it is where another domain has given it, among what is nothing, and among keys of others.
  const broken = { keys: [Uint8Array.of(1, 2, 3), world.domains.get('b.example')!], statements: [Uint8Array.of(4)] };
  expect(await world.answer({ ...question, others: broken } as PkiQuestion, NOW + DAY, true)).toMatchObject({
    kind: 'found',
  });
  const given = { keys: [...broken.keys, retired], statements: broken.statements };
  expect(await world.answer({ ...question, others: given } as PkiQuestion, NOW + DAY, true)).toMatchObject({
    kind: 'refused',
  });
  expect(certified).not.toEqual(retired);
});

test('a key server that never answers holds up nobody: what has come by then counts', async () => {
  const key = await domainKey('a.example', 1);
  const search = async function* (): AsyncGenerator<never> {
    yield await new Promise<never>(() => {});
  };
  const notary = new Notary({
    key,
    isOpen: true,
    inviteNamed: () => Promise.resolve(null),
    search,
    findMs: 1,
    now: () => NOW,
  });
  const asked = { kind: 'find', person: 'psyc://b.example/~zoe', fingerprint: null, known: null } as const;
  const answer = await notary.answer({ ...asked, authorities: [], honoured: null, servers: [] });
  expect(answer).toEqual({ kind: 'refused', code: '_keys_unknown' });
});
