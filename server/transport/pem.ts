/** The certificate of the configuration, from PEM files. docs/spec/transport.md#certificate */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Credentials } from './certificate.ts';
import { TransportError } from './errors.ts';

/** Reads key and certificate chain, leaf first. Rejects with TransportError `_transport_invalid_certificate`, a sentence for the admin. */
export async function readCredentials(keyFile: string, certFile: string): Promise<Credentials> {
  const [key, cert] = await Promise.all([textOf(keyFile), textOf(certFile)]);
  const privateKey = parsed(keyFile, 'private key', () => createPrivateKey(key));
  const certificate = parsed(certFile, 'certificate', () => new X509Certificate(cert));
  if (!certificate.checkPrivateKey(privateKey)) throw invalid(`${keyFile} is not the key of ${certFile}`);
  return { key, cert };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, error);
  }
}

function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw invalid(`${file} holds no ${what} in PEM that can be read without a passphrase`, error);
  }
}

const invalid = (message: string, cause?: unknown): TransportError =>
  new TransportError('_transport_invalid_certificate', message, cause);
