/** Argon2id as the identity file asks for it (RFC 9106), by whatever computes it here. docs/spec/pki.md#identity-file */
import { ClientError } from '../error.ts';
import { identityLimits } from './limits.ts';

/** Costs of a guess. `memoryKiB` is for all lanes together. */
export type Argon2Parameters = { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };

/**
 * 32 bytes from a passphrase's bytes and a salt of 16: Argon2id version 0x13 (RFC 9106) without key or associated data.
 * Given as an argument: Node has it native, browsers portable or in WebAssembly.
 */
export type Argon2id = (passphrase: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters) => Promise<Uint8Array>;

/** What we write. */
export const argon2Parameters: Argon2Parameters = {
  memoryKiB: identityLimits.memoryKiB,
  passes: identityLimits.passes,
  lanes: identityLimits.lanes,
};

/** Throws ClientError `_refused_parameters` for costs below or above the limits. */
export function checkParameters({ memoryKiB, passes, lanes }: Argon2Parameters): void {
  const { memoryKiBMin, memoryKiBMax, passesMin, passesMax, lanesMax } = identityLimits;
  const isFine =
    memoryKiB >= memoryKiBMin &&
    memoryKiB <= memoryKiBMax &&
    passes >= passesMin &&
    passes <= passesMax &&
    lanes >= 1 &&
    lanes <= lanesMax;
  if (!isFine) {
    throw new ClientError(
      '_refused_parameters',
      `Argon2id takes ${memoryKiBMin} to ${memoryKiBMax} KiB, ${passesMin} to ${passesMax} passes, 1 to ${lanesMax} lanes`,
    );
  }
}
