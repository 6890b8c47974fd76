/** Uniforms, PSYC's addresses: `psyc://host[:port[transport]][/[type]name[#channel]]`. docs/spec/psyc.md#uniforms */
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import { checkDomain, checkNick, isDomain } from './names.ts';

/** What a uniform names: by the character its name begins with, or no path at all, or none of these. */
type Kind =
  /** `psyc://host`: the node itself. */
  | 'node'
  /** `psyc://host/`: its root entity. */
  | 'root'
  | 'person'
  | 'place'
  | 'service'
  /** A path without a type: other software's. */
  | 'object';

/** c TCP, d UDP, s TLS, g GNUnet. */
type Transport = 'c' | 'd' | 's' | 'g';

/** The parts of a uniform, in lower case. */
export interface Uniform {
  /** A domain, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  /** 1 to 65535; negative: a peer's own port, to which nobody can connect. */
  readonly port?: number;
  readonly transport?: Transport;
  readonly kind: Kind;
  /** Without the type's character; '' for nodes and roots. */
  readonly name: string;
  readonly channel?: string;
}

const typeOfCharacter: Readonly<Record<string, Kind>> = { '~': 'person', '@': 'place', $: 'service' };
const characterOfType: Readonly<Partial<Record<Kind, string>>> = { person: '~', place: '@', service: '$' };

const ASCII = /^[!-~]*$/;
const SHAPE = /^psyc:\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(-?[0-9]{1,5})?([cdsg])?)?(\/[^#]*)?(?:#(.*))?$/;
/** Printable ASCII without blanks and what quotes a uniform in text. */
const NAME = /^[!$-;=?-[\]-_a-z{-~]+$/;

/** The parts of a uniform; upper case is folded. Throws PsycError `_invalid_uniform`, `_oversized_uniform`. */
export function parseUniform(text: string): Uniform {
  if (text.length > limits.uniformBytesMax) {
    throw new PsycError(
      '_oversized_uniform',
      limits.uniformBytesMax,
      `a uniform of over ${limits.uniformBytesMax} bytes`,
    );
  }
  // Before folding: the Kelvin sign folds to k, and would pass for it.
  const match = ASCII.test(text) ? SHAPE.exec(text.toLowerCase()) : null;
  if (match === null) throw invalid('not psyc://host[:port][/name]');
  const [, host, portText, transport, path, channel] = match as unknown as [string, string, ...(string | undefined)[]];
  checkHost(host);
  const uniform = { host, ...portOf(text, portText, transport), ...nameOf(path) };
  if (channel === undefined) return uniform;
  if (uniform.name === '' || !NAME.test(channel)) throw invalid('a channel without an entity, or an empty one');
  return { ...uniform, channel };
}

/** The text of a uniform. Throws PsycError `_invalid_uniform` when `parseUniform` would not give the same parts again. */
export function renderUniform(uniform: Uniform): string {
  const { host, port, transport, kind, name, channel } = uniform;
  const where = port === undefined && transport === undefined ? '' : `:${port ?? ''}${transport ?? ''}`;
  const path = kind === 'node' ? '' : `/${characterOfType[kind] ?? ''}${name}`;
  const text = `psyc://${host}${where}${path}${channel === undefined ? '' : `#${channel}`}`;
  const again = parseUniform(text);
  for (const part of ['host', 'port', 'transport', 'kind', 'name', 'channel'] as const) {
    if (again[part] !== uniform[part]) throw invalid(`the ${part} would be read as something else`);
  }
  return text;
}

/**
 * A uniform of an entity on a P3DO server: a domain, no port, and a nick for a name. Throws PsycError as `parseUniform`
 * does, and `_invalid_domain`, `_invalid_nick`.
 */
export function parseEntity(text: string): Uniform {
  const uniform = parseUniform(text);
  if (uniform.port !== undefined || uniform.transport !== undefined)
    throw invalid('a port in the uniform of an entity');
  checkDomain(uniform.host);
  if (uniform.kind === 'object') throw invalid('an entity is a ~person, a @place or a $service');
  if (uniform.name !== '') checkNick(uniform.name);
  return uniform;
}

/** Whether it is the uniform of an entity of this kind, in its one form and without a channel. */
export function isEntity(uniform: string, kind: Kind): boolean {
  try {
    const parsed = parseEntity(uniform);
    return parsed.kind === kind && parsed.channel === undefined && renderUniform(parsed) === uniform;
  } catch (error) {
    if (error instanceof PsycError) return false;
    throw error;
  }
}

/** The uniform without its channel: what membership goes by. */
export function withoutChannel(uniform: string): string {
  const hash = uniform.indexOf('#');
  return hash === -1 ? uniform : uniform.slice(0, hash);
}

function portOf(text: string, portText: string | undefined, transport: string | undefined) {
  if (portText === undefined && transport === undefined) {
    if (/^psyc:\/\/[^/#]*:($|[/#])/i.test(text)) throw invalid('a colon without a port');
    return {};
  }
  if (transport === 'g' && portText !== undefined) throw invalid('GNUnet has no ports');
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port === 0 || Math.abs(port) > 65_535)) throw invalid('a port is 1 to 65535');
  return {
    ...(port === undefined ? {} : { port }),
    ...(transport === undefined ? {} : { transport: transport as Transport }),
  };
}

function nameOf(path: string | undefined): { kind: Kind; name: string } {
  if (path === undefined) return { kind: 'node', name: '' };
  if (path === '/') return { kind: 'root', name: '' };
  const kind = typeOfCharacter[path[1]!];
  const name = path.slice(kind === undefined ? 1 : 2);
  if (!NAME.test(name)) throw invalid('an empty name, or one with other than printable ASCII characters');
  return { kind: kind ?? 'object', name };
}

function checkHost(host: string): void {
  if (host.startsWith('[') ? isIpv6(host.slice(1, -1)) : isIpv4(host) || isDomain(host)) return;
  throw invalid('the host is neither a domain nor an address');
}

const isIpv4 = (host: string): boolean => /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(host);

function isIpv6(host: string): boolean {
  const halves = host.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return false;
  return halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
}

const invalid = (detail: string): PsycError => new PsycError('_invalid_uniform', 0, detail);
