import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commonSettings, kafkaSettings } from '@prodsentinel/process';
import { ingestSettings } from '../src/config.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** Those of every process have their own home; the README repeats them for convenience. */
const own = Object.entries(ingestSettings).filter(
  ([name]) => !(name in commonSettings) && !(name in kafkaSettings),
);

test.each(own)('the README names the setting %s with its default and its sentence', (name, type) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\``));
  expect(row).toContain(type.description);
  const parsed = type.safeParse(undefined);
  const isRequired = !parsed.success;
  expect(row).toContain(isRequired ? 'required' : `\`${String(parsed.data ?? '')}\``);
});
