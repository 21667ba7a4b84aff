import {
  listAnalyses,
  listEvents,
  listIncidents,
  listTraces,
  showIncident,
  type SqlSession,
} from '@prodsentinel/database';
import { incidentId, seedServices, traceId, type Seed } from './seed.ts';

/** Asks for the `number`th time, each time about something else. Answers how many rows came. */
export type Ask = (session: SqlSession, number: number) => Promise<number>;

/** What an engineer on call asks, through the functions that the command line and the HTTP endpoint use. */
export function createQuestions({ incidents, traces }: Seed): Readonly<Record<string, Ask>> {
  return {
    openBySeverity: async (session, number) => {
      const severities = [number % 2 === 0 ? 'critical' : 'high'] as const;
      return (await listIncidents(session, { statuses: ['open', 'investigating'], severities })).incidents
        .length;
    },
    ofService: async (session, number) =>
      (await listIncidents(session, { service: `service-${spread(number, seedServices)}` })).incidents.length,
    ofTrace: async (session, number) =>
      (await listIncidents(session, { traceId: traceId(spread(number, traces)) })).incidents.length,
    analyses: async (session, number) =>
      (await listAnalyses(session, { incidentId: incidentId(spread(number, incidents)) })).items.length,
    events: async (session, number) =>
      (await listEvents(session, { incidentId: incidentId(spread(number, incidents)) })).items.length,
  };
}

/** What readers ask beside the five: not measured, but no big table may be read for it either. */
export function createFurtherQuestions({ incidents, traces }: Seed): Readonly<Record<string, Ask>> {
  const someIncident = (number: number) => incidentId(spread(number, incidents));
  return {
    newest: async (session) => (await listIncidents(session)).incidents.length,
    nextPage: async (session) => {
      const { next } = await listIncidents(session);
      return (await listIncidents(session, { after: next ?? '' })).incidents.length;
    },
    openOfServiceWithTrace: async (session, number) =>
      (
        await listIncidents(session, {
          environment: 'production',
          statuses: ['open', 'closed', 'resolved', 'investigating'],
          service: `service-${spread(number, seedServices)}`,
          traceId: traceId(spread(number, traces)),
        })
      ).incidents.length,
    wholeIncident: async (session, number) =>
      (await showIncident(session, someIncident(number))) === undefined ? 0 : 1,
    tracesOf: async (session) => (await listTraces(session, { incidentId: incidentId(0) })).items.length,
  };
}

/** Another one each time, spread over all. */
function spread(number: number, of: number): number {
  return (number * 7919) % of;
}
