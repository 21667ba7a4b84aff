import type { FailurePattern } from '../pattern.ts';
import { accessPatterns } from './access.ts';
import { certificatePatterns } from './certificates.ts';
import { configurationPatterns } from './configuration.ts';
import { connectionPoolPatterns } from './connection-pool.ts';
import { connectionPatterns } from './connection-refused.ts';
import { diskPatterns } from './disk.ts';
import { dnsPatterns } from './dns.ts';
import { invalidStatePatterns } from './invalid-state.ts';
import { lockPatterns } from './locks.ts';
import { memoryPatterns } from './memory.ts';
import { messagingPatterns } from './messaging.ts';
import { missingDataPatterns } from './missing-data.ts';
import { nullDereferencePatterns } from './null-dereference.ts';
import { openFilesPatterns } from './open-files.ts';
import { programErrorPatterns } from './program-error.ts';
import { rateLimitPatterns } from './rate-limit.ts';
import { serialisationPatterns } from './serialisation.ts';
import { serviceDiscoveryPatterns } from './service-discovery.ts';
import { timeOutPatterns } from './time-out.ts';
import { upstreamPatterns } from './upstream.ts';
import { vaguePatterns } from './vague.ts';

/** Every known way to fail, the most specific first: where two are found in one signal, the earlier one explains it. */
export const failurePatterns: readonly FailurePattern[] = [
  ...certificatePatterns,
  ...memoryPatterns,
  ...diskPatterns,
  ...openFilesPatterns,
  ...serviceDiscoveryPatterns,
  ...connectionPoolPatterns,
  ...lockPatterns,
  ...serialisationPatterns,
  ...messagingPatterns,
  ...connectionPatterns,
  ...dnsPatterns,
  ...rateLimitPatterns,
  ...nullDereferencePatterns,
  ...configurationPatterns,
  ...accessPatterns,
  ...timeOutPatterns,
  ...programErrorPatterns,
  ...upstreamPatterns,
  ...invalidStatePatterns,
  ...missingDataPatterns,
  ...vaguePatterns,
].toSorted((a, b) => b.specificity - a.specificity);

/** What to do next when no pattern explains the failures. */
export const actionsWhenUnknown: readonly string[] = [
  'Open one failing trace of the suspected service and read what happened before the first failure.',
  'Compare with what changed around the first failure: releases, settings, data, traffic.',
  'Look at the health of what the suspected service depends on: latency, errors, saturation.',
  'If the cause is found, log it where it occurs, so that the next incident names it.',
];

/** Comes first when new code is the usual reason and all evidence is of one release. */
export const compareReleases =
  'Compare this release with the one before it: if the failures began with its deployment, roll it back.';
