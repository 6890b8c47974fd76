/** What may lean on what: the table, as data, and the folders that lean otherwise. */

/** Folders without clock, chance, platform or foreign packages: the functional core. */
export const pure = [
  'psyc',
  'crypto',
  'onion',
  'pki',
  'circuit',
  'publication',
  'store',
  'listener-bots',
  'services',
  'round-trips',
  'federation',
  'simulator',
];

const belowSimulator = pure.filter((folder) => folder !== 'simulator');

/** What each folder may import directly; `null` is everything, for the folders that nothing imports. */
export const mayImport: ReadonlyMap<string, readonly string[] | null> = new Map([
  ['psyc', []],
  ['crypto', []],
  ['onion', ['psyc', 'crypto']],
  ['pki', ['psyc', 'crypto']],
  ['circuit', ['psyc', 'crypto', 'pki']],
  ['publication', ['psyc', 'crypto', 'pki']],
  ['store', ['psyc']],
  ['listener-bots', ['psyc', 'crypto', 'onion', 'pki', 'publication']],
  ['services', ['psyc', 'crypto', 'onion']],
  ['round-trips', ['psyc', 'crypto', 'onion', 'pki']],
  ['federation', belowSimulator.filter((folder) => folder !== 'federation' && folder !== 'round-trips')],
  ['simulator', belowSimulator],
  ['disk', []],
  ['client', ['disk', 'psyc', 'crypto', 'onion', 'pki', 'circuit', 'publication', 'services', 'round-trips']],
  ['server', [...pure, 'disk']],
  ['cli', ['client', 'server', 'pki', 'psyc', 'crypto', 'onion', 'simulator', 'round-trips']],
  ['web', ['client', 'psyc']],
  ['test', null],
  ['bench', null],
]);

/** The folder at the top that `path` is in; '' for files at the top. */
export const topOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

/** Whether a file of `from` may import one of `to`. */
export function isAllowed(from: string, to: string): boolean {
  if (from === to) return true;
  const allowed = mayImport.get(from);
  if (allowed === undefined) return false;
  return allowed === null ? mayImport.has(to) : allowed.includes(to);
}
