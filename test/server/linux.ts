/** What only Linux has: addresses of the whole 127.0.0.0/8 without asking, and processes in /proc. */
import { needs } from '../needs.ts';

export const needsLinux = needs({
  name: 'Linux',
  otherwise: 'run the tests on Linux',
  probe: () => process.platform === 'linux',
});
