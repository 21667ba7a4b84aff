import { defineEntity, p } from '@mikro-orm/core';

/** The failure offsets of one trace that were counted, in one append hour and one block of 4096 offsets. */
export const CountedOffsets = defineEntity({
  name: 'CountedOffsets',
  tableName: 'counted_offsets',
  properties: {
    partition: p.integer().primary(),
    appendHour: p.bigint('number').primary(),
    /** The offset without its lowest 12 bits. */
    block: p.bigint('number').primary(),
    environment: p.text().primary(),
    /** Empty when the failures carried none. */
    traceId: p.text().primary(),
    offsets: p.string().columnType('int8multirange'),
  },
});
