/** Somebody else's cells: test/onion/onion.py was written from docs/spec/onion.md alone, on other libraries, and gives the same bytes. */
import { madeAgain } from '../python.ts';

madeAgain('onion/onion.py', 'vectors/onion', '39 cells, 5 tickets\n');
