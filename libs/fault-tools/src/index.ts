export {
  createKafkaConversation,
  KafkaFaults,
  startKafkaProxy,
  type KafkaProxy,
  type KafkaRequestName,
} from './kafka-proxy.ts';
export { createKillPoints, killVariable, type KillPoints } from './kill-points.ts';
export { Oracle, type Account } from './oracle.ts';
export {
  startTcpProxy,
  type Conversation,
  type Fault,
  type TcpProxy,
  type TcpProxyOptions,
} from './tcp-proxy.ts';
