/** One request to a key server over TLS, and how long its answer took. */
import { request } from 'node:https';
import type { Endpoint } from '../server/transport/resolve.ts';

/** Milliseconds until the answer was there, and its status; 413 where the connection broke, since nobody reads on. */
export function ask(at: Endpoint, path: string, from: string, body?: string): Promise<{ ms: number; status: number }> {
  return new Promise((resolve) => {
    const began = performance.now();
    const done = (status: number): void => resolve({ ms: performance.now() - began, status });
    const method = body === undefined ? 'GET' : 'POST';
    const options = { ...at, path, method, localAddress: from, agent: false, rejectUnauthorized: false };
    const asked = request(options, (response) => {
      response.resume().on('end', () => done(response.statusCode!));
      response.on('error', () => done(413));
    });
    asked.on('error', () => done(413));
    asked.end(body);
  });
}
