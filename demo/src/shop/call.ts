import type { FaultName } from './faults.ts';
import type { Random } from './random.ts';
import type { ShopService } from './services.ts';

/** A call from one service to another, with the calls it makes in turn. */
export interface Call {
  readonly service: ShopService;
  /** Method and path, as logged. */
  readonly operation: string;
  readonly calls: readonly Call[];
}

/** What a customer does: the path of one request through the shop. */
export function planRequest(random: Random, fault: FaultName | undefined): Call {
  const order = random.whole(100_000, 999_999);
  if (fault === undefined && random.isLikely(0.4)) return browse(random);
  return gateway(`POST /orders`, [
    {
      service: 'checkout',
      operation: `POST /orders/${order}/submit`,
      calls: [
        leaf('inventory', `POST /reservations?order=${order}`),
        leaf('pricing', `POST /quotes?order=${order}`),
        leaf('payments', `POST /charges?order=${order}`),
        leaf('shipping', `POST /parcels?order=${order}`),
      ],
    },
  ]);
}

function browse(random: Random): Call {
  const sku = random.whole(10_000, 99_999);
  return gateway(`GET /products/${sku}`, [
    leaf('inventory', `GET /stock/${sku}`),
    leaf('pricing', `GET /prices/${sku}`),
  ]);
}

function gateway(operation: string, calls: readonly Call[]): Call {
  return { service: 'gateway', operation, calls };
}

function leaf(service: ShopService, operation: string): Call {
  return { service, operation, calls: [] };
}
