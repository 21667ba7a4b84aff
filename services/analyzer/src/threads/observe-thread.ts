import { runObserveThread } from './run-observe-thread.ts';

runObserveThread();
