import type { FingerprintVersion } from './fingerprint.ts';
import { firstVersion } from './fingerprint-v1.ts';

/** The versions of the algorithm that observations tell. */
export interface FingerprintVersions {
  readonly current: FingerprintVersion;
  /** While incidents are still known by it alone. */
  readonly previous?: FingerprintVersion;
}

/**
 * How another algorithm comes in: it gets a file and a `FingerprintVersion` of its own and becomes `current`; the one until
 * now becomes `previous` and stays as it is for one release, with everything it calls that the new one does otherwise
 * (masking, say, is copied before it is changed; stacks that are read otherwise are added to `FingerprintInput`).
 * Observations then carry both fingerprints, and each failure of a known problem leads its new fingerprint to the incident
 * of the old one. With the release after that `previous` and its files are removed: a problem that was silent for the whole
 * release opens a new incident.
 */
export const fingerprintVersions: FingerprintVersions = { current: firstVersion };
