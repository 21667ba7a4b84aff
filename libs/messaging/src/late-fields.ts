import avro from 'avsc';

/** Reads the body of a record, without its header. */
export type Reader = (body: Buffer) => unknown;

/** Where a record keeps the bytes that it came from. */
const bytesOf = Symbol('bytes');

interface LateRecord {
  [bytesOf]?: Buffer;
}

/**
 * Reads records without some of their fields, which are read when one of them is asked for: what is nearly always left
 * unread costs neither the reading nor the memory.
 *
 * The bytes of such a field are walked over at once, so that a record that is cut short is found at once, too. A number in
 * it that is out of range is found when the field is asked for.
 *
 * @param readWhole reads the same bytes with all fields
 */
export function createLateReader(
  own: avro.types.RecordType,
  writer: avro.Type,
  { late, readWhole }: { late: readonly string[]; readWhole: Reader },
): Reader {
  const early = withoutFields(own, late);
  const resolver = early.createResolver(writer);
  for (const name of late)
    Object.defineProperty(early.recordConstructor.prototype, name, {
      get(this: LateRecord): unknown {
        const whole = readWhole(this[bytesOf] ?? Buffer.alloc(0)) as Record<string, unknown>;
        for (const each of late) Object.defineProperty(this, each, { value: whole[each], enumerable: true });
        return whole[name];
      },
    });
  return (body) => {
    const record = early.fromBuffer(body, resolver) as LateRecord;
    record[bytesOf] = body;
    return record;
  };
}

function withoutFields(type: avro.types.RecordType, names: readonly string[]): avro.types.RecordType {
  const fields = type.fields
    .filter(({ name }) => !names.includes(name))
    .map((field) => ({ name: field.name, type: field.type, default: field.defaultValue() as unknown }));
  return avro.Type.forSchema({ type: 'record', name: type.name ?? '', fields }) as avro.types.RecordType;
}
