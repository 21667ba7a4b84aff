import { setting } from './settings.ts';

/** Settings of every process that consumes: when something of our own is wrong. */
export const consumerSettings = {
  ERRORS_IN_A_ROW_MAX: setting.wholeNumber(
    'Records in a row of one partition that may fail for errors of our own and are set aside; one more halts it',
    { min: 0, max: 1_000_000, fallback: 20 },
  ),
  ERRORS_PERCENT_MAX: setting.wholeNumber(
    'Of the last ERRORS_WINDOW records of one partition so many in a hundred; more halt it',
    { min: 0, max: 100, fallback: 5 },
  ),
  ERRORS_WINDOW: setting.wholeNumber('Records that ERRORS_PERCENT_MAX is a share of', {
    min: 1,
    max: 1_000_000,
    fallback: 1_000,
  }),
  RECORD_CRASHES_MAX: setting.wholeNumber(
    'Times that the process ends while it tries a record alone, after which the record is set aside; needs Redis',
    { min: 2, max: 100, fallback: 3 },
  ),
  UNPACKED_BATCH_BYTES_MAX: setting.wholeNumber(
    'Bytes that one compressed batch of Kafka may unpack to; a larger one is set aside whole, `batch_too_large`',
    { min: 1_048_576, max: 1_073_741_824, fallback: 67_108_864 },
  ),
};

/** What a consumer takes of them. */
export function toConsumerLimits(
  settings: Readonly<
    Record<
      'ERRORS_IN_A_ROW_MAX' | 'ERRORS_PERCENT_MAX' | 'ERRORS_WINDOW' | 'UNPACKED_BATCH_BYTES_MAX',
      number
    >
  >,
) {
  return {
    maxUnexpectedInARow: settings.ERRORS_IN_A_ROW_MAX,
    maxUnexpectedPercent: settings.ERRORS_PERCENT_MAX,
    unexpectedWindow: settings.ERRORS_WINDOW,
    maxUnpackedBytes: settings.UNPACKED_BATCH_BYTES_MAX,
  };
}
