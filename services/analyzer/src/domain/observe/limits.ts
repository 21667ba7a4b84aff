/**
 * Every cap of the observe stage, in UTF-16 code units unless the name says bytes. Input is attacker-controlled: what is
 * longer is cut, never refused, and always before anything is done with it.
 */
export const limits = {
  /** Of a message, before secrets are removed: nothing behind it is ever looked at. */
  scannedMessageChars: 16_384,
  /** Of a stack trace, the same. */
  scannedStackChars: 16_384,
  /** Of a message as it is kept and shown. */
  messageChars: 4_096,
  /** Of a stack trace as it is kept and shown. */
  stackChars: 8_192,
  /** The one line that names a failure. */
  headlineChars: 256,
  /** Exceptions of one chain, outermost first; the innermost is always kept. */
  chainLength: 8,
  /** In-app frames that go into a fingerprint, nearest the throw site first. */
  fingerprintFrames: 16,
  /** Parts of a caller's own fingerprint that are shown; the rest is hashed into one. */
  callerParts: 16,
  /** Of one part's value; a longer one is cut for show and hashed whole. */
  partChars: 256,
  /** Of a masked message. */
  templateChars: 1_024,
  /** Text that the masking looks at. */
  maskedChars: 8_192,
  /** Tokens of a masked message. */
  maskedTokens: 100,
  /** A token longer than this is a blob. */
  tokenChars: 128,
  /** Trace and span ids, bytes of UTF-8. */
  idBytes: 128,
  /** Services, environments, releases, exception types. */
  nameChars: 200,
  severityTextChars: 32,
  titleChars: 120,
  /** Entries of a window's signature, the most frequent first. */
  signatureTemplates: 100,
  /** Services and releases named by one window. */
  windowNames: 100,
  suspects: 10,
} as const;
