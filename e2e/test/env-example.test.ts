import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { analyzerSettings } from '../../services/analyzer/src/config.ts';
import { ingestSettings } from '../../services/ingest/src/config.ts';
import { persisterSettings } from '../../services/persister/src/config.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');
const compose = read('docker-compose.yml');
const lines = [...read('.env.example').matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [
  name!,
  value!,
]);
const example = Object.fromEntries(lines) as Record<string, string>;
const settingsOf = { ingest: ingestSettings, analyzer: analyzerSettings, persister: persisterSettings };

test('.env.example names every variable that docker-compose.yml reads, and no other', () => {
  const readByCompose = new Set([...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!));
  expect(lines.map(([name]) => name!).toSorted()).toEqual([...readByCompose].toSorted());
});

test('.env.example shows the defaults: those of docker-compose.yml, where it has one, else those of the services', () => {
  const ofCompose = Object.fromEntries(
    [...compose.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name, fallback]) => [name!, fallback!]),
  );
  for (const [name, fallback] of Object.entries(ofCompose)) {
    if (fallback && !name.startsWith('EXTERNAL_')) expect([name, example[name]]).toEqual([name, fallback]);
  }
  const ofServices = Object.values(settingsOf).flatMap((settings) => Object.entries(settings));
  for (const [name, type] of ofServices.filter(([each]) => ofCompose[each] === '')) {
    expect([name, example[name]]).toEqual([name, defaultOf(type)]);
  }
});

test.each(Object.entries(settingsOf))(
  'docker-compose.yml gives %s settings that it has',
  (service, settings) => {
    const [, block = ''] = new RegExp(`\\n  ${service}:\\n((?: {4}.*\\n|\\n)+)`).exec(compose) ?? [];
    const given = [...block.matchAll(/^ {6}([A-Z_]+): /gm)].map(([, name]) => name!);
    expect(given).not.toEqual([]);
    expect(given.filter((name) => !(name in settings))).toEqual([]);
  },
);

function defaultOf(type: { safeParse(value: unknown): { data?: unknown } }): string {
  const value = type.safeParse(undefined).data;
  return Array.isArray(value) ? value.join(',') : String((value as string | number | boolean) ?? '');
}
