import { oneLine } from './bounded-text.ts';
import { instructions } from './prompt.ts';

/** A text of the model as one line that a browser, a terminal and a chat show as text: no tags, no links, no prompt. */
export function plainText(text: string, maxCharacters: number): string {
  const flat = oneLine(text, maxCharacters);
  if (revealsPrompt(flat)) return '';
  return flat
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll('](', '] (')
    .replaceAll('`', "'")
    .replaceAll(/\b(?:https?|ftp|file|data|javascript|vbscript):(?:\/\/)?/gi, '');
}

/** Actions are sentences for people. What looks like something to run, to open or to paste is not one. */
export function plainAction(text: string): string | undefined {
  const isRunnable =
    /[`$|;{}<>\\]|&&|:\/\/|\]\(|--\w|(?:^|\s)-\w(?:\s|$)|(?:^|\s)\/\w/.test(text) ||
    /^\W*(?:sudo|curl|wget|rm|kubectl|docker|psql|bash|sh|ssh|git|npm|python|redis-cli|aws|helm|drop|delete|truncate|run|execute|exec|eval)\b/i.test(
      text,
    ) ||
    /\b(?:close|resolve|delete|suppress|ignore|silence|acknowledge)\b.{0,30}\b(?:incident|alert|ticket|this)\b/i.test(
      text,
    );
  const plain = plainText(text, 300);
  return isRunnable || plain === '' ? undefined : plain;
}

const sentences = instructions
  .split(/[\n.:]/)
  .map((each) => each.trim().toLowerCase())
  .filter((each) => each.length >= 25);

function revealsPrompt(text: string): boolean {
  const lower = text.toLowerCase();
  return sentences.some((each) => lower.includes(each));
}
