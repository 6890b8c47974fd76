/** How something that a device asks of its home is answered. docs/spec/friends.md#at-home */
import type { Value } from '../../psyc/render.ts';
import type { FederationCode } from '../error.ts';

/** Tells one thing, of which there may be several before the echo. */
export type Tell = (method: string, entity: Readonly<Record<string, Value | undefined>>, data?: Value) => void;
export type Done = (code?: FederationCode) => void;
