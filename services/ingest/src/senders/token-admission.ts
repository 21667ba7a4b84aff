import { AppError } from '@prodsentinel/kernel';
import { createFindSender } from './find-sender.ts';
import { parseTokenFile, type Sender } from './token-file.ts';

/** Admission by a token file; until `use` was called, nobody may send. */
export class TokenAdmission {
  #findSender: (authorization: string | undefined) => Sender | undefined = () => undefined;

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
    this.#findSender = createFindSender(parseTokenFile(content));
  }
}
