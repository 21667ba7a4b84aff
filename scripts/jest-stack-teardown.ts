import type { Stack } from '@prodsentinel/local-stack';

export default async function stopIntegrationStack(): Promise<void> {
  await (globalThis as { [key: symbol]: Stack | undefined })[
    Symbol.for('prodsentinel.integration-stack')
  ]?.stop();
}
