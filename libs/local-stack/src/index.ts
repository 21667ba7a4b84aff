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
