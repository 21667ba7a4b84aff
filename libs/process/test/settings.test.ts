import { expect, test } from '@jest/globals';
import { readSettings, setting } from '../src/index.ts';

const shape = {
  DATABASE_URL: setting.url('PostgreSQL', ['postgresql:']),
  DRAIN_MS: setting.wholeNumber('Drain', { min: 0, max: 10, fallback: 5 }),
  STAGES: setting.list('Stages', 'a,b'),
  LEVEL: setting.choice('Level', ['low', 'high'], 'low'),
  OPEN: setting.flag('Open', false),
};

test('what is not set has its default, and empty counts as not set', () => {
  expect(readSettings(shape, { DATABASE_URL: 'postgresql://h/d', DRAIN_MS: '' })).toEqual({
    DATABASE_URL: 'postgresql://h/d',
    DRAIN_MS: 5,
    STAGES: ['a', 'b'],
    LEVEL: 'low',
    OPEN: false,
  });
});

test('every problem is reported at once, by variable name, with what is accepted', () => {
  const env = { DRAIN_MS: '11', STAGES: 'a,,b', LEVEL: 'medium', OPEN: 'yes' };
  expect(() => readSettings(shape, env)).toThrow(
    expect.objectContaining({
      code: 'configuration',
      message: [
        'the environment is not complete:',
        '  DATABASE_URL: is not set; PostgreSQL',
        '  DRAIN_MS: expected a whole number between 0 and 10',
        '  STAGES: expected a comma-separated list without empty items',
        '  LEVEL: expected one of low, high',
        '  OPEN: expected true or false',
      ].join('\n'),
    }),
  );
});

test('a malformed value is never quoted: it may be a secret', () => {
  expect(() => readSettings(shape, { DATABASE_URL: 'mysql://user:hunter2@h' })).toThrow(
    expect.not.stringContaining('hunter2'),
  );
});
