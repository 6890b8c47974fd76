/** A node's listener from outside: what it is told, and what it has done for it. docs/spec/listener-bots.md#in-a-server */
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import type { ListenerLimits } from '../../listener-bots/limits.ts';
import type { ListenerStatus } from '../../listener-bots/listener.ts';

/** A MOR context of a server beside its first. */
interface MorContextOptions {
  /** As in its uniform, behind `$mor-`. */
  readonly name: string;
  readonly limits: ListenerLimits;
  /** Who may be a member; circuits are held to them. */
  readonly members: readonly string[];
  /** As a listener's. */
  readonly servers?: number;
}

/** What a node is told of its listener before it starts. */
export interface MorOptions {
  readonly limits: ListenerLimits;
  /** Domains that circuits are held to, so that there are links to them. */
  readonly links: readonly string[];
  /** As a listener's, in the first context. */
  readonly servers?: number;
  /** Contexts beside the first, each a flood of its own. */
  readonly contexts?: readonly MorContextOptions[];
  /** Both clocks off: for tests and measurements, and it hides nothing. docs/spec/listener-bots.md#unsafe */
  readonly unsafe?: boolean;
}

/** Another server that a route may go over, with its OpenPGP key. */
export interface MorServer {
  readonly domain: string;
  readonly key: Uint8Array;
}

/** What a status page shows: of the first context, and of each other. `closedExits`: packets from nobody that nobody here takes. */
export interface MorStatus extends ListenerStatus {
  readonly closedExits: number;
  readonly further: readonly (ListenerStatus & { readonly name: string })[];
}

type Kinds<Union extends { readonly kind: string }, Kind extends Union['kind']> = Extract<Union, { kind: Kind }>;

/** What a listener is told from outside its node. */
export type MorEvent =
  | Kinds<ListenerEvent, 'loaded' | 'keys' | 'stations' | 'opened' | 'remembered'>
  /** Those of the stations, for clients who draw routes. */
  | { readonly kind: 'servers'; readonly servers: readonly MorServer[] }
  /** This domain's key with all that others say of it. */
  | { readonly kind: 'own key'; readonly key: Uint8Array };

/** What it has done outside its node. */
export type MorEffect =
  | Kinds<ListenerEffect, 'open' | 'remember' | 'forget' | 'forget key' | 'renew'>
  /** To these there are links now: tell of their keys. */
  | { readonly kind: 'linked to'; readonly domains: readonly string[] }
  /** One of those has shown its key, with what others say of it; nothing of it is checked. */
  | { readonly kind: 'key shown'; readonly domain: string; readonly key: Uint8Array };
