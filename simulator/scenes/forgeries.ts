/** What is tried by those who speak for others: a client of `a.example`, a server that is its own, and one that claims to be `a.example`. docs/simulator.md#federation */
import type { CircuitLimits } from '../../circuit/limits.ts';
import { render, renderRouted } from '../../psyc/render.ts';
import { signedContent } from '../../publication/packet.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Observer } from '../observation.ts';
import { Author } from './author.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Forger, type Forgery } from './forger.ts';
import { liarsKey } from './ideal-dns.ts';
import { keysOf, mallory, type PersonPlan, persons, places } from './town.ts';

/** A signed content that somebody really said, and where. */
export interface Overheard {
  readonly source: string;
  readonly address: string;
  /** The number that it went under. */
  readonly counter: number;
  readonly content: Uint8Array;
}

type Routing = Readonly<Record<string, string>>;

const [hall, bar] = places;
const [ada, bob, , dan] = persons as readonly [PersonPlan, PersonPlan, PersonPlan, PersonPlan];
const den = 'psyc://evil.example/@den';
const numbered = { _counter: '1' };

/** Forged routing variables over a content that nobody signed. */
export const unsigned =
  (routing: Routing): Forgery =>
  (tag) =>
    render({ routing: { ...routing, _tag: tag }, method: '_message_public', data: 'not my words' });

/** The same over a content that `author` has signed. */
export const signed =
  (routing: Routing, author: Author, method = '_message_public'): Forgery =>
  (tag, nowMs) => {
    const address = routing['_context'] ?? routing['_target']!;
    const said = author.sign(address, { method, data: 'nor theirs' }, beginUnixMs + nowMs);
    return renderRouted({ ...routing, _tag: tag }, signedContent(said));
  };

/** The newest word that somebody else really said, under other routing variables. */
export const copied =
  (heard: readonly Overheard[], isIt: (said: Overheard) => boolean, routing: (said: Overheard) => Routing): Forgery =>
  (tag) => {
    const said = heard.findLast(isIt);
    return said === undefined ? null : renderRouted({ ...routing(said), _tag: tag }, said.content);
  };

/** All of them; `heard` grows while they play. */
export function forgersOf(
  keys: IdealKeys,
  heard: readonly Overheard[],
  limits: CircuitLimits,
  observe: Observer,
): Forger[] {
  const { suite } = keys;
  const [own] = mallory.devices;
  const { channel, seed, id: device } = own!;
  const [desk] = ada.devices;
  const adas = keysOf(keys, ada).fingerprint;
  const stolen = new Author({ suite, fingerprint: adas, device: desk!.id, seed });
  const renamed = new Author({ suite, fingerprint: adas, device, seed });
  const identity = keysOf(keys, mallory);
  const isOthers = ({ source }: Overheard): boolean => !source.startsWith(mallory.uniform);

  const ofClient: Forgery[] = [
    unsigned({ _source: `${ada.uniform}#0123456789abcdef`, _target: bob.uniform, ...numbered }),
    unsigned({ _source: ada.uniform, _target: 'psyc://b.example/~cyd', ...numbered }),
    unsigned({ _context: hall, _source_relay: ada.uniform, _counter: '1' }),
    unsigned({ _source: channel, _source_relay: ada.uniform, _target: bob.uniform, ...numbered }),
    signed({ _source: desk!.channel, _target: hall, ...numbered }, stolen),
    signed({ _source: channel, _target: bob.uniform, ...numbered }, stolen, '_message_private_sealed'),
    signed({ _source: channel, _target: bob.uniform, ...numbered }, renamed, '_message_private_sealed'),
    // What was said there, said by him; what was said elsewhere, said by its author here; what was said, said once more.
    copied(heard, isOthers, ({ address }) => ({ _source: channel, _target: address, ...numbered })),
    copied(heard, isOthers, ({ source }) => ({ _source: source, _target: bob.uniform, ...numbered })),
    copied(heard, isOthers, ({ source, address }) => ({ _source: source, _target: address, _counter: '1000' })),
    copied(heard, isOthers, ({ source, address }) => ({
      _source: channel,
      _source_relay: source.split('#', 1)[0]!,
      _target: address,
      ...numbered,
    })),
  ];

  const zed = 'psyc://evil.example/~zed';
  const zeds = keys.device('zed');
  const home = keys.domain('evil.example');
  const uncertified = keys.person(zed, [zeds]);
  const zedsKeys = { ...uncertified, key: keys.certified(uncertified.key, home) };
  const isAtBar = ({ source, address }: Overheard): boolean => address === bar && !source.includes('b.example');
  const ofServer: Forgery[] = [
    unsigned({ _source: desk!.channel, _target: dan.uniform, ...numbered }),
    unsigned({ _context: hall, _source_relay: ada.uniform, _counter: '1000000' }),
    unsigned({ _source: desk!.channel, _target: bar, _counter: '1000000' }),
    unsigned({ _context: den, _source_relay: dan.uniform, _counter: '1' }),
    signed({ _context: den, _source_relay: dan.uniform, _counter: '2' }, stolen),
    signed({ _source: desk!.channel, _target: dan.uniform, ...numbered }, stolen, '_message_private_sealed'),
    signed({ _source: zed, _target: dan.uniform, ...numbered }, stolen, '_message_private_sealed'),
    copied(heard, isAtBar, ({ address }) => ({ _source: zed, _target: address, ...numbered })),
    copied(heard, isAtBar, ({ source, address }) => ({ _source: source, _target: address, _counter: '1000' })),
    // Under the number that its author will use next: it would be taken for his next word.
    copied(heard, isAtBar, ({ source, address, counter }) => ({
      _source: source,
      _target: address,
      _counter: String(counter + 1),
    })),
    copied(heard, isAtBar, ({ source }) => ({ _source: source, _target: dan.uniform, ...numbered })),
    copied(heard, isAtBar, ({ source }) => ({ _context: den, _source_relay: source, _counter: '3' })),
  ];

  const ofLiar: Forgery[] = [
    unsigned({ _source: `${ada.uniform}#fedcba9876543210`, _target: dan.uniform, ...numbered }),
    unsigned({ _context: hall, _source_relay: ada.uniform, _counter: '1000000' }),
  ];
  const claimed = keys.domain('a.example');
  const nobody = new Map();
  return [
    new Forger({
      host: own!.host,
      server: 'a.example',
      keys,
      parties: [{ kind: 'client', person: mallory.uniform, keys: identity, seed, channel }],
      forgeries: ofClient,
      people: nobody,
      limits,
      observe,
    }),
    new Forger({
      host: 'evil.example',
      server: 'b.example',
      keys,
      parties: [{ kind: 'server', identity: home }],
      forgeries: ofServer,
      people: new Map([[zed, zedsKeys]]),
      limits,
      observe,
    }),
    // The true key without its secret; a key of its own in that name, and in that of one who has not come yet; its own name
    // with the true key.
    new Forger({
      host: 'liar.example',
      server: 'b.example',
      keys,
      parties: [
        { kind: 'server', identity: { ...claimed, seed: zeds } },
        { kind: 'server', identity: keys.domain('a.example', liarsKey) },
        { kind: 'server', identity: keys.domain('c.example', liarsKey) },
        { kind: 'server', identity: { ...claimed, domain: 'liar.example' } },
      ],
      forgeries: ofLiar,
      people: nobody,
      limits,
      observe,
    }),
  ];
}
