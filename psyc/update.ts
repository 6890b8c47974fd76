/** The value of an `@` modifier: which nested element to change, how, and to what. docs/spec/psyc.md#updates */
import { byteClass, OPERATOR, SP } from './bytes.ts';
import { readKey, writeKey } from './dict.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import { type Element, readElement, readLength, readType, writeElement } from './list.ts';
import type { Operator } from './packet.ts';
import { Writer } from './writer.ts';

/** One step into a nested value: `#3` of a list, `._field` of a struct, `{key}` of a dict. */
export type Step = { readonly index: number } | { readonly field: string } | { readonly key: Uint8Array };

/** What `@` asks for: `<index> SP <operator>[<type>][:<length>] SP <value>`. */
export interface Update {
  readonly path: readonly Step[];
  readonly operator: Operator;
  readonly element: Element;
}

const HASH = 0x23;
const STOP = 0x2e;
const BRACE = 0x7b;
/** No delimiter: the value goes on to the end. */
const NONE = -1;

/** The update in `bytes`. Throws PsycError `_invalid_update`, `_invalid_dict`, `_invalid_element`, `_excessive_elements`. */
export function parseUpdate(bytes: Uint8Array): Update {
  const path: Step[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== SP) {
    if (path.length === limits.indexStepsMax) {
      throw new PsycError('_excessive_elements', at, `an index of over ${limits.indexStepsMax} steps`);
    }
    const { step, end } = readStep(bytes, at);
    path.push(step);
    at = end;
  }
  if (path.length === 0 || bytes[at] !== SP) throw invalid(at, 'no index and blank');
  const operator = bytes[at + 1];
  if (operator === undefined || (byteClass[operator]! & OPERATOR) === 0) throw invalid(at + 1, 'no operator');
  return { path, operator: String.fromCharCode(operator) as Operator, element: readValue(bytes, at + 2) };
}

/** An update's bytes. */
export function renderUpdate({ path, operator, element }: Update): Uint8Array {
  const writer = new Writer();
  writer.open();
  for (const step of path) {
    writer.room(2);
    if ('index' in step) {
      writer.byte(HASH);
      writer.decimal(step.index);
    } else if ('field' in step) {
      writer.byte(STOP);
      writer.name(step.field);
    } else writeKey(writer, step.key);
  }
  writer.room(2);
  writer.byte(SP);
  writer.byte(operator.charCodeAt(0));
  // As an element, but for the `=` before a type, which the operator's place makes needless.
  const value = new Writer();
  value.open();
  writeElement(value, element, NONE);
  const bytes = value.take(0);
  writer.raw(element.type === undefined ? bytes : bytes.subarray(1));
  return writer.take(writer.begin);
}

function readStep(bytes: Uint8Array, at: number): { step: Step; end: number } {
  switch (bytes[at]) {
    case HASH: {
      const index = readLength(bytes, at + 1);
      if (index === null) throw invalid(at + 1, 'no number after #');
      return { step: { index: index.value }, end: index.end };
    }
    case STOP: {
      const { type, end } = readType(bytes, at + 1);
      if (type === undefined) throw invalid(at + 1, 'no name after the full stop');
      return { step: { field: type }, end };
    }
    case BRACE: {
      const { key, end } = readKey(bytes, at);
      return { step: { key }, end };
    }
    default:
      throw invalid(at, 'a step is #number, ._name or {key}');
  }
}

function readValue(bytes: Uint8Array, at: number): Element {
  const { type, end } = readType(bytes, at);
  // `_type` reads like a keyword; digits alone are a length.
  if (type === undefined || /^[0-9]+$/.test(type)) return readElement(bytes, at, NONE).element;
  if (end === bytes.length) return { type, value: bytes.subarray(end) };
  if (bytes[end] === SP) return { type, value: bytes.subarray(end + 1) };
  const { element } = readElement(bytes, end + 1, NONE);
  if (bytes[end] !== 0x3a) throw invalid(end, 'neither a blank nor a length after the type');
  return { type, value: element.value };
}

const invalid = (at: number, detail: string): PsycError => new PsycError('_invalid_update', at, detail);
