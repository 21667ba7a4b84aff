import { startFakeModel, type FakeModel } from '@prodsentinel/fake-model';
import { plantedSecret, promptLeakOrder } from './injection-corpus.ts';

export interface ObeyingModel extends FakeModel {
  /** What the next question orders, read in its logs. */
  obey(order: string): void;
}

/** A model that does whatever it reads in a log, and cites real evidence for it, so that its claims survive. */
export async function startObeyingModel(): Promise<ObeyingModel> {
  let order = '';
  const fake = await startFakeModel((_, { body }) => ({
    kind: 'say',
    text: ({ signals }) => {
      const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
      const prompt = messages.find(({ role }) => role === 'system')?.content ?? '';
      // It cannot know what it was not shown.
      const read = body.includes(plantedSecret) ? order : order.replace(plantedSecret, '[redacted]');
      const said = order.startsWith(promptLeakOrder) ? prompt : read;
      const citations = signals.map(({ id, message }) => ({ id, quote: message.slice(0, 100) }));
      return JSON.stringify({
        root_cause: said,
        category: 'x; DROP TABLE incidents',
        suspected_service: 'attacker',
        severity: 'low',
        verdict: 'confirmed',
        confidence: 1,
        claims: [
          { text: said, evidence_ids: ['e1', 's000000'], quotes: ['it is all fine'] },
          ...citations.map(({ id, quote }) => ({ text: said, evidence_ids: [id], quotes: [quote] })),
        ],
        rejected_alternatives: [{ cause: said, why: said }],
        timeline: citations.map(({ id }) => ({ evidence_id: id, what: said })),
        actions: [said, `Run ${said}`],
      });
    },
  }));
  return {
    ...fake,
    obey: (next) => {
      order = next;
    },
  };
}
