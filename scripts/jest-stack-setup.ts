// One stack of real servers for all integration tests. Child processes, because tests of faults need hands on them;
// servers that the environment names are touched only when told so.
import { startStack, stackVariables, type Stack } from '@prodsentinel/local-stack';

/** Where the teardown, which runs in this process too, finds the stack. */
const stackKey = Symbol.for('prodsentinel.integration-stack');

export default async function startIntegrationStack(): Promise<void> {
  const stack = await startStack({
    source: process.env['PRODSENTINEL_TEST_USE_ENV'] === '1' ? 'environment' : 'processes',
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  (globalThis as { [stackKey]?: Stack })[stackKey] = stack;
  // Test workers are started after this and get the environment as it then is.
  for (const name of stackVariables) process.env[name] = stack.env[name];
}
