import { AppError, describeError } from '@prodsentinel/kernel';
import type { ContainerRuntimeClient } from 'testcontainers';
import { tailOfText } from '../child-process.ts';
import { findFreePorts, isPortFree } from '../free-ports.ts';
import type { ServerName } from '../stack.ts';
import { untilReady } from '../until-ready.ts';
import type { ContainerPlan } from './container-plans.ts';
import { withoutFrames } from './log-frames.ts';
import { serverLabel } from './remove-containers.ts';

export interface ContainerStart {
  readonly name: ServerName;
  readonly plan: ContainerPlan;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A volume to have its data in; absent when they go with the container. */
  readonly volume?: string | undefined;
  /** A network where it is found by its name; absent for the engine's own. */
  readonly network?: string | undefined;
  readonly signal: AbortSignal;
  readonly onEnd: (how: string, logTail: string) => void;
}

type Container = Awaited<ReturnType<ContainerRuntimeClient['container']['create']>>;

/**
 * Starts a server in a container, on a free port of loopback; resolves with its URL when it answers. Whoever calls removes
 * the container, also of a start that failed, by its labels.
 *
 * @throws AppError `unavailable` with the end of its log when it does not start
 */
export async function startInContainer(
  client: ContainerRuntimeClient,
  start: ContainerStart,
): Promise<string> {
  const { name, plan, signal } = start;
  const { container, port } = await createAndStart(client, start);
  const ended = container.wait().then(
    ({ StatusCode }: { StatusCode: number }) => `exit code ${StatusCode}`,
    (error: unknown) => `lost: ${describeError(error)}`,
  );
  const logTail = () => readLogTail(container);
  await untilReady(
    {
      name,
      url: plan.url(port),
      port,
      ended,
      logTail,
      afterStart: () => plan.afterStart?.(port) ?? Promise.resolve(),
      timeoutMs: plan.readyWithinMs,
    },
    signal,
  );
  const watchEnd = async () => {
    const how = await ended;
    if (!signal.aborted) start.onEnd(how, await logTail());
  };
  void watchEnd();
  return plan.url(port);
}

async function createAndStart(
  client: ContainerRuntimeClient,
  { name, plan, image, labels, volume, network }: ContainerStart,
): Promise<{ container: Container; port: number }> {
  const inside = `${plan.port}/tcp`;
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await findFreePorts(1);
    const container = await client.container.create({
      Image: image,
      Env: Object.entries(plan.environment(port)).map(([key, value]) => `${key}=${value}`),
      ...(plan.command ? { Cmd: [...plan.command] } : {}),
      Labels: { ...labels, [serverLabel]: name },
      ExposedPorts: { [inside]: {} },
      HostConfig: {
        PortBindings: { [inside]: [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
        ...(volume && plan.dataFolder
          ? { Mounts: [{ Type: 'volume', Source: volume, Target: plan.dataFolder }] }
          : {}),
        ...(network ? { NetworkMode: network } : {}),
      },
      ...(network ? { NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [name] } } } } : {}),
    });
    try {
      await client.container.start(container);
      return { container, port };
    } catch (cause) {
      // Somebody may have taken the port meanwhile.
      if (attempt === 5 || (await isPortFree(port))) {
        throw new AppError('unavailable', `the container of ${name} does not start`, { cause });
      }
      await container.remove({ force: true, v: true });
    }
  }
}

async function readLogTail(container: Container): Promise<string> {
  try {
    return tailOfText(withoutFrames(await container.logs({ stdout: true, stderr: true, tail: 40 })));
  } catch (error) {
    return `(its log cannot be read: ${describeError(error)})`;
  }
}
