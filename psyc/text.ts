/** psyctext: data is a template in which `[_name]` stands for a variable. docs/spec/psyc.md#psyctext */
import { PsycError } from './error.ts';
import { limits } from './limits.ts';

/**
 * The template with each `[_name]` replaced by what `value` gives; names it does not know stay as they are. Throws PsycError
 * `_oversized_content` when that has more than `contentBytesMax` units: a template may name a long value many times.
 */
export function renderText(template: string, value: (name: string) => string | undefined): string {
  let units = template.length;
  return template.replace(/\[(_[A-Za-z0-9_]+)\]/g, (whole, name: string) => {
    const text = value(name) ?? whole;
    units += text.length - whole.length;
    if (units > limits.contentBytesMax)
      throw new PsycError('_oversized_content', 0, 'the text with its variables is too long');
    return text;
  });
}
