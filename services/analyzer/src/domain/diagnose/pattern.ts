/** Who did what to whom, for the words of a root cause. */
export interface Scene {
  /** The service or services that reported the failure. */
  service: string;
  /** What they depended on, as their messages name it. */
  dependency: string | undefined;
}

/**
 * A known way to fail, as data.
 *
 * The matching must stay linear in the text: plain substrings, or regular expressions without nested quantifiers and
 * with bounded repetition. Both see one line at a time, with A to Z in lower case.
 */
export interface FailurePattern {
  /** What kind of cause, in snake_case: the category of the analysis. */
  category: string;
  /** The cause in a few words, for lists of alternatives: "the connection was refused". */
  words: string;
  /**
   * - `cause` names what is broken
   * - `symptom` says that something else, further down, is broken
   * - `vague` says that something failed and not what: never enough for a verdict
   */
  role: 'cause' | 'symptom' | 'vague';
  /** How rarely the words appear when the cause is another one: 0 (says nothing) to 1 (only ever this). */
  specificity: number;
  /** Who is suspected: the service that reported it, or what it called, where that is a service too. */
  suspects: 'reporter' | 'dependency';
  /** Any one suffices. The first group of an expression, where it has one, is the dependency. */
  says: readonly (string | RegExp)[];
  /** Lines with one of these do not count. */
  unless?: readonly string[];
  /** Numbers and identifiers worth repeating in the root cause; the expression bounds what may be repeated. */
  details?: readonly RegExp[];
  /** The sentence, without full stop. Past tense, so that it fits one service and several. */
  cause: (scene: Scene) => string;
  /** What to check next, most useful first. Constant: nothing that was logged ever gets in here. */
  actions: readonly string[];
  /** New code is the usual reason: the release is looked at first. */
  isReleaseProne?: boolean;
  /** Whether the line itself proves the cause; `seenAtMs` is when it was logged, if known. */
  proves?: (line: string, seenAtMs: number | undefined) => boolean;
}

/** How a dependency is called in a sentence when no message names it. */
export function named(
  dependency: string | undefined,
  otherwise = 'a dependency that no message names',
): string {
  return dependency ?? otherwise;
}
