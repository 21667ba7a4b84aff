import type { SqlSession } from '@prodsentinel/database';

export interface Plan {
  /** What is read and how, from the outside in: `Index Scan traces_pkey`. */
  readonly scans: readonly string[];
  /** Tables that are read from end to end. */
  readonly sequentialTables: readonly string[];
}

/** How PostgreSQL answers all statements that `ask` runs. */
export async function explain(
  session: SqlSession,
  ask: (session: SqlSession) => Promise<unknown>,
): Promise<Plan> {
  const asked: { sql: string; parameters: readonly unknown[] }[] = [];
  await ask({
    query: (sql, parameters = []) => {
      asked.push({ sql, parameters });
      return session.query(sql, parameters);
    },
  });
  if (asked.length === 0) throw new TypeError('nothing was asked');
  const nodes: Node[] = [];
  for (const { sql, parameters } of asked) {
    const [row] = await session.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `explain (format json) ${sql}`,
      parameters,
    );
    if (row) nodes.push(...flatten(row['QUERY PLAN'][0].Plan));
  }
  const scans = nodes.filter((node) => node['Node Type'].includes('Scan'));
  return {
    scans: scans.map((node) => `${node['Node Type']} ${node['Index Name'] ?? node['Relation Name'] ?? ''}`),
    sequentialTables: scans
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .flatMap((node) => node['Relation Name'] ?? []),
  };
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Node[];
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
