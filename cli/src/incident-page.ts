import type { EvidenceSignal } from '@prodsentinel/contracts';
import type { AnalysisDetails, IncidentDetails } from '@prodsentinel/database';
import { createPainter, printable, wrapText } from './terminal-text.ts';

export interface PageOptions {
  /** No line is longer, but for ids and names that cannot be broken. */
  readonly columns: number;
  readonly isColourful: boolean;
}

/** Everything about one incident that an engineer on call reads, the root cause first. */
export function renderIncidentPage(incident: IncidentDetails, options: PageOptions): string {
  const page = new Page(options);
  const paint = createPainter(options.isColourful);
  const { severity, status, environment, failureCount, traceCount } = incident;
  page.text(printable(incident.title), 0, 'bold');
  page.line(`${paint(severity, severity)} · ${status} · ${environment} · ${incident.id}`);
  page.line(
    `${failureCount} failures in ${traceCount} traces, ${incident.firstSeenAt} to ${incident.lastSeenAt}`,
  );
  page.text(`services: ${incident.services.map(printable).join(', ')}`);
  if (incident.releases.length > 0) page.text(`releases: ${incident.releases.map(printable).join(', ')}`);
  if (incident.succeedsId) page.line(`succeeds ${incident.succeedsId}`);
  addAnalysis(page, incident.analysis);
  addEvidence(page, incident.analysis?.evidence ?? incident.evidence);
  addSuspects(page, incident);
  page.heading('What happened to it');
  for (const { at, kind, actor, reason } of incident.events) {
    page.text(`${at} ${kind} by ${printable(actor)}: ${printable(reason)}`, 2);
  }
  page.heading(`Traces (${incident.traces.length} of ${traceCount})`);
  for (const { traceId, failureCount: failures } of incident.traces.slice(0, maxTraces)) {
    page.text(`${printable(traceId)}: ${failures} failures`, 2);
  }
  return page.toString();
}

const maxTraces = 10;
const maxEvidence = 8;

function addAnalysis(page: Page, analysis: AnalysisDetails | null): void {
  page.heading('Root cause');
  if (!analysis) return page.text('not analysed yet', 2);
  page.text(printable(analysis.rootCause), 2, 'bold');
  const confidence = `${Math.round(analysis.confidence * 100)} %`;
  const suspect = analysis.suspectedService ? `, in ${printable(analysis.suspectedService)}` : '';
  page.text(`${analysis.verdict}, ${confidence}: ${analysis.category}${suspect} (by ${analysis.source})`, 2);
  if (analysis.withoutModel) page.text(`by rules, because ${printable(analysis.withoutModel)}`, 2, 'dim');
  if (analysis.modelCalls > 0) page.text(spendingInWords(analysis), 2, 'dim');
  for (const { text, quotes, evidenceIds } of analysis.claims) {
    page.text(`- ${printable(text)} [${evidenceIds.map(printable).join(', ')}]`, 2);
    for (const quote of quotes) page.text(`“${printable(quote)}”`, 4, 'dim');
  }
  if (analysis.rejectedAlternatives.length > 0) page.heading('Ruled out');
  for (const { cause, why } of analysis.rejectedAlternatives)
    page.text(`- ${printable(cause)}: ${printable(why)}`, 2);
  if (analysis.actions.length > 0) page.heading('What to do');
  analysis.actions.forEach((action, index) => page.text(`${index + 1}. ${printable(action)}`, 2));
}

/** What the model cost, whether its answer is shown or the rules had to answer after all. */
function spendingInWords({ model, modelCalls, dollars, inputTokens, outputTokens }: AnalysisDetails): string {
  const name = model === null ? 'the model' : printable(model);
  const calls = `${modelCalls} ${modelCalls === 1 ? 'call' : 'calls'} of ${name}`;
  return `${calls}: ${inputTokens ?? 0} tokens in, ${outputTokens ?? 0} out, $${(dollars ?? 0).toFixed(4)}`;
}

function addEvidence(page: Page, evidence: readonly EvidenceSignal[]): void {
  page.heading('Evidence');
  for (const { evidenceId, service, severityText, message } of evidence.slice(0, maxEvidence)) {
    page.text(
      `[${printable(evidenceId)}] ${printable(service)} ${printable(severityText)}: ${printable(message)}`,
      2,
    );
  }
  if (evidence.length > maxEvidence)
    page.line(`  and ${evidence.length - maxEvidence} more (--json has all)`);
}

function addSuspects(page: Page, { suspects }: IncidentDetails): void {
  if (suspects.length === 0) return;
  page.heading('Suspects');
  for (const { service, template, score, why } of suspects.slice(0, 5)) {
    page.text(`${score.toFixed(2)} ${printable(service)}: ${printable(template)} (${printable(why)})`, 2);
  }
}

/** Gathers lines that fit the width. */
class Page {
  readonly #lines: string[] = [];
  readonly #columns: number;
  readonly #paint: ReturnType<typeof createPainter>;

  constructor({ columns, isColourful }: PageOptions) {
    this.#columns = columns;
    this.#paint = createPainter(isColourful);
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  heading(text: string): void {
    this.#lines.push('', this.#paint('dim', text));
  }

  text(text: string, indent = 0, style?: 'bold' | 'dim'): void {
    for (const line of wrapText(text, this.#columns - indent, maxLinesOfText)) {
      this.#lines.push(' '.repeat(indent) + (style ? this.#paint(style, line) : line));
    }
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}

const maxLinesOfText = 12;
