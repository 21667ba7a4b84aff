import { defineEntity, p } from '@mikro-orm/core';

/** Which failures of 1024 neighbouring offsets were counted, in one append hour. */
export const CountedBlock = defineEntity({
  name: 'CountedBlock',
  tableName: 'counted_blocks',
  properties: {
    partition: p.integer().primary(),
    appendHour: p.bigint('number').primary(),
    /** The offset without its lowest 10 bits. */
    block: p.bigint('number').primary(),
    /** From the left, a bit for each offset. */
    counted: p.string().columnType('bit(1024)'),
  },
});
