import { listAnalyses, listEvents, listIncidents, type SqlSession } from '@prodsentinel/database';
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

/** Another one each time, spread over all. */
function spread(number: number, of: number): number {
  return (number * 7919) % of;
}
