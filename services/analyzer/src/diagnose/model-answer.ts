import { severities, verdicts } from '@prodsentinel/contracts';
import { z } from 'zod';

/** What the model must answer. Strict: every field is required, no other may be there. */
export const modelAnswerSchema = z.strictObject({
  root_cause: z.string(),
  category: z.string(),
  suspected_service: z.string().nullable(),
  severity: z.enum(severities.values),
  verdict: z.enum(verdicts.values),
  confidence: z.number(),
  claims: z.array(
    z.strictObject({ text: z.string(), evidence_ids: z.array(z.string()), quotes: z.array(z.string()) }),
  ),
  rejected_alternatives: z.array(z.strictObject({ cause: z.string(), why: z.string() })),
  timeline: z.array(z.strictObject({ evidence_id: z.string(), what: z.string() })),
  actions: z.array(z.string()),
});
export type ModelAnswer = z.infer<typeof modelAnswerSchema>;

const { $schema: _, ...jsonSchema } = z.toJSONSchema(modelAnswerSchema);
/** The same as JSON Schema, for servers that can be held to one. */
export const modelAnswerJsonSchema: Record<string, unknown> = jsonSchema;

/** The answer, or what is wrong with it. Servers without structured output like to put it into a fence. */
export function parseModelAnswer(text: string): { answer: ModelAnswer } | { problem: string } {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return { problem: 'it holds no JSON object' };
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    return { problem: 'it is not JSON' };
  }
  const result = modelAnswerSchema.safeParse(value);
  if (result.success) return { answer: result.data };
  // Paths and kinds only: the values are not ours.
  return {
    problem: result.error.issues
      .slice(0, 5)
      .map(({ path, code }) => `${path.join('.')}: ${code}`)
      .join('; '),
  };
}
