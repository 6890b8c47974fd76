/** The persistent variables of one context: assigned, augmented, diminished, reset and told again. docs/spec/psyc.md#state */
import { copyBytes, decodeText, encodeText, keyOfBytes, ownText } from './bytes.ts';
import { type Dict, parseDict, renderDict } from './dict.ts';
import { PsycError } from './error.ts';
import { typeOf } from './keyword.ts';
import { limits } from './limits.ts';
import { type Element, type Generation, parseList, renderList } from './list.ts';
import type { Operator, Packet } from './packet.ts';
import type { Assignment } from './render.ts';

/** What a packet asked for beside changes. */
export interface StateRequests {
  /** The whole state, by a `?` line: answer with `snapshot` to that member alone. */
  readonly resync: boolean;
  /** Single variables, by `?` before their names: answer with their `get`. */
  readonly queries: readonly string[];
}

/** One context's state, as one side of a circuit knows it. */
export class ContextState {
  private variables: ReadonlyMap<string, Uint8Array> = new Map();
  private readonly generation: Generation;

  /** `generation`: the form of lists on this circuit. */
  constructor(generation: Generation) {
    this.generation = generation;
  }

  /** A variable's bytes; undefined when it was never assigned, or assigned empty. */
  get(name: string): Uint8Array | undefined {
    return this.variables.get(name);
  }

  /** How many variables there are. */
  get size(): number {
    return this.variables.size;
  }

  /**
   * Takes over what a packet changes: all of it, or nothing when it throws PsycError: `_unsupported_operator`,
   * `_oversized_value`, `_excessive_state`, or what is wrong with a list, a dict or an amount, whose offset then counts from
   * the value's first byte, others' from the packet's.
   */
  apply(packet: Packet): StateRequests {
    const { sync } = packet;
    const changed = new Map(sync.includes('=') ? [] : this.variables);
    const queries: string[] = [];
    let touched = sync.includes('=');
    let changedBytes = 0;
    for (let index = packet.routingCount; index < packet.modifierCount; index++) {
      const operator = packet.operatorOf(index);
      const name = ownText(packet.nameOf(index));
      if (operator === '?') queries.push(name);
      if (operator === '?' || operator === ':' || operator === '!') continue;
      touched = true;
      const old = changed.get(name);
      const value = packet.valueOf(index);
      // A small packet could have the same long list taken apart hundreds of times.
      if (operator !== '=') changedBytes += value.length + (old?.length ?? 0);
      if (changedBytes > limits.stateBytesMax) throw excessive(packet.offsetOf(index));
      const now = this.change(operator, name, old, value, packet.offsetOf(index));
      // It must be possible to tell it to others in one line.
      if (now.length > limits.valueBytesMax) {
        throw new PsycError(
          '_oversized_value',
          packet.offsetOf(index),
          `${name} would have over ${limits.valueBytesMax} bytes`,
        );
      }
      if (now.length === 0) changed.delete(name);
      else changed.set(name, now);
    }
    if (touched) {
      check(changed);
      this.variables = changed;
    }
    return { resync: sync.includes('?'), queries };
  }

  /** The lines that tell a member everything; they go behind a sync line `=`, to that member alone. */
  snapshot(): Assignment[] {
    return [...this.variables].map(([name, value]) => ({ operator: '=', name, value }));
  }

  private change(
    operator: Operator,
    name: string,
    old: Uint8Array | undefined,
    value: Uint8Array,
    at: number,
  ): Uint8Array {
    // Copies: what a packet or the renderer gives is a view of a larger buffer, and this outlives the tick.
    if (operator === '=') return copyBytes(value);
    const type = typeOf(name);
    const before = old ?? new Uint8Array(0);
    if (operator === '+' || operator === '-') {
      const more = operator === '+';
      if (type === '_list') return copyBytes(this.changeList(before, value, more));
      if (type === '_dict') return copyBytes(changeDict(before, value, more));
      if (type === '_amount') return changeAmount(before, value, more, at);
    }
    throw new PsycError('_unsupported_operator', at, `${operator} does not work on ${name}`);
  }

  private changeList(old: Uint8Array, value: Uint8Array, more: boolean): Uint8Array {
    const { generation } = this;
    const list = parseList(old, generation);
    const given = parseList(value, generation).elements;
    const elements = more ? [...list.elements, ...given] : without(list.elements, given);
    return renderList({ ...list, elements }, generation);
  }
}

/** The elements without those taken away; each takes away the first that is equal to it. */
function without(elements: readonly Element[], gone: readonly Element[]): Element[] {
  const counts = new Map<string, number>();
  const keyOf = ({ type, value }: Element): string => `${type ?? ''} ${keyOfBytes(value)}`;
  for (const element of gone) counts.set(keyOf(element), (counts.get(keyOf(element)) ?? 0) + 1);
  return elements.filter((element) => {
    const count = counts.get(keyOf(element)) ?? 0;
    if (count > 0) counts.set(keyOf(element), count - 1);
    return count === 0;
  });
}

/** `+` puts entries, by key; `-` takes keys away, whatever their values. */
function changeDict(old: Uint8Array, value: Uint8Array, more: boolean): Uint8Array {
  const dict: Dict = parseDict(old);
  const given = parseDict(value).entries;
  const keys = new Set(given.map(({ key }) => keyOfBytes(key)));
  const entries = dict.entries.filter(({ key }) => !keys.has(keyOfBytes(key)));
  if (more) entries.push(...given);
  return renderDict({ ...dict, entries });
}

function changeAmount(old: Uint8Array, value: Uint8Array, more: boolean, at: number): Uint8Array {
  const sum = encodeText(String(amount(old, at) + (more ? 1 : -1) * amount(value, at)));
  amount(sum, at);
  return sum;
}

/** At most 15 digits, so that sums stay exact. Nothing counts as 0. */
function amount(bytes: Uint8Array, at: number): number {
  const text = decodeText(bytes);
  if (text === '') return 0;
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw new PsycError('_invalid_type', at, 'an amount is a whole number of up to 15 digits');
  return Number(text);
}

function check(variables: ReadonlyMap<string, Uint8Array>): void {
  let bytes = 0;
  for (const [name, value] of variables) bytes += name.length + value.length;
  if (variables.size > limits.stateVariablesMax || bytes > limits.stateBytesMax) throw excessive(0);
}

const excessive = (at: number): PsycError =>
  new PsycError(
    '_excessive_state',
    at,
    `a context keeps at most ${limits.stateVariablesMax} variables and ${limits.stateBytesMax} bytes, and a packet changes no more`,
  );
