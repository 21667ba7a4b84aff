import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/** Tokens of a text by the encoding of current OpenAI models; others differ by some per cent. Marks in a log are text. */
export function countModelTokens(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set<string>() });
}
