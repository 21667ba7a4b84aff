import { AppError } from '@prodsentinel/kernel';
import { createFindSender } from './find-sender.ts';
import type { SenderRates } from './sender-rates.ts';
import { parseTokenFile, type Sender } from './token-file.ts';

/** Admission by a token file; until `use` was called, nobody may send. */
export class TokenAdmission {
  readonly #rates: SenderRates | undefined;
  #findSender: (authorization: string | undefined) => Sender | undefined = () => undefined;

  /** @param rates undefined: a file that names a rate is not taken */
  constructor(rates: SenderRates | undefined) {
    this.#rates = rates;
  }

  async take(sender: Sender): Promise<number | undefined> {
    return this.#rates?.take(sender);
  }

  findSender(authorization: string | undefined): Sender | undefined {
    return this.#findSender(authorization);
  }

  /**
   * Takes the content of a token file into use.
   *
   * @throws AppError `configuration` when it is not as it must be; then what was in use stays in use
   */
  use([content]: readonly string[]): void {
    if (content === undefined) throw new AppError('bug', 'there is no token file');
    const entries = parseTokenFile(content);
    if (entries.some(({ requestsPerSecond }) => requestsPerSecond !== undefined)) {
      if (!this.#rates) {
        throw new AppError('configuration', 'the token file names requestsPerSecond, which needs REDIS_URL');
      }
      this.#rates.connect();
    }
    this.#findSender = createFindSender(entries);
  }
}
