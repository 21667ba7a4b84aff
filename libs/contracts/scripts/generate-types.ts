// npm run contracts:generate: writes src/generated-types.ts from schemas/*.avsc. A test fails when it is out of date.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateTypes } from '../src/generate-types.ts';

writeFileSync(join(import.meta.dirname, '..', 'src', 'generated-types.ts'), generateTypes());
