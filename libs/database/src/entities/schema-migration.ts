import { defineEntity, p } from '@mikro-orm/core';

/** A migration that this database went through. */
export const SchemaMigration = defineEntity({
  name: 'SchemaMigration',
  tableName: 'schema_migrations',
  properties: {
    name: p.text().primary(),
    sha256: p.text(),
    /** The oldest build that can live with the schema after it. */
    oldestBuild: p.integer(),
    /** The build that applied it. */
    build: p.integer(),
    appliedAt: p.datetime(),
  },
});
