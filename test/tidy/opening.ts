/** A file says what it is about before it begins. */
import { isCode, type Rule } from './tree.ts';

const opened = /^(?:#!.*\n)?(?:\/\*\*|\/\/|#|--|<!--) ?\S/;

/** Every file of code opens with a comment. */
export const opening: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    isCode(path) && !opened.test(text) ? [`${path}: opens without a sentence on its concept`] : [],
  );
