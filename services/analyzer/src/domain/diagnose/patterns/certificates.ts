import { named, type FailurePattern } from '../pattern.ts';

export const certificatePatterns: readonly FailurePattern[] = [
  {
    category: 'certificate_expired',
    words: 'a certificate expired',
    role: 'cause',
    specificity: 0.95,
    suspects: 'dependency',
    says: [
      'cert_has_expired',
      'certificate has expired',
      'certificate expired',
      'certificateexpiredexception',
      'certificate is expired',
      'notafter:',
      'certificate verify failed: expired',
      'ssl_error_expired_cert_alert',
    ],
    cause: ({ service, dependency }) =>
      `${service} refused to talk to ${named(dependency)}: the TLS certificate it was shown has expired`,
    actions: [
      'Read the certificate’s end date from the outside (openssl s_client -connect HOST:443, then openssl x509 -noout -dates).',
      'Renew it, or ask its owner to, and reload what serves it; check intermediates too.',
      'Find out why the renewal did not run, and watch the remaining days of every certificate.',
      'If the certificate is valid, check the clock and the trust store of the caller.',
    ],
    proves: isPastItsEnd,
  },
  {
    category: 'tls_failure',
    words: 'the TLS handshake failed',
    role: 'cause',
    specificity: 0.75,
    suspects: 'dependency',
    says: [
      'certificate verify failed',
      'unable to verify the first certificate',
      'unable_to_verify_leaf_signature',
      'self signed certificate',
      'self-signed certificate',
      'depth_zero_self_signed_cert',
      'unable to get local issuer certificate',
      'certificate signed by unknown authority',
      'pkix path building failed',
      'sslhandshakeexception',
      'ssl handshake',
      'tls handshake',
      'err_tls_cert_altname_invalid',
      "hostname/ip does not match certificate's altnames",
      'wrong version number',
      'no alternative certificate subject name matches',
      'eproto',
      'x509: certificate',
    ],
    cause: ({ service, dependency }) =>
      `${service} and ${named(dependency)} could not agree on a TLS connection: the certificate or the protocol was not accepted`,
    actions: [
      'Look at the certificate chain as the caller sees it: issuer, host names, intermediates.',
      'Compare with the caller’s trust store, and with what changed last on either side (certificate, proxy, TLS versions).',
      'Check that plain HTTP is not spoken to a TLS port, or the other way round.',
    ],
  },
];

const goWords =
  /current time (\d{4}-\d\d-\d\dt[0-9:.]{5,20}(?:z|[+-]\d\d:\d\d)) is after (\d{4}-\d\d-\d\dt[0-9:.]{5,20}(?:z|[+-]\d\d:\d\d))/;
const endDate =
  /not ?after[ =:]{1,3}(\d{4}-\d\d-\d\dt[0-9:.]{5,20}z|[a-z]{3} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4} gmt)/;

// The end date stands in the line and lies before the failure: that is no guess any more.
function isPastItsEnd(line: string, seenAtMs: number | undefined): boolean {
  const [, now, end] = goWords.exec(line) ?? [];
  if (now !== undefined && end !== undefined)
    return Date.parse(end.toUpperCase()) < Date.parse(now.toUpperCase());
  const [, notAfter] = endDate.exec(line) ?? [];
  return notAfter !== undefined && seenAtMs !== undefined && Date.parse(notAfter.toUpperCase()) < seenAtMs;
}
