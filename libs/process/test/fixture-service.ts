// A service that does nothing, for the tests of how services live and die.
import { setting, commonSettings, readSettings, runService } from '../src/index.ts';

const settings = {
  ...commonSettings,
  HEALTH_PORT: setting.wholeNumber('Port', { min: 0, max: 65_535, fallback: 0 }),
  HANGS: setting.flag('Never stops', false),
  LINGERS: setting.flag('Keeps something open after it has stopped', false),
  FAILS: setting.flag('Fails at once', false),
};

await runService({
  name: 'fixture',
  readConfig: (env) => readSettings(settings, env),
  create: (config, { health }) => ({
    failed: config.FAILS ? Promise.reject(new Error('cannot go on')) : new Promise<never>(() => undefined),
    async start() {
      health.set('work', 'running');
    },
    async stop() {
      if (config.LINGERS) setInterval(() => undefined, 1_000);
      if (config.HANGS) await new Promise(() => setInterval(() => undefined, 1_000));
    },
  }),
});
