// unit: nothing but the code. integration: one shared stack of real servers. e2e: whole systems, each with its own.
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/jest-strip-types.mjs' },
  roots: [
    '<rootDir>/libs',
    '<rootDir>/services',
    '<rootDir>/cli',
    '<rootDir>/demo',
    '<rootDir>/e2e',
    '<rootDir>/eval',
    '<rootDir>/bench',
  ],
};

export default {
  maxWorkers: 2,
  // Ends a test that hangs; how long one takes on a busy machine says nothing about what it tests.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['**/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.int\\.test\\.ts$', '\\.e2e\\.test\\.ts$'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['**/test/**/*.int.test.ts'],
      globalSetup: '<rootDir>/scripts/jest-stack-setup.ts',
      globalTeardown: '<rootDir>/scripts/jest-stack-teardown.ts',
    },
    { ...common, displayName: 'e2e', testMatch: ['**/test/**/*.e2e.test.ts'] },
  ],
};
