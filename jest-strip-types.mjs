// Jest runs the sources as Node does: types stripped in place, line numbers kept, nothing compiled.
import { stripTypeScriptTypes } from 'node:module';
import { createHash } from 'node:crypto';

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
  getCacheKey: (source, file) =>
    createHash('sha1').update(process.version).update(file).update('\0').update(source).digest('hex'),
};
