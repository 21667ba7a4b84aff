export { cacheFolder, fillCache, type Artifact } from './cache-folder.ts';
export { findFreePorts, isPortFree, portRange } from './free-ports.ts';
export { findOnPath } from './prerequisites.ts';
export { containerImages } from './containers/container-images.ts';
export { startStack } from './start-stack.ts';
export {
  serverNames,
  stackVariables,
  type ServerHandle,
  type ServerName,
  type Stack,
  type StackData,
  type StackEnvironment,
  type StackOptions,
  type StackSource,
} from './stack.ts';
