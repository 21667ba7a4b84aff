/** The topics that carry records; each has a dead-letter topic beside it (`deadLetterTopicOf`). */
export const topics = ['failures', 'observations', 'analysis-requests', 'analyses'] as const;
export type Topic = (typeof topics)[number];

const day = 24 * 60 * 60 * 1000;
const mebibyte = 1024 * 1024;

export interface TopicSettings {
  readonly name: string;
  /** When absent, the number given to set-up (default 12, production 48). */
  readonly config: Readonly<Record<string, string>>;
}

/** `T.dlq`: what could not be processed, as it came, with the reason in its headers. */
export function deadLetterTopicOf(topic: Topic): string {
  return `${topic}.dlq`;
}

/**
 * All topics with the configuration that set-up creates and services verify at start (DESIGN section 3). `failures` must
 * be stamped by the broker: its append time is the clock that everything downstream counts by.
 */
export function allTopicSettings(): TopicSettings[] {
  return topics.flatMap((topic) => [
    {
      name: topic,
      config: {
        'retention.ms': String(7 * day),
        'max.message.bytes': String(2 * mebibyte),
        ...(topic === 'failures' ? { 'message.timestamp.type': 'LogAppendTime' } : {}),
      },
    },
    {
      name: deadLetterTopicOf(topic),
      config: { 'retention.ms': String(30 * day), 'max.message.bytes': String(4 * mebibyte) },
    },
  ]);
}
