export { startFakeModel, type FakeModel, type SeenRequest } from './fake-model.ts';
export { correctAnswer, type Behaviour, type Data } from './behaviours.ts';
export { findLeaks, planted, plantedLine } from './planted.ts';
