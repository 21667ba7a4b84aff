import type { Place } from '../tools/failure-topic.ts';

export interface PersistJob {
  readonly place: Place;
  readonly groupId: string;
  /** A migrated database of this run alone. */
  readonly databaseUrl: string;
  /** Windows until the clock starts. */
  readonly warmUpRecords: number;
  /** Windows that are measured. */
  readonly records: number;
}
