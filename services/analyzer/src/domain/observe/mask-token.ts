import { isDigitCode, isHexCode, isLetterCode } from './character-classes.ts';
import { isProtectedToken, lengthOfLeadingWords, type TokenContext } from './protected-tokens.ts';
import { isServiceShaped } from './service-names.ts';

/**
 * A token that holds a digit, masked: as it is when it is protected or a service, else `<*>`; of host names, file names and
 * kebab-case names the labels and leading words without a digit stay (`redis-<*>.cache.local`).
 */
export function maskToken(token: string, knownServices: ReadonlySet<string>, context: TokenContext): string {
  if (knownServices.has(token)) return token;
  const beginsWithDigit = isDigitCode(token.charCodeAt(0));
  if ((!beginsWithDigit && isServiceShaped(token)) || isProtectedToken(token, context)) return token;
  if (beginsWithDigit && isNumeric(token)) return portOf(token);
  const colon = token.lastIndexOf(':');
  if (colon > 0) {
    const head = token.slice(0, colon);
    const masked = hasDigit(head) ? maskToken(head, knownServices, noContext) : head;
    return masked === placeholder ? placeholder : `${masked}:${portOrPlaceholder(token, colon)}`;
  }
  return token.indexOf('.') > 0 ? maskLabels(token, knownServices) : maskLabel(token, knownServices);
}

const placeholder = '<*>';

function maskLabels(token: string, knownServices: ReadonlySet<string>): string {
  const masked = token.split('.').map((label) => (hasDigit(label) ? maskLabel(label, knownServices) : label));
  if (
    !masked.some(
      (label) => label.length >= 2 && label !== placeholder && !label.includes('<*>') && !isHexOnly(label),
    )
  ) {
    return masked.find((label) => label.length > 5 && label !== placeholder) ?? placeholder;
  }
  return masked.filter((label, i) => label !== placeholder || masked[i - 1] !== placeholder).join('.');
}

function maskLabel(label: string, knownServices: ReadonlySet<string>): string {
  if (knownServices.has(label) || isServiceShaped(label)) return label;
  const service = lengthOfService(label, knownServices);
  if (service > 0) return `${label.slice(0, service)}-${placeholder}`;
  const words = lengthOfLeadingWords(label);
  return words > 0 ? label.slice(0, words) + placeholder : placeholder;
}

/** Length of the service that a pod's or an instance's name starts with: `ts-travel2-service-7c9b5d6f4-x2z1p`. */
function lengthOfService(label: string, knownServices: ReadonlySet<string>): number {
  for (let dash = label.lastIndexOf('-'), looked = 0; dash > 0 && looked < 4; looked++) {
    const name = label.slice(0, dash);
    if (knownServices.has(name) || isServiceShaped(name)) return dash;
    dash = label.lastIndexOf('-', dash - 1);
  }
  return 0;
}

function portOf(token: string): string {
  const colon = token.lastIndexOf(':');
  if (colon <= 0 || !token.includes('.') || token.indexOf(':') !== colon) return placeholder;
  const port = portOrPlaceholder(token, colon);
  return port === placeholder ? placeholder : `${placeholder}:${port}`;
}

/** An address keeps its port where the port says which dependency it is: nothing that varies listens there. */
function portOrPlaceholder(token: string, colon: number): string {
  const port = token.slice(colon + 1);
  return dependencyPorts.has(port) ? port : placeholder;
}

const noContext: TokenContext = { previous: '', beforePrevious: '', next: '' };

/** PostgreSQL, MySQL, SQL Server, Oracle, MongoDB, Redis, Kafka, ZooKeeper, RabbitMQ, Elasticsearch, Cassandra, memcached, Consul, DNS, LDAP, SMTP. */
const dependencyPorts = new Set(
  '5432 3306 1433 1521 27017 6379 9092 2181 5672 9200 9042 11211 8500 53 389 25 587'.split(' '),
);

/** Digits, hexadecimal letters and punctuation only. */
function isNumeric(token: string): boolean {
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i);
    if (isLetterCode(code) && !isHexCode(code)) return false;
  }
  return true;
}

function isHexOnly(label: string): boolean {
  for (let i = 0; i < label.length; i++) if (!isHexCode(label.charCodeAt(i))) return false;
  return label.length >= 4;
}

function hasDigit(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isDigitCode(text.charCodeAt(i))) return true;
  return false;
}
