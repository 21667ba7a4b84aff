import { createServer } from 'node:net';

const documentedPort = 8080;

/** The port that the README's examples name, while nobody has it; any free one (`0`) else, and for an unattended run. */
export async function preferredIngestPort(isUnattended: boolean): Promise<string> {
  return !isUnattended && (await isFree(documentedPort)) ? String(documentedPort) : '0';
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
