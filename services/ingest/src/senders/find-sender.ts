import { createHash, timingSafeEqual } from 'node:crypto';
import type { Sender, TokenEntry } from './token-file.ts';

/** Finds whose token it is, or undefined. Looks at every entry to its end, so that the time taken tells nothing. */
export function createFindSender(
  entries: readonly TokenEntry[],
): (authorization: string | undefined) => Sender | undefined {
  const known = entries.map((entry) => ({ sender: entry, hash: Buffer.from(entry.sha256, 'hex') }));
  return (authorization) => {
    const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
    const hash = createHash('sha256')
      .update(token ?? '')
      .digest();
    let found: Sender | undefined;
    for (const each of known) if (timingSafeEqual(each.hash, hash)) found = each.sender;
    return token === undefined ? undefined : found;
  };
}
