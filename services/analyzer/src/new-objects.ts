import { setFlagsFromString } from 'node:v8';

/**
 * From now on V8 makes every object young, in this process and in threads that it begins later. By itself it learns which places
 * in the code make objects that survive, and makes theirs old at once. Where records come in batches it learns wrongly: all of a
 * batch survives until the batch is done. Then old objects that nobody holds any more keep what they refer to, copied and copied
 * again, until the next full collection.
 */
export function keepNewObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
