/** psyctext: data is a template in which `[_name]` stands for a variable. docs/spec/psyc.md#psyctext */

/** The template with each `[_name]` replaced by what `value` gives; names it does not know stay as they are. */
export function renderText(template: string, value: (name: string) => string | undefined): string {
  return template.replace(/\[(_[A-Za-z0-9_]+)\]/g, (whole, name: string) => value(name) ?? whole);
}
