/** A node's listener from outside: what it is told, and what it has done for it. docs/spec/listener-bots.md#in-a-server */
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import type { ListenerLimits } from '../../listener-bots/limits.ts';

/** What a node is told of its listener before it starts. */
export interface MorOptions {
  readonly limits: ListenerLimits;
  /** Domains that circuits are held to, so that there are links to them. */
  readonly links: readonly string[];
  /** Both clocks off: for tests and measurements, and it hides nothing. docs/spec/listener-bots.md#unsafe */
  readonly unsafe?: boolean;
}

/** Another server that a route may go over, with its OpenPGP key. */
export interface MorServer {
  readonly domain: string;
  readonly key: Uint8Array;
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
