/** What happened to an incident, as it will be written. The kinds are those of the database's closed set. */
export interface IncidentEventDraft {
  readonly incidentId: string;
  readonly kind:
    | 'opened'
    | 'regressed'
    | 'succeeded'
    | 'severity_raised'
    | 'release_appeared'
    | 'status_changed'
    | 'analysis_requested'
    | 'analysed'
    | 'analysis_differs'
    | 'analysis_failed'
    | 'reduced';
  readonly actor: 'persister' | 'analyzer';
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
