/** Packing for what is cut into shards, by Node's zlib. docs/spec/shards.md#cutting */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Gzip } from '../onion/split.ts';

export const gzip: Gzip = {
  pack: (bytes) => new Uint8Array(gzipSync(bytes, { level: 9 })),
  unpack(bytes, bytesMax) {
    try {
      return new Uint8Array(gunzipSync(bytes, { maxOutputLength: Math.max(1, bytesMax) }));
    } catch {
      return null;
    }
  },
};
