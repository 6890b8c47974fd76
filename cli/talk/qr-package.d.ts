/** What is used of the package qr: it is optional, and nothing but the QR code needs it. */
declare module 'qr' {
  /** Two rows of modules in a line of half blocks. Throws where the text is too long for a code. */
  export default function encodeQR(
    text: string,
    output: 'ascii',
    options: { readonly ecc: 'low' | 'medium'; readonly border: number },
  ): string;
}
