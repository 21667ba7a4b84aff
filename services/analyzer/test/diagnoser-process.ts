import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a diagnoser as a process of its own and waits until it is ready, or gone. */
export async function startDiagnoser(settings: Record<string, string>): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('fixtures/dying-diagnoser.ts', import.meta.url)), {
    env: {
      ...process.env,
      ANALYZER_STAGES: 'diagnose',
      HEALTH_PORT: '0',
      LOG_LEVEL: 'error',
      SESSION_TIMEOUT_MS: '2000',
      OPENAI_API_KEY: 'none',
      ...settings,
    },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  await Promise.race([once(child, 'message'), once(child, 'exit')]);
  return child;
}

/** Waits for the end of a process. Answers the signal that ended it. */
export async function ended(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}
