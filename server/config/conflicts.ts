/** Values that are right one by one, and cannot be together. docs/operating.md#configuration */
import { parseResolver, renderResolver, type Resolver } from '../dns/resolver.ts';
import { isOnion } from '../transport/resolve.ts';
import { canonicalAddress, isLoopbackName, parseEndpoint } from './address.ts';
import type { Mistake } from './errors.ts';
import type { Document, Step } from './json.ts';
import { mistakeAt } from './mistakes.ts';
import type { RawConfig } from './schema.ts';

/** `raw` holds the keys at the top that are right by themselves. */
export function conflictsOf(document: Document, raw: Partial<RawConfig>): Mistake[] {
  const conflict = (steps: Step[], said: string): Mistake => mistakeAt(document, '_config_conflict', steps, said);
  return [
    ...hosts(raw.listen?.hosts ?? [], conflict),
    ...stores(raw.store ?? {}, conflict),
    ...peers(raw.peers ?? {}, raw.domain, conflict),
    ...plain(raw, conflict),
    ...links(raw, conflict),
    ...mails(raw, conflict),
    ...proxies(raw, conflict),
    ...resolvers(raw, conflict),
    ...ports(raw, conflict),
    ...trials(raw, conflict),
  ];
}

type Conflict = (steps: Step[], said: string) => Mistake;

function hosts(given: readonly string[], conflict: Conflict): Mistake[] {
  const addresses = given.map(canonicalAddress);
  const twice = addresses.flatMap((address, at) => {
    const first = addresses.indexOf(address);
    return first === at ? [] : conflict(['listen', 'hosts', at], `is the address of listen.hosts[${first}] again`);
  });
  const more = (every: string, isOf: (address: string) => boolean): Mistake[] =>
    addresses.includes(every)
      ? addresses.flatMap((address, at) => {
          const isMore = address !== every && isOf(address);
          return isMore ? conflict(['listen', 'hosts', at], `is one of ${every}, which stands in the list too`) : [];
        })
      : [];
  const isAny = addresses.includes('::');
  return [...twice, ...more('::', () => true), ...(isAny ? [] : more('0.0.0.0', (address) => !address.includes(':')))];
}

function stores({ folder, programs, url, memory }: RawConfig['store'], conflict: Conflict): Mistake[] {
  const kinds = Object.entries({ folder: folder ?? programs, url, memory }).filter(([, value]) => value !== undefined);
  if (kinds.length < 2) return [];
  return [
    conflict(['store'], 'names more than one; it must be {"folder": …, "programs": …}, {"url": …} or {"memory": true}'),
  ];
}

function proxies({ proxy, peers: named = {}, plain: given }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  if (proxy !== undefined) {
    return given === undefined
      ? []
      : [conflict(['plain'], 'and proxy exclude each other: plain peers know this server by its address')];
  }
  return Object.entries(named).flatMap(([name, { at }]) =>
    isOnion(at === undefined ? name : (parseEndpoint(at)?.host ?? ''))
      ? conflict(
          at === undefined ? ['peers', name] : ['peers', name, 'at'],
          'is an onion address, which takes a proxy: "proxy": "socks5://127.0.0.1:9050"',
        )
      : [],
  );
}

/** Whoever can be reached from elsewhere would take a stolen key for a new one in no time. */
function trials({ policy, domain, peers: named = {} }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  if ((policy?.timeScale ?? 1) === 1) return [];
  const others = [domain, ...Object.keys(named)].filter((name) => name !== undefined && !isLoopbackName(name));
  return others.length === 0
    ? []
    : [conflict(['policy', 'timeScale'], `is for names that end in .test or .localhost, and ${others[0]} does not`)];
}

function ports({ listen, plain: given, web, keys, mail }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  const speakers = {
    'listen.port': listen?.port ?? 0,
    'plain.port': given?.port ?? 0,
    'web.port': web?.port ?? 0,
    'keys.port': keys?.port ?? 0,
    'keys.tlsPort': keys?.tlsPort ?? 0,
    'mail.port': mail?.port ?? 0,
  };
  const holders = new Map<number, string>();
  return Object.entries(speakers).flatMap(([key, port]) => {
    const holder = port === 0 ? undefined : holders.get(port);
    holders.set(port, holder ?? key);
    return holder === undefined ? [] : conflict(key.split('.'), `is ${holder}, where another thing is spoken`);
  });
}

function resolvers({ dns, proxy }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  const given = (dns?.resolvers ?? []).map((text) => parseResolver(text));
  return given.flatMap((resolver, at) => {
    const place = ['dns', 'resolvers', at];
    const first = given.findIndex((other) => resolver !== null && other !== null && isSameResolver(other, resolver));
    if (resolver === null || first === -1) return [];
    if (first < at) return conflict(place, `is dns.resolvers[${first}] again`);
    if (proxy === undefined || (resolver.kind !== 'udp' && !resolver.isValidator)) return [];
    return conflict(place, 'would be asked past the proxy; behind one it is tcp://, tls:// or https://, elsewhere');
  });
}

const isSameResolver = (one: Resolver, other: Resolver): boolean => renderResolver(one) === renderResolver(other);

function plain({ plain: given, peers: named = {}, domain }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  if (given === undefined) return [];
  return [
    ...Object.keys(given.peers).flatMap((name) => {
      if (name === domain) return conflict(['plain', 'peers', name], 'is this domain itself');
      return name in named ? conflict(['plain', 'peers', name], 'is one of peers, who prove keys') : [];
    }),
  ];
}

/** Onions go to domains that prove keys. */
function links({ mor, plain: given, domain }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  if (mor === undefined) return [];
  const { contexts } = mor;
  const lists = [
    { place: ['mor', 'links'], names: mor.links },
    ...contexts.map(({ members }, at) => ({ place: ['mor', 'contexts', at, 'members'], names: members })),
  ];
  return [
    ...lists.flatMap(({ place, names }) =>
      names.flatMap((name, at) => {
        if (name === domain) return conflict([...place, at], 'is this domain itself');
        if (name in (given?.peers ?? {})) return conflict([...place, at], 'is one of plain.peers, who prove no keys');
        return names.indexOf(name) < at ? conflict([...place, at], 'stands there twice') : [];
      }),
    ),
    ...contexts.flatMap(({ name }, at) =>
      contexts.findIndex((other) => other.name === name) < at
        ? conflict(['mor', 'contexts', at, 'name'], 'is that of another')
        : [],
    ),
  ];
}

/** Replies go back over onions. */
function mails({ mail, mor }: Partial<RawConfig>, conflict: Conflict): Mistake[] {
  return mail === undefined || mor !== undefined ? [] : [conflict(['mail'], 'needs mor: replies go back over onions')];
}

function peers(named: RawConfig['peers'], domain: string | undefined, conflict: Conflict): Mistake[] {
  const holders = new Map<string, string>();
  return Object.entries(named).flatMap(([name, { fingerprint }]) => {
    const own = name === domain ? [conflict(['peers', name], 'is this domain itself')] : [];
    const key = fingerprint?.toLowerCase();
    const holder = key === undefined ? undefined : holders.get(key);
    if (key !== undefined && holder === undefined) holders.set(key, name);
    if (holder === undefined) return own;
    return [...own, conflict(['peers', name, 'fingerprint'], `is that of ${holder}; a key is of one domain`)];
  });
}
