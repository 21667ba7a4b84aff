// Asks the process of this container whether it is ready; exit code 0 only when it is.
const url = `http://127.0.0.1:${process.env['HEALTH_PORT']}/health/ready`;
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  process.stdout.write(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${String(error)}`);
  process.exitCode = 1;
}
