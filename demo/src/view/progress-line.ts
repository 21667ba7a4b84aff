/** Says a line at most once a second, so that a fast loop can report every step. */
export function createProgressLine(say: (line: string) => void, nowMs: () => number): (line: string) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let said = '';
  return (line) => {
    if (line === said || nowMs() - saidAtMs < intervalMs) return;
    saidAtMs = nowMs();
    said = line;
    say(line);
  };
}

const intervalMs = 1_000;
