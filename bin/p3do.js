#!/usr/bin/env node
/** The p3do command as npm links it: committed, so that the link is never empty; builds dist when needed, then hands over. */
import { buildIfStale } from './build.js';

await buildIfStale();
await import('../dist/cli/main.js');
