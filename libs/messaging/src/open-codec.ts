import { createCodec, type Codec } from './codec.ts';
import type { MessagingLogger } from './kafka-client.ts';
import { openSchemaCache } from './schema-cache.ts';

export interface CodecSettings {
  readonly SCHEMA_REGISTRY_URL: string;
  readonly KAFKA_TOPIC_PREFIX: string;
  /** Empty: nothing is kept. */
  readonly SCHEMA_CACHE_DIR: string;
}

/** The codec that the settings of a service ask for. */
export function openCodec(settings: CodecSettings, logger: MessagingLogger): Codec {
  const { SCHEMA_REGISTRY_URL: registryUrl, SCHEMA_CACHE_DIR: folder } = settings;
  const cache = folder ? openSchemaCache({ folder, registryUrl, logger }) : undefined;
  return createCodec(registryUrl, settings.KAFKA_TOPIC_PREFIX, cache);
}
