// Who may import whom. Purity rules are allow-lists: a deny-list lets through what it has not heard of.
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'services-are-islands',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'libs-know-no-service',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|cli|demo|e2e)/' },
    },
    {
      name: 'kernel-is-pure',
      severity: 'error',
      from: { path: '^libs/kernel/src/' },
      to: { pathNot: '^(libs/kernel/src/|node_modules/uuid/)' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/' },
      to: { pathNot: '^(services/[^/]+/src/domain/|libs/(kernel|contracts)/src/|(node:)?crypto$)' },
    },
    {
      name: 'only-main-is-an-entry',
      severity: 'error',
      from: { path: '^(services|libs|cli|demo)/' },
      to: { path: '/src/main\\.ts$' },
    },
    {
      name: 'kafkajs-behind-its-port',
      severity: 'error',
      from: { path: '^(services|cli|demo)/[^/]*/?src/' },
      to: { path: '^node_modules/kafkajs/' },
    },
    {
      name: 'database-behind-its-library',
      severity: 'error',
      from: { path: '^(services/(ingest|analyzer)|cli|demo)/' },
      to: { path: '^node_modules/(pg|@mikro-orm)/' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
