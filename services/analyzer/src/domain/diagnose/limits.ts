/**
 * What one diagnosis may read and write. Evidence arrives capped by observe (a few dozen KiB), so none of these is met
 * in practice: they keep the cost of a hostile or foreign request bounded. Characters are UTF-16 code units.
 */
export const limits = {
  /** Signals read, in the request's order (the most telling come first). */
  evidenceRead: 64,
  /** Characters of all signals together that are read for patterns: bounds time at some hundred milliseconds. */
  charactersRead: 128 * 1024,
  /** Characters of a message; what tells stands at its beginning. */
  messageCharacters: 8 * 1024,
  /** Characters of a stack, half from each end: Java and Python name the deepest cause last. */
  stackCharacters: 16 * 1024,
  /** Lines of one signal that can say something (frames do not). */
  linesPerSignal: 60,
  /** Characters of one line. */
  lineCharacters: 2_000,
  /** Templates, suspects and known services looked at. */
  templates: 200,
  suspects: 20,
  services: 100,
  releases: 100,
  /** Claims kept of an answer, and what each may hold. */
  claims: 20,
  claimCharacters: 1_000,
  evidenceIdsPerClaim: 10,
  quotesPerClaim: 10,
  quoteCharacters: 300,
  /** Signals that the rules cite for one cause: more of the same proves no more. */
  citedSignals: 5,
  rootCauseCharacters: 1_000,
  rejectedAlternatives: 5,
  timelineEntries: 16,
  /** A name taken from a text or a producer, where it stands in one of our sentences. */
  nameCharacters: 100,
  /** A piece of log text where it stands in one of our sentences. */
  excerptCharacters: 200,
} as const;
