import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { findFreePorts } from '@prodsentinel/local-stack';
import { startCollector } from '../../services/ingest/test/collector/start-collector.ts';
import { buildCollector, type Installed } from '../../services/ingest/test/foreign-clients.ts';
import { runNodeProgram } from '../../services/ingest/test/opentelemetry-programs.ts';
import { expectOneIncident } from './two-failures-one-incident.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

jest.setTimeout(180_000);

const isFull = process.env['PRODSENTINEL_TEST_FULL'] === '1';
const collector: Installed = isFull ? await buildCollector() : { missing: 'npm run test:full' };
const name =
  'an OpenTelemetry Collector passes on what it has taken, also what it took while ingest was away';
let whole: WholeSystem;

beforeAll(async () => {
  // The same address again after a restart.
  const [port] = await findFreePorts(1);
  whole = await startWholeSystem({ INGEST_PORT: String(port) });
});
afterAll(() => whole?.stop());

if ('missing' in collector) test.skip(`${name} (${collector.missing})`, () => {});
else
  test(name, async () => {
    const [ingest] = whole.system.services.ingest;
    const started = await startCollector(collector.path, { ingestUrl: ingest!.addresses['ingest']! });
    const failure = { exceptionType: 'RangeError', frame: 'at chargeCard' };
    try {
      await runNodeProgram({ endpoint: started.url, service: 'collected-shop' });
      await expectOneIncident(whole, { service: 'collected-shop', ...failure });

      await ingest!.kill();
      await runNodeProgram({ endpoint: started.url, service: 'patient-shop' });
      await started.untilLogged('Exporting failed. Will retry');
      const again = await whole.system.startService('ingest');
      expect(again.addresses).toMatchObject({ ingest: ingest!.addresses['ingest'] });
      await expectOneIncident(whole, { service: 'patient-shop', ...failure });
    } finally {
      await started.stop();
    }
  });
