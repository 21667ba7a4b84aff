import { setFlagsFromString } from 'node:v8';

/**
 * From now on V8 makes every object young, in this process and in threads that it begins later. By itself it learns which places
 * in the code make objects that survive, and makes theirs old at once. Where records come in batches, and requests wait for Kafka,
 * it learns wrongly: all of a batch survives until the batch is done. Then old objects that nobody holds any more keep what they
 * refer to, copied and copied again, until the next full collection: a fifth of the CPU time of ingest under 200 connections.
 */
export function keepNewObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
