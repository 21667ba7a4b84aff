import { cpuUs, perSecond, type Pair, type Summary } from './pairs.ts';

/** Says each pair as it is measured, and the summary last; as JSON one object a line. */
export function createReport(out: (line: string) => void, asJson: boolean) {
  return {
    pair(pair: Pair): void {
      if (asJson) return out(JSON.stringify(pair));
      const { ours, floor } = pair;
      out(
        `ours ${rate(perSecond(ours))} ${cpu(cpuUs(ours))}   floor ${rate(perSecond(floor))} ${cpu(cpuUs(floor))}   ` +
          `ratio ${(perSecond(ours) / perSecond(floor)).toFixed(2)}`,
      );
    },
    summary(summary: Summary & Readonly<Record<string, unknown>>): void {
      if (asJson) return out(JSON.stringify(summary));
      out('');
      for (const [name, value] of Object.entries(summary)) out(`${name.padEnd(28)} ${inWords(value)}`);
    },
  };
}

const rate = (value: number): string => `${Math.round(value).toLocaleString('en').padStart(9)}/s`;
const cpu = (value: number): string => `${value.toFixed(1).padStart(6)} us CPU`;

function inWords(value: unknown): string {
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
