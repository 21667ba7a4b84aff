export { readSystemTotals, type SystemTotals } from './read-system-totals.ts';
export { replayFiles, type ReplayOptions, type ReplayResult } from './replay/replay-files.ts';
export {
  readPipelineState,
  waitUntilSettled,
  type PipelineState,
  type SettleOptions,
} from './settle/wait-until-settled.ts';
export {
  serviceNames,
  startChildService,
  type ChildExit,
  type ChildService,
  type ServiceName,
} from './system/child-service.ts';
export { startSystem, type StackEnv, type System, type SystemOptions } from './system/start-system.ts';
export { keyOf, toSignal, type LineSource } from './replay/to-signal.ts';
