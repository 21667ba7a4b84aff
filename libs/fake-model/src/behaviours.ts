/**
 * How the fake model treats one request: `correct` answers from the signals it was shown · `say` answers with a text of
 * the caller's, which sees what was asked · `status` fails · `flood` sends so many blanks (without end where no number is given) before a correct answer · the others are what servers do on bad days.
 */
export type Behaviour =
  | {
      readonly kind:
        'correct' | 'truncated' | 'refusing' | 'hanging' | 'reset' | 'page' | 'wrongSchema' | 'empty';
    }
  | { readonly kind: 'flood'; readonly bytes?: number }
  | { readonly kind: 'slow'; readonly untilResolved: Promise<void> }
  | { readonly kind: 'say'; readonly text: (data: Data) => string; readonly after?: Promise<void> }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** The part of a question that the fake model reads. */
export interface Data {
  readonly signals: readonly { readonly id: string; readonly service: string; readonly message: string }[];
}

/** An answer that claims what the first signal says, and nothing else. */
export function correctAnswer({ signals }: Data): Record<string, unknown> {
  const [first] = signals;
  return {
    root_cause: `${first?.service ?? 'Something'} failed first.`,
    category: 'connection_refused',
    suspected_service: first?.service ?? null,
    severity: 'high',
    verdict: first ? 'likely' : 'inconclusive',
    confidence: 0.8,
    claims: first
      ? [
          {
            text: `${first.service} said so.`,
            evidence_ids: [first.id],
            quotes: [first.message.slice(0, 200)],
          },
        ]
      : [],
    rejected_alternatives: [{ cause: 'the network', why: 'nothing else failed' }],
    timeline: [],
    actions: ['Check whether the dependency is up.'],
  };
}
