import { kafkaSettings, setting } from '@prodsentinel/process';

/** What reading dead letters needs. */
export const dlqSettings = {
  ...kafkaSettings,
  PRODSENTINEL_REDRIVE_KEY: setting.secret('Key that redrives are signed with'),
};
