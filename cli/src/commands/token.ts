import { createHash, randomBytes } from 'node:crypto';
import { Command } from 'commander';
import type { ConsoleContext } from '../console-context.ts';
import { wholeNumberOption } from '../whole-number-option.ts';

/** `prodsentinel token create` */
export function tokenCommand(context: ConsoleContext): Command {
  return new Command('token').description('Tokens of those who may send to ingest').addCommand(
    new Command('create')
      .description('Make a token for one source, and the entry for the file INGEST_TOKENS_FILE of ingest')
      .argument('<name>', 'of the source; a token that replaces another has the same')
      .option('--environment <name>', 'what its failures count to, whatever they say themselves')
      .option(
        '--requests-per-second <number>',
        'most requests a second, over all processes of ingest',
        wholeNumberOption({ min: 1, max: 1_000_000 }),
      )
      .addHelpText(
        'after',
        `
Example:
  $ npm run prodsentinel -- token create shop --environment production
  {"token": "ps_…", "entry": {"name": "shop", "sha256": "…", "environment": "production"}}`,
      )
      .action((name: string, options: TokenOptions) => createToken(name, options, context)),
  );
}

interface TokenOptions {
  readonly environment?: string;
  readonly requestsPerSecond?: number;
}

/** Random enough that its hash needs neither salt nor slowness. */
const tokenBytes = 32;

function createToken(name: string, options: TokenOptions, { out, say }: ConsoleContext): void {
  const token = `ps_${randomBytes(tokenBytes).toString('base64url')}`;
  const sha256 = createHash('sha256').update(token).digest('hex');
  out(JSON.stringify({ token, entry: { name, sha256, ...options } }, null, 2));
  say(
    'give the token to the source: it is shown only now. The entry belongs into "tokens" of the token file.',
  );
}
