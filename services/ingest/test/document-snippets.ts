import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const document = readFileSync(join(import.meta.dirname, '../../../docs/sending.md'), 'utf8');

/** Of every block of docs/sending.md ("```js NAME"); empty for one without a name. */
export function snippetNames(): string[] {
  return [...document.matchAll(/^```\w+ ?(.*)$/gm)].map(([, name]) => name!);
}

/** The text of one block. */
export function snippet(name: string): string {
  const found = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(document);
  if (!found) throw new Error(`docs/sending.md has no snippet ${name}`);
  return found[1]!;
}
