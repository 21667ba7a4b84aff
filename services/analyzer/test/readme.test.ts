import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commonSettings, kafkaSettings } from '@prodsentinel/process';
import { analyzerSettings } from '../src/config.ts';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

const own = Object.entries(analyzerSettings).filter(
  ([name]) => !(name in commonSettings) && !(name in kafkaSettings),
);

test.each(own)('the README names the setting %s with its default and its sentence', (name, type) => {
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\``));
  expect(row).toContain(type.description);
  expect(row).toContain(`| ${defaultOf(type.safeParse(undefined))} |`);
});

type Default = string | number | boolean | readonly string[] | undefined;

function defaultOf({ success, data }: { success: boolean; data?: Default }): string {
  if (!success) return 'required';
  return data === undefined ? 'none' : `\`${String(data)}\``;
}
