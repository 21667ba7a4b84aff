import { severities } from '@prodsentinel/contracts';
import fc from 'fast-check';

/** Times that meet: at the same moment, at a limit, just beyond it. */
const moment = fc.nat(12).map((n) => n * 10);

// What Kafka holds: each record has failures of its own, and everything about it is fixed.
export const record = fc.record({
  problem: fc.nat(2),
  // While the algorithm is upgraded: the new fingerprint alone, with the previous one, or only that.
  form: fc.constantFrom('new', 'both', 'old'),
  service: fc.constantFrom('checkout', 'gateway'),
  severity: fc.constantFrom(...severities.values),
  template: fc.nat(5).map((n) => `template ${n}`),
  release: fc.nat(2).map((n) => `shop@${n}`),
  trace: fc.constantFrom('', 't1', 't2'),
  at: moment,
  failures: fc.integer({ min: 1, max: 15 }),
});
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('persist' as const),
      // Two members that both have the partition for a moment: the same batch at the same time.
      isDoubled: fc.boolean(),
      // Which record, and how many of its failures the event shows: it comes again, overlapping and late.
      events: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 15 })), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      to: fc.constantFrom('investigating' as const, 'resolved' as const, 'closed' as const),
      which: fc.nat(),
      at: moment,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), after: fc.constantFrom(0, 5, 10, 15) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(),
      request: fc.nat(),
      source: fc.constantFrom('model' as const, 'rules' as const),
      severity: fc.constantFrom(...severities.values),
      // Minutes from now: the model was away.
      askAgain: fc.option(fc.constantFrom(0, 10, 30), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('house' as const), watermark: fc.nat(25).map((n) => n * 10) }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
export type Holding = (typeof record extends fc.Arbitrary<infer T> ? T : never)[];

const plain: Holding[number] = {
  problem: 0,
  form: 'new',
  service: 'checkout',
  severity: 'low',
  template: 'template 0',
  release: 'shop@0',
  trace: 't1',
  at: 0,
  failures: 1,
};
const persist = (index: number): Step => ({ kind: 'persist', isDoubled: false, events: [[index, 1]] });
const sweep = (after: 0 | 5 | 10 | 15): Step => ({ kind: 'sweep', after });
const ask: Step = { kind: 'ask', which: 0 };

/** Where rules meet that chance seldom brings together: always among the histories. */
export const knownHistories: [Holding, Step[]][] = [
  // A failure at the end of the grace after resolving, and one beyond it.
  ...[60, 70].map((at): [Holding, Step[]] => [
    [plain, { ...plain, at }],
    [persist(0), { kind: 'change', to: 'resolved', which: 0, at: 40 }, persist(1)],
  ]),
  // The model is waited for, and a new template does not wait as long.
  [
    [plain, { ...plain, template: 'template 1' }],
    [persist(0), sweep(5), answerOf(0, { source: 'rules', askAgain: 30 }), persist(1), sweep(10)],
  ],
  // The model finds it worse, twice, and the second answer raises nothing.
  [
    [plain],
    [
      persist(0),
      sweep(5),
      answerOf(0, { severity: 'critical' }),
      ask,
      sweep(0),
      answerOf(1, { severity: 'critical' }),
    ],
  ],
];

function answerOf(request: number, changes: object): Step {
  const answer = { which: 0, request, source: 'model', severity: 'low', askAgain: undefined, ...changes };
  return { kind: 'answer', ...answer } as Step;
}
