import type { Program } from './child-process.ts';
import type { ServerName } from './stack.ts';

/** What the preparation of a server needs. */
export interface ServerContext {
  /** This server's own existing folder, for data, settings and logs. */
  readonly directory: string;
  /** Whether the data outlives the stack. */
  readonly keepsData: boolean;
  readonly tunedFor: 'starting' | 'throughput';
  /** Path of Java. */
  readonly java: string;
  /** Added to the settings of its JVM. */
  readonly jvmOptions: readonly string[];
  /** What a server sees of our environment: nothing that would change its settings. */
  readonly env: NodeJS.ProcessEnv;
  readonly newSecret: () => string;
  /** Runs a program to its end; rejects with the end of its output when it fails. */
  readonly run: (program: Omit<Program, 'env'>) => Promise<void>;
}

/** A server whose files are in place. */
export interface PreparedServer {
  readonly name: ServerName;
  readonly portCount: number;
  /** Writes what depends on the ports and says what to start. */
  program(ports: readonly number[]): Program;
  /** Where it then listens, in the words of the environment. */
  url(ports: readonly number[]): string;
  /** What ends it well (kept data) and what ends it at once (throw-away data). */
  readonly signals: { readonly gracefully: NodeJS.Signals; readonly atOnce: NodeJS.Signals };
  /** Something to do once when it first answers. */
  afterStart?(ports: readonly number[]): Promise<void>;
}

/** JVM settings of every Java server of ours: small, and without files outside the stack's folder. */
export function javaOptions(
  context: Pick<ServerContext, 'tunedFor' | 'directory' | 'jvmOptions'>,
  maxHeapMiB: number,
): string[] {
  return [
    `-Xmx${maxHeapMiB}M`,
    '-Xms64M',
    '-XX:+UseSerialGC',
    ...(context.tunedFor === 'starting' ? ['-XX:TieredStopAtLevel=1'] : []),
    // Its file in the system's temporary folder would outlive a kill.
    '-XX:-UsePerfData',
    `-Djava.io.tmpdir=${context.directory}`,
    ...context.jvmOptions,
  ];
}
