import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPrerequisites } from '../src/prerequisites.ts';

describe('what the local stack needs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prodsentinel-path-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const install = (name: string, says = '') =>
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${says}' >&2\n`, { mode: 0o755 });
  const find = (maven: boolean) => findPrerequisites({ PATH: folder }, { maven });

  test('is asked for in one message when all of it is missing, with how to install it', () => {
    expect(() => find(true)).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: expect.stringMatching(
          /needs Java 17 or newer \(there is no java .*\) and Maven 3 \(there is no mvn .*apt install openjdk-17-jre-headless maven.*KAFKA_BROKERS/,
        ),
      }),
    );
  });

  test('does not include Maven when everything has been downloaded', () => {
    install('java', 'openjdk version "17.0.15" 2025-04-15');
    expect(find(false)).toMatchObject({ java: join(folder, 'java'), maven: undefined });
    expect(() => find(true)).toThrow(/^the local stack needs Maven 3/);
  });

  test.each([
    ['openjdk version "11.0.2" 2019-01-15', 11],
    ['java version "1.8.0_392"', 8],
  ])('says how old a Java is that is too old: %s', (says, version) => {
    install('java', says);
    expect(() => find(false)).toThrow(`is Java ${version})`);
  });

  test('is satisfied by newer versions', () => {
    install('java', 'openjdk version "25" 2025-09-16');
    install('mvn');
    expect(find(true)).toEqual({
      java: join(folder, 'java'),
      javaVersion: 'openjdk version "25" 2025-09-16',
      maven: join(folder, 'mvn'),
    });
  });

  test('says when the java on the PATH is none', () => {
    install('java', 'no Java runtime present, requesting install');
    expect(() => find(false)).toThrow('does not tell its version');
  });
});
