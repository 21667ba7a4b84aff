import { access, cp, mkdir, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@prodsentinel/kernel';
import { javaOptions, type PreparedServer, type ServerContext } from '../server.ts';

/** Any fixed id: brokers of different stacks never meet. 16 bytes in base64url. */
export const clusterId = 'UHJvZFNlbnRpbmVsU3RhYw';

/** Apache Kafka, one node in KRaft mode. */
export async function prepareKafka(
  context: ServerContext,
  jars: string,
  options: { readonly config: Readonly<Record<string, string>>; readonly formatted: string },
): Promise<PreparedServer> {
  const { directory } = context;
  const data = join(directory, 'data');
  const settingsFile = join(directory, 'server.properties');
  const logging = join(directory, 'log4j2.properties');
  await writeFile(logging, loggingSettings);
  if (!(await isFormatted(data))) await cp(options.formatted, data, { recursive: true });
  return {
    name: 'kafka',
    portCount: 2,
    program: (ports) => {
      writeFileSync(
        settingsFile,
        toProperties({ ...brokerSettings(ports, data), ...withPorts(options.config, ports) }),
      );
      return {
        name: 'kafka',
        command: context.java,
        args: [
          ...javaOptions(context, 512),
          `-Dlog4j2.configurationFile=${logging}`,
          '-cp',
          join(jars, '*'),
          'kafka.Kafka',
          settingsFile,
        ],
        cwd: directory,
        env: context.env,
        logFile: join(directory, 'kafka.log'),
      };
    },
    url: ([port]) => `127.0.0.1:${port}`,
    signals: { gracefully: 'SIGTERM', atOnce: 'SIGKILL' },
  };
}

/** Formats an empty folder as the storage of a broker; the result does not depend on ports and can be copied. */
export async function formatStorage(
  context: Pick<ServerContext, 'java' | 'run' | 'directory'>,
  jars: string,
  folder: string,
): Promise<void> {
  const settingsFile = join(context.directory, 'format.properties');
  await mkdir(context.directory, { recursive: true });
  await writeFile(settingsFile, toProperties(brokerSettings([1, 2], folder)));
  await context.run({
    name: 'kafka storage format',
    command: context.java,
    args: [
      ...javaOptions({ directory: context.directory, tunedFor: 'starting', jvmOptions: [] }, 128),
      '-cp',
      join(jars, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      settingsFile,
    ],
    cwd: context.directory,
    logFile: join(context.directory, 'format.log'),
  });
}

function brokerSettings(ports: readonly number[], data: string): Record<string, string> {
  const [port, controllerPort] = ports;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': data,
    // A topic that nobody created is a mistake; it must not come to be by a typing error.
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '5',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Tests of crashes wait for sessions to end.
    'group.min.session.timeout.ms': '1000',
    'num.io.threads': '4',
    'num.network.threads': '2',
  };
}

/** Listeners of one's own stand beside ours, whose ports are not known before. */
function withPorts(
  config: Readonly<Record<string, string>>,
  [port, controllerPort]: readonly number[],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      value.replaceAll('<port>', String(port)).replaceAll('<controllerPort>', String(controllerPort)),
    ]),
  );
}

/** A broker's settings file. Backslashes of Windows paths are escapes there. */
function toProperties(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => {
      if (/[\r\n]/.test(key + value)) throw new AppError('configuration', `${key}: a setting is one line`);
      return `${key}=${value.replaceAll('\\', '\\\\')}\n`;
    })
    .join('');
}

function isFormatted(data: string): Promise<boolean> {
  return access(join(data, 'meta.properties')).then(
    () => true,
    () => false,
  );
}

// Without a binding Kafka is mute; with its own levels the log of a long run would fill the disk.
const loggingSettings = `
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
`;
