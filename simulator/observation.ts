/** What a run shows at its boundary: all that checkers are told, and all that they may judge by. docs/simulator.md#checkers */

/** One thing that was seen from outside. `key` names what was said: as a rule source, target and counter, with blanks between. */
export type Observation =
  /** An author wants this said; the first time, not each time he repeats it. */
  | {
      readonly kind: 'said';
      readonly key: string;
      readonly author: string;
      readonly target: string;
      readonly tag: string;
      /** The author's number for it: 1, 2, 3 … for this target. */
      readonly counter: number;
      /** Method and data, each with its line feed. */
      readonly content: Uint8Array;
    }
  /** Somebody asks something of a place that changes who is there; the first time. `author` is without channel. */
  | {
      readonly kind: 'asked';
      readonly key: string;
      readonly author: string;
      readonly target: string;
      readonly method: string;
      /** Person or domain, where it is about one. */
      readonly whom: string | null;
    }
  /** A device was sent something that was said in a context which it does not hear. */
  | { readonly kind: 'overheard'; readonly host: string; readonly context: string; readonly key: string }
  /** A host told the author (`person`) or another host (`peer`), by name, that it has the packet. */
  | {
      readonly kind: 'acknowledged';
      readonly host: string;
      readonly key: string;
      readonly to: 'person' | 'peer';
      readonly addressee: string;
    }
  /** A device has given something to this server of its own hand. */
  | { readonly kind: 'offered'; readonly host: string; readonly key: string }
  /** The disk says that a row is there to stay. */
  | { readonly kind: 'durable'; readonly host: string; readonly context: string; readonly key: string }
  /** A reader was given a row. */
  | {
      readonly kind: 'delivered';
      readonly host: string;
      readonly context: string;
      readonly sequence: number;
      readonly key: string;
      readonly packet: Uint8Array;
    }
  /** A server without keys was told that somebody has said this in a place. */
  | {
      readonly kind: 'heard';
      readonly host: string;
      readonly context: string;
      readonly key: string;
      readonly author: string;
      readonly words: Uint8Array;
      /** Nothing is numbered, so there is no order between two of them. */
      readonly circuit: string;
    }
  /** The author was told that what he said is not taken, and never will be. */
  | { readonly kind: 'refused'; readonly host: string; readonly key: string }
  /** A device was told that it hears a context from this sequence on; or that it hears it no more. */
  | { readonly kind: 'entered'; readonly host: string; readonly context: string; readonly sequence: number }
  | { readonly kind: 'left'; readonly host: string; readonly context: string }
  /** A person's home told his device that nobody lives there any more; these places he was a member of. */
  | { readonly kind: 'closed'; readonly person: string; readonly places: readonly string[] }
  /** Somebody says whether he wants to be friends, by his clock; `isKept`: he hears that both homes have it. */
  | {
      readonly kind: 'word';
      readonly person: string;
      readonly other: string;
      readonly wants: boolean;
      readonly timeMs: number;
      readonly isKept: boolean;
    }
  /** A device is told by its home what somebody is to its person. */
  | {
      readonly kind: 'standing';
      readonly host: string;
      readonly person: string;
      readonly other: string;
      readonly standing: string;
    }
  /** A home has taken what a device says of its person's presence. */
  | { readonly kind: 'announced'; readonly host: string; readonly availability: number }
  /** A device of `person` is told of somebody's. */
  | {
      readonly kind: 'presence';
      readonly host: string;
      readonly person: string;
      readonly of: string;
      readonly availability: number;
    }
  /** A home has taken that its person blocks somebody. */
  | { readonly kind: 'blocked'; readonly person: string; readonly who: string }
  /** These bytes left a host for a link or a disk: whoever looks there sees them. */
  | { readonly kind: 'shown'; readonly host: string; readonly where: 'a link' | 'the disk'; readonly bytes: Uint8Array }
  /** A device is to say this in a members-only place; no other words are the same. `author` is its channel. */
  | { readonly kind: 'confided'; readonly author: string; readonly words: string }
  /** It says it under this key, sealed; again under another where that is refused. */
  | { readonly kind: 'sealed'; readonly key: string; readonly words: string }
  /** A device could read a row. */
  | { readonly kind: 'read'; readonly host: string; readonly key: string; readonly words: string }
  /** Whoever has a place's log and this person's secrets can read a row of it. */
  | { readonly kind: 'readable'; readonly context: string; readonly key: string; readonly person: string }
  /** Somebody tries to pass this for another's word. */
  | { readonly kind: 'forged'; readonly key: string }
  /** A host wrote a packet to all members of a context on one circuit, at this time. */
  | {
      readonly kind: 'multicast';
      readonly host: string;
      readonly circuit: string;
      readonly peer: string;
      readonly context: string;
      readonly counter: string;
      /** Everything between the length line and the terminator. */
      readonly content: Uint8Array;
      readonly atUs: number;
    }
  /** A client gave its server an onion to send; `isCalm`: when nothing failed any more. */
  | {
      readonly kind: 'handed';
      readonly host: string;
      readonly key: string;
      readonly onion: Uint8Array;
      readonly isCalm: boolean;
    }
  /** Somebody uses a ticket: the tags of its layers behind the first, in hexadecimal digits, its owner's last; `isOver`: it has expired. */
  | { readonly kind: 'ticket'; readonly behind: readonly string[]; readonly isOver: boolean }
  /** A domain's owner has made this key the domain's, from now on. */
  | { readonly kind: 'named'; readonly domain: string; readonly fingerprint: string }
  /** A server has turned a domain away that came with its own key, or was found with it, since too much was waiting. */
  | { readonly kind: 'turned away'; readonly host: string; readonly domain: string }
  /** By the rules this server may take that key for the domain's from then on, until its owner has spoken: somebody has stolen more than one thing. */
  | {
      readonly kind: 'deceivable';
      readonly host: string;
      readonly domain: string;
      readonly fingerprint: string;
      readonly fromUs: number;
    }
  /** A server, or somebody's device, has this key of a domain pinned from now on, durably. */
  | {
      readonly kind: 'pinned';
      readonly host: string;
      readonly domain: string;
      readonly fingerprint: string;
      readonly standing: string;
      readonly atUs: number;
    }
  /** What a server has durably of countersignatures between its domain and another: on that one's keys, and on its own. Unix milliseconds; 0: taken back. */
  | {
      readonly kind: 'countersigned';
      readonly host: string;
      readonly domain: string;
      readonly given: readonly { readonly fingerprint: string; readonly untilMs: number }[];
      readonly held: { readonly fingerprint: string; readonly untilMs: number } | null;
      readonly atUs: number;
    }
  /** An admin was told that his word about a domain holds. */
  | { readonly kind: 'ruled'; readonly host: string; readonly domain: string; readonly rule: 'limit' | 'allow' }
  /** Somebody's device comes to another domain's server as a visitor; is let in there; his home has told him that it was. */
  | {
      readonly kind: 'visit';
      readonly step: 'wanted' | 'made' | 'known';
      readonly person: string;
      readonly domain: string;
    }
  /** Somebody tries to come in at a server with a key of his own that a person's home has certified for that person; it is refused as another than the pinned one; the person's device hears of that from the server. */
  | {
      readonly kind: 'false key';
      readonly step: 'tried' | 'refused' | 'told';
      readonly host: string;
      readonly person: string;
      readonly fingerprint: string;
    }
  /** Time goes on: at least once a second. */
  | { readonly kind: 'tick'; readonly atUs: number }
  /** A queue is longer than it ever was. */
  | { readonly kind: 'queue'; readonly host: string; readonly name: string; readonly length: number }
  /** From now on nothing fails. */
  | { readonly kind: 'calm' }
  /** The run is over. `stored` is what the disks really hold: keys in order, by host and context. */
  | {
      readonly kind: 'ended';
      readonly stored: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
    };

/** Whoever watches a run. */
export type Observer = (observation: Observation) => void;
