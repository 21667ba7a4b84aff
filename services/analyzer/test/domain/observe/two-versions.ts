import { toFingerprint, toPart, type FingerprintVersion } from '../../../src/domain/observe/fingerprint.ts';
import { firstVersion } from '../../../src/domain/observe/fingerprint-v1.ts';

/** Another algorithm than the one in use: by the service and the first word of the message alone. */
const secondVersion: FingerprintVersion = {
  version: 'v2',
  mask: (message) => message.split(' ', 1)[0]!,
  fingerprintOf: ({ service, template }) =>
    toFingerprint([toPart('service', service, ''), toPart('message', template, '')], 'v2'),
};

/** A build before the upgrade, the one that brings it, and the one after. */
export const before = { current: firstVersion };
export const upgraded = { current: secondVersion, previous: firstVersion };
export const after = { current: secondVersion };
