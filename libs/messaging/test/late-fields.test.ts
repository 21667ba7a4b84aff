import { expect, test } from '@jest/globals';
import { avroTypeOf, emptyRecord, type TracesObserved } from '@prodsentinel/contracts';
import avro from 'avsc';
import { createLateReader } from '../src/late-fields.ts';

const own = avroTypeOf('observations') as avro.types.RecordType;
const late = ['fingerprintParts', 'evidence'];
const suspects = [{ service: 'b', template: 'c', score: 1, why: 'd' }];
const observation: TracesObserved = {
  ...emptyRecord('observations'),
  fingerprint: 'a',
  fingerprintParts: [{ kind: 'code', value: '1', why: 'because' }],
  suspects,
  evidenceOmitted: 7,
};

function createReader(writer: avro.Type = own) {
  let reads = 0;
  const resolver = own.createResolver(writer);
  const read = createLateReader(own, writer, {
    late,
    readWhole: (body) => {
      reads++;
      return own.fromBuffer(body, resolver) as unknown;
    },
  });
  return { read: (body: Buffer) => read(body) as TracesObserved, reads: () => reads };
}

test('what is late is read once, when it is asked for; all else is there at once', () => {
  const { read, reads } = createReader();
  const record = read(own.toBuffer(observation));
  expect(record).toMatchObject({ fingerprint: 'a', suspects, evidenceOmitted: 7 });
  expect(reads()).toBe(0);
  expect(record.fingerprintParts).toEqual(observation.fingerprintParts);
  expect(record.evidence).toEqual([]);
  expect(record.fingerprintParts).toEqual(observation.fingerprintParts);
  expect(reads()).toBe(1);
});

test('each record has late fields of its own', () => {
  const { read } = createReader();
  const [one, other] = ['1', '2'].map((value) =>
    read(own.toBuffer({ ...observation, fingerprintParts: [{ kind: 'code', value, why: '' }] })),
  );
  expect([one, other].map((each) => each?.fingerprintParts[0]?.value)).toEqual(['1', '2']);
});

test('a writer may know neither a late field nor one that comes after it', () => {
  const schema = own.schema({ exportAttrs: true }) as unknown as { fields: { name: string }[] };
  const fields = schema.fields.filter(
    ({ name }) => name !== 'fingerprintParts' && name !== 'evidenceOmitted',
  );
  const writer = avro.Type.forSchema({ ...schema, fields } as unknown as avro.Schema);
  const record = createReader(writer).read(writer.toBuffer(observation));
  expect(record).toMatchObject({ fingerprint: 'a', suspects, evidenceOmitted: 0 });
  expect(record.fingerprintParts).toEqual([]);
});

test('bytes that end within a late field, or go on after the last, are refused at once', () => {
  const { read } = createReader();
  const bytes = own.toBuffer({
    ...emptyRecord('observations'),
    fingerprintParts: observation.fingerprintParts,
  });
  expect(() => read(bytes.subarray(0, bytes.length - 1))).toThrow('truncated');
  expect(() => read(bytes.subarray(0, bytes.indexOf('because') + 2))).toThrow();
  expect(() => read(Buffer.concat([bytes, Buffer.of(0)]))).toThrow('trailing');
});
