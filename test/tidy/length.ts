/** Files stay short enough to be read at one sitting. */
import { isCode, type Rule } from './tree.ts';

/** Lines of a code file. */
const linesMax = 400;

/** No file of code is longer than 400 lines. */
export const length: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return isCode(path) && lines > linesMax ? [`${path}: ${lines} lines, ${linesMax} are allowed`] : [];
  });
